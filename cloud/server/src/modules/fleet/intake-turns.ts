import type { Clock } from '@jidoka/base'
import { busyRetryMs } from './busy.ts'

/** The most: an edge may have the wrong time for its turn for so long, and a cloud that is idle again waits for nobody longer than that. */
const busyRetryMsMax = 60_000
/** Before any was measured, and the bounds of what is believed: one slow batch must not send a fleet away for hours. */
const paceMs = { first: 50, max: 1_000 } as const
/** Of the latest pause in the pace: about ten batches are looked at. */
const paceWeight = 0.1

/**
 * When whoever is sent away may come again: one after the other, at the pace at which their work gets done. Told the same second all of them, a fleet
 * comes back at once, is sent away again but for a few, and takes as much of the program as those that are let in.
 */
export class Turns {
  readonly #clock: Clock
  #paceMs: number = paceMs.first
  #doneAtMs: number | null = null
  #lastTurnMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A piece of work is done. @param isMoreWaiting whether the next was there: only then the pause between two says how fast they go */
  done(isMoreWaiting: boolean): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#doneAtMs !== null)
      this.#paceMs += paceWeight * (Math.min(nowMs - this.#doneAtMs, paceMs.max) - this.#paceMs)
    this.#doneAtMs = isMoreWaiting ? nowMs : null
  }

  /** Gives out the next turn. Returns the milliseconds until it comes. */
  next(): number {
    const nowMs = this.#clock.monotonicMs()
    const behindMs = this.#lastTurnMs + this.#paceMs
    this.#lastTurnMs = Math.min(Math.max(nowMs + busyRetryMs, behindMs), nowMs + busyRetryMsMax)
    return Math.ceil(this.#lastTurnMs - nowMs)
  }
}
