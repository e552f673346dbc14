import { windowBankLimits } from './limits.ts'
import { OrderedReadings } from './ordered-readings.ts'
import type { SummaryKind } from './ordered-readings.ts'

const dayMs = 86_400_000

/** What all series hold together. */
export interface Budget {
  readings: number
  readonly readingsMax: number
}

export interface SeriesNeed {
  readonly kinds: ReadonlySet<SummaryKind>
  /** Readings younger than the newest by less than this are held, */
  readonly spanMs: number
  /** and so many of those that no late reading can come before any more. */
  readonly count: number
}

/** What became of a reading: it is in, came too late, was in already, or there is no room. */
export type Noted = 'taken' | 'late' | 'repeated' | 'no_room'

/**
 * The recent readings of one tag in the order of their source time, at one lateness.
 *
 * The instant that counts is the source's, or that of the arrival where the source's clock runs ahead: a clock that was set
 * forward then cannot hide later readings, and one that was set back makes its readings late, so that windows grow too old
 * and rules say UNJUDGED. When the appliance's own clock was set back, whoever holds the series clears it: see `WindowBank`.
 */
export class Series {
  readonly readings: OrderedReadings
  readonly latenessMs: number
  need: SeriesNeed
  /** Raised with every change, so that figures are computed once for all rules. */
  version = 0
  newestMs = -Infinity
  /** When the last reading that entered came, by the appliance's clock. */
  receivedMs = -Infinity
  /** The newest instant of which readings had to be let go for want of room. */
  lostUntilMs = -Infinity
  #budget: Budget
  #tidyAtSize = 64
  /** The day that the newest reading let go of lies in, and how many of that day went. */
  #dayOfOldest = -Infinity
  #goneOfThatDay = 0

  constructor(latenessMs: number, need: SeriesNeed, budget: Budget) {
    this.latenessMs = latenessMs
    this.need = need
    this.#budget = budget
    this.readings = new OrderedReadings(need.kinds)
  }

  note(timeMs: number, receivedMs: number, value: number, isUncertain: boolean): Noted {
    const { readings } = this
    const instantMs = timeMs < receivedMs ? timeMs : receivedMs
    if (instantMs < this.newestMs - this.latenessMs) return 'late'
    if (instantMs <= this.newestMs && timeMs <= receivedMs && this.#isRepeated(instantMs, value)) return 'repeated'
    if (!this.#makeRoom(instantMs)) return 'no_room'
    readings.insert(instantMs, value, isUncertain)
    this.#budget.readings++
    if (instantMs > this.newestMs) this.newestMs = instantMs
    this.receivedMs = receivedMs
    this.version++
    return 'taken'
  }

  /** Counts among those of another budget from now on. */
  moveTo(budget: Budget): void {
    this.#budget.readings -= this.readings.size
    budget.readings += this.readings.size
    this.#budget = budget
  }

  /** Readings of the day that begins at this instant that were let go of. */
  goneOfDay(dayStartMs: number): number {
    return this.#dayOfOldest === dayStartMs ? this.#goneOfThatDay : 0
  }

  clear(): void {
    this.#budget.readings -= this.readings.size
    this.readings.clear()
    this.newestMs = -Infinity
    this.receivedMs = -Infinity
    this.lostUntilMs = -Infinity
    this.#dayOfOldest = -Infinity
    this.#goneOfThatDay = 0
    this.#tidyAtSize = 64
    this.version++
  }

  #isRepeated(instantMs: number, value: number): boolean {
    const { readings } = this
    const count = readings.countUntil(instantMs)
    for (let back = 1; back <= windowBankLimits.sameInstantMax && back <= count; back++) {
      const node = readings.nodeAt(count - back)
      if (readings.times[node] !== instantMs) return false
      if (readings.values[node] === value) return true
    }
    return false
  }

  /** False: there is none for this reading. */
  #makeRoom(instantMs: number): boolean {
    const { readings } = this
    const budget = this.#budget
    const isFull = () => readings.size >= windowBankLimits.readingsPerSeriesMax || budget.readings >= budget.readingsMax
    if (readings.size >= this.#tidyAtSize || isFull()) {
      this.#letGo(this.#countNotNeeded())
      this.#tidyAtSize = Math.max(64, readings.size + (readings.size >> 2))
    }
    if (isFull()) {
      const count = Math.min(readings.size, (readings.size >> 4) + 1)
      if (count > 0) this.lostUntilMs = readings.times[readings.nodeAt(count - 1)] as number
      this.#letGo(count)
      if (budget.readings >= budget.readingsMax) this.lostUntilMs = Math.max(this.lostUntilMs, instantMs)
    }
    // A late reading from before what was let go would make a window look whole that is not.
    return instantMs > this.lostUntilMs
  }

  #countNotNeeded(): number {
    const { readings, need } = this
    const final = readings.countUntil(this.newestMs - this.latenessMs)
    return Math.max(0, Math.min(readings.countBefore(this.newestMs - need.spanMs), final - need.count))
  }

  #letGo(count: number): void {
    if (count <= 0) return
    const { readings } = this
    const lastMs = readings.times[readings.nodeAt(count - 1)] as number
    const day = Math.floor(lastMs / dayMs) * dayMs
    const ofThatDay = count - readings.countBefore(day)
    this.#goneOfThatDay = day === this.#dayOfOldest ? this.#goneOfThatDay + ofThatDay : ofThatDay
    this.#dayOfOldest = day
    readings.dropOldest(count)
    this.#budget.readings -= count
  }
}
