import { judgeLimits } from '../judge/limits.ts'

export interface ReceivedClockState {
  /** At the last commit of readings. */
  readonly lastMs: number
  /** The highest since it was last set back. */
  readonly highestMs: number
}

/**
 * The appliance's wall clock as its commits of readings show it. Behind a leap back it is another clock: what came before has no
 * age by it, and no place among what comes. By less than `clockSetBackMsMax` it is put right, as NTP does, and goes on.
 *
 * What it says follows from the journal alone, in order of sequence, and from no moment at which somebody looks: whoever judges
 * anew finds the same (I3).
 */
export class ReceivedClock implements ReceivedClockState {
  lastMs = -Infinity
  highestMs = -Infinity

  /** Nothing has come, and nothing was taken over. */
  get isUnknown(): boolean {
    return this.lastMs === -Infinity
  }

  /** True when it was set back. */
  goTo(receivedMs: number): boolean {
    this.lastMs = receivedMs
    const isSetBack = receivedMs < this.highestMs - judgeLimits.clockSetBackMsMax
    if (isSetBack || receivedMs > this.highestMs) this.highestMs = receivedMs
    return isSetBack
  }

  takeOver({ lastMs, highestMs }: ReceivedClockState): void {
    this.lastMs = lastMs
    this.highestMs = highestMs
  }
}
