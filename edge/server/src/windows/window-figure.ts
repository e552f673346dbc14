import { violations } from './chart-tests.ts'
import { windowBankLimits } from './limits.ts'
import type { OrderedReadings } from './ordered-readings.ts'
import type { Series } from './series.ts'
import type { Decay, Figure, WindowSpec } from './window-spec.ts'

const dayMs = 86_400_000

/** A window's figure as it stands, shared by all rules that ask for it. */
export class WindowFigure {
  readonly series: Series
  readonly spec: WindowSpec
  value = 0
  /** Of the newest reading in the window; NaN where there is none. */
  newestMs = Number.NaN
  isUncertain = false
  problem: 'missing' | 'incomplete' | null = 'missing'
  #version = -1

  constructor(series: Series, spec: WindowSpec) {
    this.series = series
    this.spec = spec
  }

  /** Brings the figure up to date with its series. `last_age` is left to the reader, who knows the time. */
  update(): void {
    const { series, spec } = this
    if (this.#version === series.version) return
    this.#version = series.version
    const { from, to, isIncomplete } = stretchOf(series, spec)
    const count = to - from
    this.newestMs = count > 0 ? (series.readings.times[series.readings.nodeAt(to - 1)] as number) : Number.NaN
    this.problem = isIncomplete ? 'incomplete' : count < spec.countMin ? 'missing' : null
    if (this.problem !== null) return
    const sum = series.readings.stretch(from, to)
    this.isUncertain = (series.readings.marked[sum] as number) > 0
    this.value = valueOf(spec.figure, series.readings, sum, from, to)
    // A slope of readings of one instant, or a sum beyond what a number holds.
    if (!Number.isFinite(this.value)) this.problem = 'missing'
  }
}

interface Stretch {
  readonly from: number
  readonly to: number
  /** Readings of it had to be let go of. */
  readonly isIncomplete: boolean
}

/** The ranks of a window's readings. */
function stretchOf(series: Series, { span, latenessMs }: WindowSpec): Stretch {
  const { readings, newestMs, lostUntilMs } = series
  const { size } = readings
  if (span.by === 'time') {
    if (span.isTumbling) {
      const endMs = Math.floor((newestMs - latenessMs) / span.ms) * span.ms
      const startMs = endMs - span.ms
      return {
        from: readings.countBefore(startMs),
        to: readings.countBefore(endMs),
        isIncomplete: lostUntilMs >= startMs && size > 0,
      }
    }
    const afterMs = newestMs - span.ms
    return { from: readings.countUntil(afterMs), to: size, isIncomplete: lostUntilMs > afterMs }
  }
  if (span.isTumbling) return closedBlock(series, span.count)
  const afterMs = newestMs - windowBankLimits.countSpanMs
  const from = Math.max(size - span.count, readings.countUntil(afterMs))
  return { from, to: size, isIncomplete: size - from < span.count && lostUntilMs > afterMs }
}

/** The last block of `count` readings, counted from midnight on, that no late reading can shift any more. */
function closedBlock(series: Series, count: number): Stretch {
  const { readings } = series
  const finalMs = series.newestMs - series.latenessMs
  const none = { from: 0, to: 0, isIncomplete: false }
  if (!Number.isFinite(finalMs)) return none
  const todayMs = Math.floor(finalMs / dayMs) * dayMs
  let end = readings.countUntil(finalMs)
  for (const dayStartMs of [todayMs, todayMs - dayMs]) {
    const first = readings.countBefore(dayStartMs)
    const gone = series.goneOfDay(dayStartMs)
    const blocks = Math.floor((end - first + gone) / count)
    if (blocks > 0) {
      const to = first - gone + blocks * count
      return to < count ? { ...none, isIncomplete: true } : { from: to - count, to, isIncomplete: false }
    }
    end = first
  }
  return none
}

function valueOf(figure: Figure, readings: OrderedReadings, sum: number, from: number, to: number): number {
  const { counts, times, values, moments, extremes, trend, sums } = readings
  const of = (column: Float64Array | undefined) => column?.[sum] ?? Number.NaN
  switch (figure.of) {
    case 'count':
      return to - from
    case 'mean':
      return (of(sums?.sums) + of(sums?.corrections)) / (to - from)
    case 'stddev':
      return Math.sqrt(of(moments?.squares) / ((counts[sum] as number) - 1))
    case 'min':
      return of(extremes?.least)
    case 'max':
      return of(extremes?.most)
    case 'range':
      return of(extremes?.most) - of(extremes?.least)
    case 'sum':
      return of(sums?.sums) + of(sums?.corrections)
    case 'slope':
      return (of(trend?.products) / of(trend?.timeSquares)) * 1_000
    case 'first':
      return values[readings.nodeAt(from)] as number
    case 'last':
      return values[readings.nodeAt(to - 1)] as number
    case 'rate': {
      const [first, last] = [readings.nodeAt(from), readings.nodeAt(to - 1)]
      const [firstMs, lastMs] = [times[first] as number, times[last] as number]
      return (((values[last] as number) - (values[first] as number)) / (lastMs - firstMs)) * 1_000
    }
    case 'ewma':
      return weightedMean(readings, from, to, figure.decay)
    case 'chart':
      return violations(figure.tests, distances(readings, from, to, figure.centre, figure.sigma))
    // An age, which the reader works out.
    default:
      return 0
  }
}

/** From the centre in sigmas, the newest reading's first. */
function distances(readings: OrderedReadings, from: number, to: number, centre: number, sigma: number): number[] {
  const found: number[] = []
  readings.backwards(from, to, (node) => {
    found.push(((readings.values[node] as number) - centre) / sigma)
    return true
  })
  return found
}

/** Below it a weight no longer moves a mean of double precision. */
const weightMin = 2 ** -60

function weightedMean(readings: OrderedReadings, from: number, to: number, decay: Decay): number {
  const { times, values } = readings
  const newest = readings.nodeAt(to - 1)
  const newestMs = times[newest] as number
  // Distances from the newest value, so that a large offset costs no digits.
  const origin = values[newest] as number
  let weight = 1
  let weights = 0
  let sum = 0
  readings.backwards(from, to, (node) => {
    if (decay.by === 'time') weight = 2 ** (((times[node] as number) - newestMs) / decay.halfLifeMs)
    if (weight < weightMin) return false
    weights += weight
    sum += weight * ((values[node] as number) - origin)
    if (decay.by === 'reading') weight *= decay.factor
    return true
  })
  return origin + sum / weights
}
