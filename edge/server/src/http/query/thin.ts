export interface Points {
  readonly timesMs: ArrayLike<number>
  readonly values: ArrayLike<number>
}

/**
 * Thins points to about `pointsMax` for a chart: of each stretch of equal length in time the least, the greatest and the
 * last are kept, in their order, so that no spike of one reading disappears.
 */
export function thin(
  { timesMs, values }: Points,
  fromMs: number,
  toMs: number,
  pointsMax: number,
): { readonly times_ms: number[]; readonly values: number[] } {
  const count = timesMs.length
  const thinned: { times_ms: number[]; values: number[] } = { times_ms: [], values: [] }
  const keep = (index: number): void => {
    thinned.times_ms.push(timesMs[index] ?? 0)
    thinned.values.push(values[index] ?? 0)
  }
  if (count <= pointsMax) {
    for (let index = 0; index < count; index++) keep(index)
    return thinned
  }
  const stretches = Math.max(1, Math.floor(pointsMax / 3))
  const stretchMs = Math.max(1, (toMs - fromMs) / stretches)
  const stretchOf = (index: number): number =>
    Math.min(stretches - 1, Math.floor(((timesMs[index] ?? 0) - fromMs) / stretchMs))
  for (let start = 0; start < count;) {
    const stretch = stretchOf(start)
    let [end, least, greatest] = [start, start, start]
    for (; end < count && stretchOf(end) === stretch; end++) {
      if ((values[end] ?? 0) < (values[least] ?? 0)) least = end
      if ((values[end] ?? 0) > (values[greatest] ?? 0)) greatest = end
    }
    for (const index of [...new Set([least, greatest, end - 1])].sort((left, right) => left - right)) keep(index)
    start = end
  }
  return thinned
}
