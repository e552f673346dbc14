import {
  advancePoint,
  advanceReadings,
  batchLimits,
  decodeBatch,
  decodeSegment,
  laneStart,
  readSegmentHeader,
} from '@jidoka/sync-protocol'
import type { LanePoint } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreFixture } from '../merging/testing/store-fixture.ts'
import { buildBatch, pointAt } from './batch-builder.ts'

const sender = { edge_id: '0193a1b2-0000-7000-8000-000000000001', epoch: '0193a1b2-0000-7000-8000-0000000000e1' }
const startMs = Date.UTC(2026, 10, 1)

/** So that a segment has the size of a real one: what repeats or goes in steps packs to nothing. */
function noise(index: number): number {
  const mixed = Math.imul(index ^ (index >>> 7), 0x45d9f3b)
  return ((Math.imul(mixed ^ (mixed >>> 13), 0x2c1b3c6d) >>> 8) % 10_000) / 10
}

let store: StoreFixture
beforeEach(() => {
  store = new StoreFixture()
  for (let commit = 0; commit < 40; commit++) {
    store.commit(
      Array.from({ length: 4_000 }, (_, index) => ({
        tagNo: (index % 20) + 1,
        timeMs: startMs + commit * 1_000 + index,
        value: noise(commit * 4_000 + index),
        quality: 'good' as const,
      })),
      startMs + commit * 1_000 + 5_000,
    )
  }
})
afterEach(() => store.close())

/** The appliance's own point, from the commits before anything was merged. */
const ownPoint = (upToSeq: number): LanePoint =>
  advanceReadings(
    laneStart,
    store.reader.segments(1, Infinity).map(({ body }) => decodeSegment(body)),
    upToSeq,
  )

/** Sends everything behind a point to a cloud that stands there. */
function drain(
  after: LanePoint,
  bytesMax = 256 * 1024,
): { readonly cloud: LanePoint; readonly batches: number; readonly largest: number } {
  let [edge, cloud, batches, largest] = [after, after, 0, 0]
  while (edge.seq < store.nextSeq - 1) {
    const question = {
      sender,
      lane: 'readings' as const,
      after: edge,
      lastSeq: store.nextSeq - 1,
      bytesMax,
    }
    const built = buildBatch(store.reader, question)
    if (built.kind !== 'rows') throw new Error(`readings from ${built.fromSeq} on are gone`)
    expect(built.fromSeq).toBeLessThanOrEqual(edge.seq + 1)
    largest = Math.max(largest, built.body.length)
    cloud = advancePoint(cloud, decodeBatch(built.body))
    expect(cloud).toEqual(built.point)
    edge = built.point
    batches++
  }
  return { cloud, batches, largest }
}

describe('batches of readings', () => {
  test('I2: a cloud that stands anywhere, also inside merged segments, arrives at the same digest', () => {
    const points = [0, 3_999, 4_000, 70_001].map((seq) => (seq === 0 ? laneStart : ownPoint(seq)))
    const whole = ownPoint(160_000)
    for (const days of [0, 40]) {
      for (const point of points) {
        expect(drain(point).cloud).toEqual(whole)
        expect(pointAt(store.reader, 'readings', laneStart, point.seq)).toEqual(point)
      }
      store.settle({ nowMs: startMs + days * 86_400_000 })
    }
    expect(store.levels()).toEqual({ 3: 1 })
    for (const point of points) expect(drain(point).cloud).toEqual(whole)
  })

  test('hold no segment that is larger than the line takes', () => {
    store.settle({ nowMs: startMs + 40 * 86_400_000 })
    const pieces = store.reader.segments(70_001, Infinity)
    expect(pieces[0]?.firstSeq).toBe(65_537)
    for (const { firstSeq, count, body } of pieces) {
      expect(count).toBeLessThanOrEqual(65_536)
      expect(readSegmentHeader(body)).toMatchObject({ firstSeq, count })
    }
    expect(pieces.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(batchLimits.readingsMax)
  })

  test('I2: shrink for a slow line, also where commits have become one large segment', () => {
    const whole = ownPoint(160_000)
    store.settle({ nowMs: startMs + 40 * 86_400_000 })
    const { cloud, batches, largest } = drain(laneStart, 16 * 1024)
    expect(cloud).toEqual(whole)
    expect(batches).toBeGreaterThan(10)
    expect(largest).toBeLessThan(24 * 1024)
  })

  test('I2: what is gone is told with the reason that was recorded for it', () => {
    store.database.prepare('delete from reading_segments where first_seq < 12001').run()
    const addGap = store.database.prepare(
      "insert into gaps (lane, from_seq, to_seq, count, reason, at_ms) values ('readings', ?, ?, ?, ?, 0)",
    )
    addGap.run(1, 4_000, 4_000, 'pruned')
    addGap.run(4_001, 8_000, 4_000, 'space')
    const ask = (seq: number) =>
      buildBatch(store.reader, {
        sender,
        lane: 'readings',
        after: { ...laneStart, seq },
        lastSeq: 160_000,
        bytesMax: 256 * 1024,
      })
    expect(ask(0)).toMatchObject({ kind: 'gone', fromSeq: 1, toSeq: 4_000, reason: 'pruned' })
    expect(ask(4_000)).toMatchObject({ kind: 'gone', fromSeq: 4_001, toSeq: 8_000, reason: 'space' })
    expect(ask(8_000)).toMatchObject({ kind: 'gone', fromSeq: 8_001, toSeq: 12_000, reason: 'damaged' })
    expect(ask(12_000)).toMatchObject({ kind: 'rows', fromSeq: 12_001 })
  })
})
