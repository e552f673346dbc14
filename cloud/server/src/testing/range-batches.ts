import type { Value } from '@jidoka/domain'
import { encodeReadingsBatch, laneRangesSchema, rangesPath, SegmentBuilder, syncPaths } from '@jidoka/sync-protocol'
import type { LaneRange, LaneRanges } from '@jidoka/sync-protocol'
import type { Answer, TestEdge, World } from './world.ts'

// Readings in numbers, and the questions of the convergence check.

export interface One {
  readonly tagNo: number
  readonly timeMs: number
  readonly value: Value
}

export const atMs = Date.UTC(2026, 10, 21, 9)

/** Values, times and texts at the edges of what there is. */
export const odd: readonly One[] = [
  { tagNo: 1, timeMs: atMs, value: 0.1 },
  { tagNo: 1, timeMs: atMs + 1_000, value: -0 },
  { tagNo: 1, timeMs: atMs + 500, value: 1 / 3 },
  { tagNo: 2, timeMs: atMs, value: true },
  { tagNo: 3, timeMs: atMs, value: 'nul \u0000 "quoted", 한국어' },
  { tagNo: 4, timeMs: -5_000_000_000_000, value: 5e-324 },
  { tagNo: 4, timeMs: 400_000_000_000_000, value: 1.7976931348623157e308 },
  { tagNo: 5, timeMs: atMs, value: 12_345_678.25 },
]

/** Waves of 20 tags. @param first where in the waves they begin */
export const many = (count: number, first = 0): One[] =>
  Array.from({ length: count }, (_, index) => ({
    tagNo: 1 + ((first + index) % 20),
    timeMs: atMs + Math.floor((first + index) / 20) * 1_000 + ((first + index) % 3),
    value: Math.round(Math.sin((first + index) / 300) * 10_000) / 100,
  }))

/** Readings of as many tags as there are readings: each is a row of its own. */
export const spread = (count: number): One[] =>
  Array.from({ length: count }, (_, index) => ({ tagNo: 1 + index, timeMs: atMs, value: 1 }))

/** Readings as one batch of an edge with one segment for each thousand. */
export function batchOf(edge: TestEdge, readings: readonly One[], fromSeq: number): Uint8Array<ArrayBuffer> {
  const builder = new SegmentBuilder()
  const segments: Uint8Array[] = []
  for (let at = 0; at < readings.length; at += 1_000) {
    builder.reset()
    for (const { tagNo, timeMs, value } of readings.slice(at, at + 1_000))
      builder.push(tagNo, timeMs, value, tagNo === 5 ? 'uncertain' : 'good')
    segments.push(builder.encode(fromSeq + at, atMs))
  }
  return encodeReadingsBatch(edge.sender, segments)
}

export async function rangesOf(
  edge: TestEdge,
  lane: 'readings' | 'records' = 'readings',
  from = 0,
): Promise<LaneRanges> {
  return laneRangesSchema.parse((await edge.signed('GET', rangesPath(edge.epoch, lane, from))).body)
}

export async function firstRange(edge: TestEdge): Promise<LaneRange> {
  const [range] = (await rangesOf(edge)).ranges
  if (range === undefined) throw new Error('the edge has no range')
  return range
}

export const repair = (edge: TestEdge, batch: Uint8Array): Promise<Answer> =>
  edge.signed('POST', syncPaths.repairs, batch)

export const queryOf =
  ({ store }: World) =>
  async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await store.backend.pool.query<Row>(text, values)).rows
