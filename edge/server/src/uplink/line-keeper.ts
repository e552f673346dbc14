import type { Service } from '@jidoka/base'
import type { CloudLink } from './cloud-link.ts'

/** Holds the line to the cloud, and begins it anew from the journal where what it builds upon has changed. */
export class LineKeeper implements Service {
  readonly name = 'cloud link'
  readonly #newLink: () => CloudLink
  #link: CloudLink
  #isEnding = false
  /** Restarts come one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(newLink: () => CloudLink) {
    this.#newLink = newLink
    this.#link = newLink()
  }

  get link(): CloudLink {
    return this.#link
  }

  start(): Promise<void> {
    return this.#link.start()
  }

  stop(): Promise<void> {
    this.#isEnding = true
    return this.#link.stop()
  }

  /** Stops the line, does what nothing may be on the line for, and begins anew, also when that failed. */
  restart(between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const restarted = this.#restartAfter(this.#turn, between)
    this.#turn = restarted.catch(() => {})
    return restarted
  }

  async #restartAfter(turn: Promise<void>, between: () => Promise<void>): Promise<void> {
    await turn
    await this.#link.stop()
    if (this.#isEnding) return
    try {
      await between()
    } finally {
      this.#link = this.#newLink()
      if (!this.#isEnding) await this.#link.start()
    }
  }
}
