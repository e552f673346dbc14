import type { Clock, Log } from '@jidoka/base'
import type { DeadLetter } from './ports.ts'

/** A client in a loop sends thousands a second: more lines than one a minute would bury the others. */
const tellEveryMs = 60_000

/** What was acknowledged and could not be used, for who has no board: the first at once, then one line a minute. */
export class DeadLetterWarnings {
  readonly #clock: Clock
  readonly #log: Log
  #count = 0
  #newest: DeadLetter | null = null
  /** Set while a line would come too soon. */
  #cancel: (() => void) | null = null

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  note(letters: readonly DeadLetter[]): void {
    const newest = letters.at(-1)
    if (newest === undefined) return
    this.#count += letters.length
    this.#newest = newest
    if (this.#cancel === null) this.#tell()
  }

  /** What waits for its minute is told. */
  stop(): void {
    this.#cancel?.()
    this.#tell()
    this.#cancel?.()
    this.#cancel = null
  }

  #tell(): void {
    this.#cancel = null
    if (this.#newest === null) return
    const { topic, reason, detail } = this.#newest
    this.#log.warn(
      { action: 'dead_letter', count: this.#count, topic, reason },
      `${this.#count} ${this.#count === 1 ? 'message was' : 'messages were'} acknowledged and could not be used; the newest, on ${topic}: ${detail}`,
    )
    this.#count = 0
    this.#newest = null
    this.#cancel = this.#clock.after(tellEveryMs, () => this.#tell())
  }
}
