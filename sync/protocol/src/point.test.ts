import { expect, test } from 'vitest'
import { decodeBatch } from './batch-decode.ts'
import { encodeDropBatch, encodeReadingsBatch, encodeRecordsBatch } from './batch-encode.ts'
import { generateEdgeKey } from './keys.ts'
import { advancePoint, advanceReadings, heldReadings, heldRecords, judgeReceipt, laneStart } from './point.ts'
import { signReceipt } from './receipt.ts'
import { decodeSegment, SegmentBuilder } from './segment/index.ts'

const edgeId = '0193a1b2-0000-7000-8000-000000000001'
const epoch = '0193a1b2-0000-7000-8000-0000000000e1'
const sender = { edge_id: edgeId, epoch }

function segment(firstSeq: number, count: number): Uint8Array {
  const builder = new SegmentBuilder()
  for (let seq = firstSeq; seq < firstSeq + count; seq++)
    builder.push((seq % 3) + 1, 1_790_000_000_000 + seq, seq / 10, 'good')
  return builder.encode(firstSeq, 1_790_000_000_000)
}
const readings = (...segments: Uint8Array[]) => decodeBatch(encodeReadingsBatch(sender, segments))
const line = (seq: number) =>
  JSON.stringify({ seq, at_ms: 1, kind: 'audit', body: { actor: 'kim', action: 'x', subject: 'y', detail: {} } })

test('batches cut in any way, with overlaps and repeats, lead to the same point', () => {
  const whole = advancePoint(laneStart, readings(segment(1, 30)))
  expect(whole).toMatchObject({ seq: 30, count: 30 })
  const inParts = [
    readings(segment(1, 10)),
    readings(segment(1, 10)),
    readings(segment(6, 15)),
    readings(segment(1, 30)),
  ]
  expect(inParts.reduce(advancePoint, laneStart)).toEqual(whole)
  const records = (from: number, to: number) =>
    decodeBatch(
      encodeRecordsBatch(
        { ...sender, from_seq: from },
        Array.from({ length: to - from + 1 }, (_, index) => line(from + index)),
      ),
    )
  expect([records(1, 4), records(3, 6)].reduce(advancePoint, laneStart)).toEqual(advancePoint(laneStart, records(1, 6)))
})

test('a dropped range moves the number and neither count nor digest, and leaves its mark all the same', () => {
  const drop = decodeBatch(encodeDropBatch(sender, { lane: 'readings', fromSeq: 1, toSeq: 10, reason: 'space' }))
  expect(advancePoint(laneStart, drop)).toEqual({ ...laneStart, seq: 10 })
  const point = advancePoint(advancePoint(laneStart, drop), readings(segment(11, 5)))
  expect(point).toMatchObject({ seq: 15, count: 5 })
  expect(point.digest).not.toBe(advancePoint(laneStart, readings(segment(1, 5))).digest)
  expect(advancePoint(point, drop)).toEqual(point)
})

test('an edge knows its own point only where it holds every row', () => {
  const segments = [decodeSegment(segment(1, 10)), decodeSegment(segment(11, 10))]
  expect(heldReadings(laneStart, 20, segments)).toEqual(advanceReadings(laneStart, segments))
  expect(heldReadings(laneStart, 10, segments)).toEqual(advanceReadings(laneStart, segments.slice(0, 1)))
  expect(heldReadings(laneStart, 15, segments)).toEqual(
    advanceReadings(laneStart, [decodeSegment(segment(1, 10)), decodeSegment(segment(11, 5))]),
  )
  expect(heldReadings(laneStart, 15, segments.slice(1))).toBeNull()
  expect(heldReadings(laneStart, 20, segments.slice(1))).toBeNull()
  expect(heldReadings(laneStart, 30, segments)).toBeNull()
  expect(heldRecords(laneStart, 2, [line(1), line(2), line(3)])).toMatchObject({ seq: 2, count: 2 })
  expect(heldRecords(laneStart, 4, [line(1), line(2), line(3)])).toBeNull()
})

test('a receipt is verified, unverifiable, diverged or forged', () => {
  const key = generateEdgeKey()
  const held = advanceReadings(laneStart, [decodeSegment(segment(1, 10))])
  const receipt = signReceipt(
    { edgeId, epoch, lane: 'readings', point: held, receivedAtMs: 0 },
    { keyId: 'k1', privateKey: key.privateKey },
  )
  const expected = {
    edgeId,
    epoch,
    lane: 'readings' as const,
    trustList: [{ key_id: 'k1', public_key: key.publicKey }],
    held,
  }
  expect(judgeReceipt(receipt, expected)).toBe('verified')
  expect(judgeReceipt(receipt, { ...expected, held: null })).toBe('unverifiable')
  expect(judgeReceipt(receipt, { ...expected, held: { ...held, digest: 'f'.repeat(16) } })).toBe('diverged')
  expect(judgeReceipt(receipt, { ...expected, trustList: [] })).toBe('forged')
  expect(judgeReceipt({ ...receipt, count_total: 9 }, expected)).toBe('forged')
  expect(judgeReceipt(receipt, { ...expected, lane: 'records' })).toBe('forged')
  expect(judgeReceipt(receipt, { ...expected, edgeId: epoch })).toBe('forged')
  expect(judgeReceipt(receipt, { ...expected, epoch: edgeId })).toBe('forged')
})
