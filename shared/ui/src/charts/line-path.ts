/**
 * The path of a line through points. A gap wider than `gapMs` is left open: a straight line over an hour of silence would claim
 * readings that nobody made.
 */
export function linePath(
  times: readonly number[],
  values: readonly number[],
  x: (time: number) => number,
  y: (value: number) => number,
  gapMs = Number.POSITIVE_INFINITY,
): string {
  let path = ''
  let before: number | null = null
  for (const [index, time] of times.entries()) {
    const value = values[index]
    if (value === undefined || !Number.isFinite(value)) {
      before = null
      continue
    }
    const joined = before !== null && time - before <= gapMs
    path += `${joined ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`
    before = time
  }
  return path
}

/** Ten times the usual distance of points, at least a minute: what is further apart is a gap. */
export function gapOf(times: readonly number[]): number {
  if (times.length < 3) return Number.POSITIVE_INFINITY
  const distances = times.slice(1).map((time, index) => time - (times[index] ?? time))
  distances.sort((one, other) => one - other)
  return Math.max(60_000, 10 * (distances[Math.floor(distances.length / 2)] ?? 0))
}

/** The index of the time nearest to `wanted`; -1 for none. Times are ascending. */
export function nearestIndex(times: readonly number[], wanted: number): number {
  let low = 0
  let high = times.length - 1
  if (high < 0) return -1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) <= wanted) low = middle
    else high = middle
  }
  return Math.abs((times[high] ?? 0) - wanted) < Math.abs((times[low] ?? 0) - wanted) ? high : low
}
