import type { TagLimits } from '@jidoka/domain'

export interface Range {
  readonly least: number
  readonly greatest: number
}

/** The least and greatest of finite numbers; null for none. A loop, because a day has more points than a call takes arguments. */
export function rangeOf(values: Iterable<number>): Range | null {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  return least <= greatest && Number.isFinite(least) && Number.isFinite(greatest) ? { least, greatest } : null
}

/** With room above and below; a single value gets a range around it. */
function padded(range: Range, share: number): Range {
  const span = range.greatest - range.least
  const room = span > 0 ? span * share : Math.max(Math.abs(range.greatest) * share, 1e-9)
  return { least: range.least - room, greatest: range.greatest + room }
}

/** From a value to a coordinate; a range without extent is its own middle. */
export function linear(from: Range, toLeast: number, toGreatest: number): (value: number) => number {
  const span = from.greatest - from.least
  if (span === 0) return () => (toLeast + toGreatest) / 2
  return (value) => toLeast + ((value - from.least) / span) * (toGreatest - toLeast)
}

/** Where a value stands among its limits. A bound itself is still inside. */
export function placeAmongLimits(value: number, limits: TagLimits): 'inside' | 'outside' | 'danger' {
  if (value > (limits.high_high ?? Number.POSITIVE_INFINITY) || value < (limits.low_low ?? Number.NEGATIVE_INFINITY))
    return 'danger'
  if (value > (limits.high ?? Number.POSITIVE_INFINITY) || value < (limits.low ?? Number.NEGATIVE_INFINITY))
    return 'outside'
  return 'inside'
}

export function limitValues(limits: TagLimits): number[] {
  return [limits.low_low, limits.low, limits.high, limits.high_high].filter((limit) => limit !== undefined)
}

/**
 * What a bar of limits spans: all limits, with room beyond them. Upper limits alone (a vibration has no least) reach
 * down to 0, lower ones alone as far up again, so that the band is about as wide as the room that the value has.
 */
export function barRange(limits: TagLimits, bounds: Range): Range {
  const above = limits.low === undefined && limits.low_low === undefined
  const below = limits.high === undefined && limits.high_high === undefined
  const wide = above
    ? { ...bounds, least: Math.min(0, bounds.least) }
    : below
      ? { ...bounds, greatest: bounds.greatest + Math.abs(bounds.greatest) }
      : bounds
  const room = padded(wide, 0.25)
  return above && wide.least === 0 ? { ...room, least: 0 } : room
}

/**
 * What a chart shows: all values, and the normal limits, so that the distance to them is seen. Outer limits only when a value has
 * left the inner ones: far-off bounds would press the line flat.
 */
export function chartRange(values: Iterable<number>, limits: TagLimits): Range | null {
  const seen = rangeOf(values)
  const inner = [limits.low, limits.high].filter((limit) => limit !== undefined)
  const all = rangeOf([...(seen ? [seen.least, seen.greatest] : []), ...inner])
  if (all === null) return null
  const outer: number[] = []
  if (limits.high_high !== undefined && all.greatest > (limits.high ?? limits.high_high)) outer.push(limits.high_high)
  if (limits.low_low !== undefined && all.least < (limits.low ?? limits.low_low)) outer.push(limits.low_low)
  return padded(rangeOf([all.least, all.greatest, ...outer]) ?? all, 0.06)
}

/** Round steps of 1, 2 or 5 within the range, about `count` of them. */
export function niceTicks(range: Range, count: number): number[] {
  const span = range.greatest - range.least
  if (!(span > 0) || !Number.isFinite(span)) return [range.least]
  const rough = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const ticks: number[] = []
  for (let tick = Math.ceil(range.least / step) * step; tick <= range.greatest + step * 1e-9; tick += step) {
    // 0.1 + 0.2 must not be labelled 0.30000000000000004.
    ticks.push(Number(tick.toPrecision(12)))
  }
  return ticks
}

/** Digits behind the point that tell neighbouring ticks apart. */
export function tickDecimals(ticks: readonly number[]): number {
  const [first, second] = ticks
  if (first === undefined || second === undefined) return 1
  return Math.min(6, Math.max(0, -Math.floor(Math.log10(second - first) + 1e-9)))
}
