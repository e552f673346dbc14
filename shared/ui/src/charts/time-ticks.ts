const minute = 60_000
const hour = 60 * minute
/** Steps that divide a day, so that midnight is always on a tick. */
const steps = [
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  4 * hour,
  6 * hour,
  12 * hour,
  24 * hour,
]

/** Milliseconds that the zone is ahead of UTC at an instant. */
export function zoneOffsetMs(atMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(atMs)
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((each) => each.type === type)?.value ?? 0)
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return local - Math.floor(atMs / 1_000) * 1_000
}

/** Round instants of the site's day (full hours there, not in UTC: some zones are half an hour off), at most `countMax` of them. */
export function timeTicks(fromMs: number, toMs: number, countMax: number, timeZone: string): number[] {
  if (!(toMs > fromMs)) return []
  const step =
    steps.find((each) => (toMs - fromMs) / each <= Math.max(1, countMax)) ??
    Math.ceil((toMs - fromMs) / (24 * hour) / Math.max(1, countMax)) * 24 * hour
  const offset = zoneOffsetMs(fromMs, timeZone)
  const ticks: number[] = []
  for (let tick = Math.ceil((fromMs + offset) / step) * step - offset; tick <= toMs; tick += step) ticks.push(tick)
  return ticks
}
