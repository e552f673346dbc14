import { describeError } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import type { BrokerChange, Pipeline } from '../ports.ts'
import { StoreProblemError } from '../store/errors.ts'
import type { BrokerLimits } from './limits.ts'

/** Changes of one commit; more would hold up the readings beside them. */
const changesOfCommitMax = 2_000
/** What a change takes beside its packet or its filters. */
const changeBytes = 200

interface Gathered {
  change: BrokerChange
  bytes: number
  readonly position: number
}

/**
 * Writes what the broker's memory holds through to the journal. Changes are numbered as they are noted and committed in
 * that order, one batch at a time while the next gathers; whoever must not speak before a change is on disk waits for its
 * number. A batch that the store could not take is sent again when the store works: nothing is lost and nothing overtakes.
 *
 * Meanwhile it gathers. Of what says the same row anew (a session, a will, a retained topic) the last word takes the place
 * of the one before, so that what gathers is no longer than what there is; and who is not connected yet waits outside.
 */
export class BrokerJournal {
  readonly #pipeline: Pick<Pipeline, 'changeBroker'>
  readonly #log: Log
  readonly #limits: Pick<BrokerLimits, 'journalBytesMax'>
  readonly #onCommitted: () => void
  #gathered: Gathered[] = []
  #gatheredBytes = 0
  /** The last of what is gathered for a row. */
  readonly #byRow = new Map<string, Gathered>()
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
    readonly limits: Pick<BrokerLimits, 'journalBytesMax'>
    /** After every commit, before those who wait. */
    readonly onCommitted: () => void
  }) {
    this.#pipeline = options.pipeline
    this.#log = options.log
    this.#limits = options.limits
    this.#onCommitted = options.onCommitted
  }

  /** The number of the last change. */
  get position(): number {
    return this.#noted
  }

  get isIdle(): boolean {
    return this.#noted === this.#committed
  }

  /** False while the store fails or too much waits for it: who comes now and has something to write is to come later. */
  get hasRoom(): boolean {
    return !this.#isHeld && this.#gatheredBytes < this.#limits.journalBytesMax
  }

  /** How many changes wait for their flight. */
  get gatheredCount(): number {
    return this.#gathered.length
  }

  /** Whether what the store has of a client's session or will may not be the last word. */
  concerns(clientId: string): boolean {
    return this.#isInAir || this.#byRow.has(`session ${clientId}`) || this.#byRow.has(`will ${clientId}`)
  }

  note(change: BrokerChange): void {
    this.#noted++
    this.#gather(change)
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

  #gather(change: BrokerChange): void {
    const bytes = bytesOf(change)
    const row = rowOf(change)
    const last = row === null ? undefined : this.#byRow.get(row)
    if (last !== undefined && replaces(change, last.change)) {
      // It may be written earlier than what was noted between the two, which nobody was told of yet.
      this.#gatheredBytes += bytes - last.bytes
      last.change = change
      last.bytes = bytes
      return
    }
    const gathered = { change, bytes, position: this.#noted }
    this.#gathered.push(gathered)
    this.#gatheredBytes += bytes
    if (row !== null) this.#byRow.set(row, gathered)
  }

  #takeOff(): void {
    this.#takeOffIsDue = false
    if (this.#isInAir || this.#isHeld || this.#gathered.length === 0) return
    const flight = this.#gathered.splice(0, changesOfCommitMax)
    for (const each of flight) {
      this.#gatheredBytes -= each.bytes
      const row = rowOf(each.change)
      if (row !== null && this.#byRow.get(row) === each) this.#byRow.delete(row)
    }
    // Whatever was noted before the first that stays behind is in this flight or an earlier one.
    const upTo = (this.#gathered[0]?.position ?? this.#noted + 1) - 1
    this.#isInAir = true
    this.#pipeline.changeBroker(flight.map(({ change }) => change)).then(
      () => this.#landed(upTo),
      (error: unknown) => this.#failed(flight, error),
    )
  }

  #landed(upTo: number): void {
    this.#isInAir = false
    this.#committed = upTo
    // The next batch first: the journal works while this thread tells everybody.
    this.#takeOff()
    this.#onCommitted()
    let index = 0
    while (index < this.#waiting.length && (this.#waiting[index] as { position: number }).position <= this.#committed)
      index++
    for (const { done } of this.#waiting.splice(0, index)) done()
  }

  #failed(flight: readonly Gathered[], error: unknown): void {
    this.#isInAir = false
    this.#isHeld = true
    this.#gathered = [...flight, ...this.#gathered]
    for (const each of flight) {
      this.#gatheredBytes += each.bytes
      const row = rowOf(each.change)
      if (row === null) continue
      const last = this.#byRow.get(row)
      // A later one of the same row that was gathered meanwhile stays the last.
      if (last === undefined || last.position < each.position) this.#byRow.set(row, each)
    }
    // Any other error is the journal's end: nobody is answered any more, and the process is on its way out.
    if (!(error instanceof StoreProblemError))
      this.#log.warn(
        { action: 'mqtt', problem: describeError(error) },
        'what the broker keeps is not written any more: the journal has stopped',
      )
  }
}

/** What a change says anew as a whole; null where each change counts for itself. */
function rowOf(change: BrokerChange): string | null {
  switch (change.kind) {
    case 'session':
      return `session ${change.session.clientId}`
    case 'session_gone':
      return `session ${change.clientId}`
    case 'will':
      return `will ${change.will.clientId}`
    case 'will_gone':
      return `will ${change.clientId}`
    case 'retain':
      return `retain ${change.topic}`
    default:
      return null
  }
}

/**
 * A session's end takes its messages with it, those too that were noted since an earlier end: it counts for itself. A new
 * session begins without messages, and so does not stand for the end before it.
 */
const replaces = (change: BrokerChange, last: BrokerChange): boolean =>
  change.kind !== 'session_gone' && (change.kind !== 'session' || last.kind === 'session')

function bytesOf(change: BrokerChange): number {
  switch (change.kind) {
    case 'session':
      return change.session.subscriptions.reduce((sum, { topic }) => sum + topic.length, changeBytes)
    case 'enqueue':
      return changeBytes + change.message.packet.length
    case 'retain':
      return changeBytes + (change.packet?.length ?? 0)
    case 'will':
      return changeBytes + change.will.packet.length
    default:
      return changeBytes
  }
}
