import type { WantedWindow } from './demand.ts'
import { windowBankLimits } from './limits.ts'
import type { SummaryKind } from './ordered-readings.ts'
import type { SeriesNeed } from './series.ts'
import type { OwnedSeries, TagWindows } from './tag-windows.ts'
import { lookBackMs, reachOf, summaryKinds } from './window-spec.ts'

/** The windows of a tag that are taken from one series. */
export interface WantedSeries {
  readonly latenessMs: number
  readonly windows: readonly WantedWindow[]
  readonly need: SeriesNeed
  /** How far back in the journal its readings lie at most. */
  readonly backMs: number
}

/** One series for each lateness. */
export function seriesOf(wanted: readonly WantedWindow[]): WantedSeries[] {
  const byLateness = new Map<number, WantedWindow[]>()
  for (const one of wanted) {
    const { latenessMs } = one.spec
    const known = byLateness.get(latenessMs)
    if (known === undefined) byLateness.set(latenessMs, [one])
    else known.push(one)
  }
  return [...byLateness].map(([latenessMs, windows]) => ({
    latenessMs,
    windows,
    need: needOf(windows),
    // The lateness: a reading that is repeated is known by the first of it.
    backMs:
      Math.max(...windows.map(({ spec, maxAgeMs }) => lookBackMs(spec) + maxAgeMs)) +
      latenessMs +
      windowBankLimits.staleKnownMs,
  }))
}

/** As wide as it will be when all rules have come of which some have: were it cut to what is wanted so far, the next of them would fill it anew. */
export function widened(series: WantedSeries, later: Pick<WantedSeries, 'need' | 'backMs'>): WantedSeries {
  const need = {
    kinds: new Set([...series.need.kinds, ...later.need.kinds]),
    spanMs: Math.max(series.need.spanMs, later.need.spanMs),
    count: Math.max(series.need.count, later.need.count),
  }
  return { ...series, need, backMs: Math.max(series.backMs, later.backMs) }
}

/** The series that there is, if it holds what is wanted. */
export function knownSeries(
  windows: TagWindows | undefined,
  { latenessMs, need, backMs }: WantedSeries,
): OwnedSeries | undefined {
  const known = windows?.series.find((owned) => owned.series.latenessMs === latenessMs)
  return known !== undefined && known.lookBackMs >= backMs && covers(known.series.need, need) ? known : undefined
}

function needOf(wanted: readonly WantedWindow[]): SeriesNeed {
  const kinds = new Set<SummaryKind>()
  let [spanMs, count] = [0, 0]
  for (const { spec } of wanted) {
    const kind = summaryKinds[spec.figure.of]
    if (kind !== null) kinds.add(kind)
    const reach = reachOf(spec)
    spanMs = Math.max(spanMs, reach.spanMs)
    count = Math.max(count, reach.count)
  }
  return { kinds, spanMs, count }
}

export function covers(held: SeriesNeed, need: SeriesNeed): boolean {
  return held.spanMs >= need.spanMs && held.count >= need.count && [...need.kinds].every((kind) => held.kinds.has(kind))
}
