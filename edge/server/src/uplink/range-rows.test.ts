import { decodeBatch, SegmentBuilder } from '@jidoka/sync-protocol'
import { expect, test } from 'vitest'
import { repairBatch } from './range-rows.ts'

const sender = { edge_id: '0198f0d2-0000-7000-8000-00000000000e', epoch: '0198f0d2-0000-7000-8000-00000000000f' }

const segmentOf = (firstSeq: number, count: number) => {
  const builder = new SegmentBuilder()
  for (let seq = firstSeq; seq < firstSeq + count; seq++) builder.push(1, 1_000 + seq, seq, 'good')
  const body = builder.encode(firstSeq, 0)
  return { firstSeq, count, body, rawBytes: body.length }
}
/** Numbers 11 to 20 were dropped before they were sent. */
const segments = [segmentOf(1, 10), segmentOf(21, 15)]
const reader = {
  segments: (fromSeq: number) => segments.filter(({ firstSeq, count }) => firstSeq + count > fromSeq),
  recordLines: () => [],
  poisonFrom: () => null,
}

test('a range with dropped rows inside goes as one batch of the rows that are left, closed up', () => {
  const bytes = repairBatch(reader, { sender, fromSeq: 1, toSeq: 30, count: 20 })
  const batch = decodeBatch(bytes ?? new Uint8Array())
  expect(batch.header).toMatchObject({ from_seq: 1, to_seq: 20, count: 20 })
  if (batch.kind !== 'readings') throw new Error('not a batch of readings')
  const values = batch.segments.flatMap((segment) => [...segment.readings()].map(({ value }) => value))
  expect(values).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
})

test('a range of which the cloud has receipted more rows than are held is not sent', () => {
  expect(repairBatch(reader, { sender, fromSeq: 1, toSeq: 30, count: 30 })).toBeNull()
  expect(repairBatch(reader, { sender, fromSeq: 1, toSeq: 40, count: 35 })).toBeNull()
})
