import { describeError } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import type { BrokerChange, Pipeline } from '../ports.ts'
import { StoreProblemError } from '../store/errors.ts'

/** Changes of one commit; more would hold up the readings beside them. */
const changesOfCommitMax = 2_000

/**
 * Writes what the broker's memory holds through to the journal. Changes are numbered as they are noted and committed in
 * that order, one batch at a time while the next gathers; whoever must not speak before a change is on disk waits for its
 * number. A batch that the store could not take is sent again when the store works: nothing is lost and nothing overtakes.
 */
export class BrokerJournal {
  readonly #pipeline: Pick<Pipeline, 'changeBroker'>
  readonly #log: Log
  readonly #onCommitted: () => void
  #gathered: BrokerChange[] = []
  #isInAir = false
  /** The store failed; `release` goes on. */
  #isHeld = false
  #takeOffIsDue = false
  #noted = 0
  #committed = 0
  #waiting: { readonly position: number; readonly done: () => void }[] = []

  constructor(options: {
    readonly pipeline: Pick<Pipeline, 'changeBroker'>
    readonly log: Log
    /** After every commit, before those who wait. */
    readonly onCommitted: () => void
  }) {
    this.#pipeline = options.pipeline
    this.#log = options.log
    this.#onCommitted = options.onCommitted
  }

  /** The number of the last change. */
  get position(): number {
    return this.#noted
  }

  get isIdle(): boolean {
    return this.#noted === this.#committed
  }

  note(change: BrokerChange): void {
    this.#gathered.push(change)
    this.#noted++
    if (this.#takeOffIsDue || this.#isInAir || this.#isHeld) return
    this.#takeOffIsDue = true
    // All packets of one read of a socket are handled in one turn: their changes are one commit.
    queueMicrotask(() => this.#takeOff())
  }

  isCommitted(position: number): boolean {
    return position <= this.#committed
  }

  /** Calls `done` when every change up to a number is on disk: at once when it is already. */
  after(position: number, done: () => void): void {
    if (position <= this.#committed) done()
    else this.#waiting.push({ position, done })
  }

  /** The same for all that is noted by now. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.after(this.#noted, resolve))
  }

  /** The store works again. */
  release(): void {
    this.#isHeld = false
    this.#takeOff()
  }

  #takeOff(): void {
    this.#takeOffIsDue = false
    if (this.#isInAir || this.#isHeld || this.#gathered.length === 0) return
    const changes = this.#gathered.splice(0, changesOfCommitMax)
    this.#isInAir = true
    this.#pipeline.changeBroker(changes).then(
      () => this.#landed(changes.length),
      (error: unknown) => this.#failed(changes, error),
    )
  }

  #landed(count: number): void {
    this.#isInAir = false
    this.#committed += count
    // The next batch first: the journal works while this thread tells everybody.
    this.#takeOff()
    this.#onCommitted()
    let index = 0
    while (index < this.#waiting.length && (this.#waiting[index] as { position: number }).position <= this.#committed)
      index++
    for (const { done } of this.#waiting.splice(0, index)) done()
  }

  #failed(changes: readonly BrokerChange[], error: unknown): void {
    this.#isInAir = false
    this.#isHeld = true
    this.#gathered = [...changes, ...this.#gathered]
    // Any other error is the journal's end: nobody is answered any more, and the process is on its way out.
    if (!(error instanceof StoreProblemError))
      this.#log.warn(
        { action: 'mqtt', problem: describeError(error) },
        'what the broker keeps is not written any more: the journal has stopped',
      )
  }
}
