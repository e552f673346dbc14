import { protocolVersion } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { waitingBeside } from './waiting.ts'
import { LineHarness } from './testing/line-harness.ts'

let edge: LineHarness
beforeEach(async () => {
  edge = await LineHarness.start()
})
afterEach(() => edge.stop())

const waits = { interval: 10 }

describe('what waits beside a batch', () => {
  const lanes = { records: { receiptedSeq: 3, lastSeq: 10 }, readings: { receiptedSeq: 100, lastSeq: 500 } }

  test('is what is neither receipted nor in it, of both lanes, with the age of the oldest', () => {
    const reader = { storedMs: (_lane: string, seq: number) => seq * 10 }
    expect(waitingBeside(reader, { lanes, nowMs: 10_000 }, { lane: 'readings', toSeq: 300 })).toEqual({
      records: { rows: 7, oldest_ms: 9_960 },
      readings: { rows: 200, oldest_ms: 6_990 },
    })
  })

  test('has no age where nothing waits or its time is not known, and none below zero', () => {
    const question = { lanes, nowMs: 0 }
    expect(waitingBeside({ storedMs: () => null }, question, { lane: 'readings', toSeq: 500 })).toEqual({
      records: { rows: 7, oldest_ms: null },
      readings: { rows: 0, oldest_ms: null },
    })
    expect(waitingBeside({ storedMs: () => 5 }, question, { lane: 'records', toSeq: 10 }).readings.oldest_ms).toBe(0)
  })
})

test('a cloud of 1.3 is told with each batch what else waits', async () => {
  expect(protocolVersion).toBe('1.3')
  const told: unknown[] = []
  edge.cloud.onBatch = ({ header }) =>
    told.push([header.lane, header.waiting?.records.rows, header.waiting?.readings.rows])
  edge.journal.addReadings([1, 2])
  await edge.uplink(await edge.enrolled())
  await edge.cloud.until(edge.isEverythingThere)
  expect(told).toEqual([['readings', 0, 0]])
})

test.each(['1.1', '1.2'])('a cloud of %s is told nothing of it, and takes every row', async (protocol) => {
  edge.cloud.protocol = protocol
  const heads: object[] = []
  edge.cloud.onBatch = ({ header }) => heads.push(header)
  edge.journal.addReadings([1, 2])
  await edge.addRecord()
  await edge.uplink(await edge.enrolled())
  await edge.cloud.until(edge.isEverythingThere)
  expect(heads.length).toBeGreaterThan(0)
  for (const head of heads) expect(head).not.toHaveProperty('waiting')
  expect(edge.view().problem).toBeNull()
})

test('I2: a cloud that refuses a batch for another reason is sent none without its base, by which copies are noticed', async () => {
  const heads: object[] = []
  edge.cloud.onBatch = ({ header }) => heads.push(header)
  edge.cloud.refuseNext.push({ kind: 'malformed', detail: 'a bug' }, { kind: 'malformed', detail: 'a bug' })
  await edge.addRecord()
  await edge.uplink(await edge.enrolled())
  await edge.cloud.until(edge.isEverythingThere)
  expect(heads.length).toBeGreaterThan(0)
  for (const head of heads) expect(head).toHaveProperty('base')
})

test('a cloud that is put back to 1.2 in between gets no batch that it cannot read for long', async () => {
  await edge.uplink(await edge.enrolled())
  await edge.addRecord()
  await edge.cloud.until(edge.isEverythingThere)
  edge.cloud.protocol = '1.2'
  await edge.addRecord()
  await vi.waitUntil(edge.isEverythingThere, waits)
  expect(edge.journal.poison).toEqual([])
})
