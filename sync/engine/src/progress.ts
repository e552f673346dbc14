import { uplinkLimits } from './limits.ts'
import type { LaneUplink } from './uplink-types.ts'

type Progress = LaneUplink['progress']

/** Adds where a lane stands to what is known of its last minute, whenever its confirmed number moves. */
export function noteProgress(before: Progress, fromSeq: number, toSeq: number, nowMs: number): Progress {
  const recent = before.filter(({ atMs }) => atMs > nowMs - uplinkLimits.progressMs)
  const last = recent.at(-1)
  if (last === undefined) return [{ atMs: nowMs, seq: fromSeq }]
  return nowMs - last.atMs < uplinkLimits.progressEveryMs ? recent : [...recent, { atMs: nowMs, seq: toSeq }]
}

/** Rows a second over the last minute of a drain; null while it is not known. */
export function drainRate(
  { progress, confirmed }: Pick<LaneUplink, 'progress' | 'confirmed'>,
  nowMs: number,
): number | null {
  const oldest = progress.find(({ atMs }) => atMs > nowMs - uplinkLimits.progressMs)
  if (oldest === undefined || nowMs - oldest.atMs < uplinkLimits.progressEveryMs) return null
  return ((confirmed.seq - oldest.seq) / (nowMs - oldest.atMs)) * 1_000
}
