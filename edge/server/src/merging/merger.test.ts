import { createLog, systemClock } from '@jidoka/base'
import { advanceReadings, decodeSegment, laneStart } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../broker/test-support.ts'
import { openPipeline, openReader } from '../pipeline/index.ts'
import type { OpenPipeline } from '../pipeline/index.ts'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { Merger } from './merger.ts'

const log = createLog('test', { level: 'silent' })
let folder: string
let pipeline: OpenPipeline
beforeEach(async () => {
  folder = newFolder()
  pipeline = await openPipeline({ dataFolder: folder, tenantId: 'acme', log })
})
afterEach(async () => {
  await pipeline.stop()
  removeFolder(folder)
})

const newMerger = (workerFile?: URL) =>
  new Merger({
    dataFolder: folder,
    pipeline,
    hasCloud: false,
    // Rests are short: what is looked at is what merging does, not when.
    clock: { ...systemClock, after: (delayMs, run) => systemClock.after(delayMs / 100, run) },
    log,
    ...(workerFile === undefined ? {} : { workerFile }),
    onDamaged: (damaged) => {
      throw new Error(damaged.why)
    },
  })

function send(value: number): Promise<void> {
  const payload = Buffer.from(
    `{"tenant_id":"acme","value":${value},"unit":"C","timestamp":"${new Date().toISOString()}"}`,
  )
  return new Promise((resolve, reject) =>
    pipeline.ingest({ topic: `sensor/LINE-A/PRESS-${value % 5}/temperature`, payload, source: 's', qos: 1 }, (error) =>
      error === null ? resolve() : reject(error),
    ),
  )
}

const flood = async (count: number): Promise<void> => {
  await Promise.all(Array.from({ length: count }, (_, index) => send(index)))
}

function digestAndCount(): { digest: string; count: number; segments: number } {
  const reader = openReader({ dataFolder: folder })
  const segments = reader.segments(1, Infinity)
  const point = advanceReadings(
    laneStart,
    segments.map(({ body }) => decodeSegment(body)),
  )
  reader.close()
  return { digest: point.digest, count: point.count, segments: segments.length }
}

test('I1: merges beside a running journal, and every reading stays what and where it was', async () => {
  await flood(10_000)
  const before = digestAndCount()
  expect(before.count).toBe(10_000)
  const merger = newMerger()
  await merger.start()
  for (let round = 0; round < 10; round++) await flood(8_000)
  await until(() => merger.mergesTotal > 0, 'something is merged')
  await merger.stop()
  const after = digestAndCount()
  expect(after.count).toBe(90_000)
  const reader = openReader({ dataFolder: folder })
  let seq = 0
  for (const reading of reader.readTagsFrom(null, 1)) expect(reading.seq).toBe(++seq)
  reader.close()
  expect(seq).toBe(90_000)
})

test('a stop in the middle leaves a whole store, and the last values are found behind the merge', async () => {
  await flood(30_000)
  const before = digestAndCount()
  const merger = newMerger()
  await merger.start()
  await merger.stop()
  expect(digestAndCount().digest).toBe(before.digest)
  await pipeline.stop()
  pipeline = await openPipeline({ dataFolder: folder, tenantId: 'acme', log })
  const reader = openReader({ dataFolder: folder })
  expect(reader.lastValues()).toHaveLength(5)
  reader.close()
})

test('a merge over which the thread breaks down is left alone, and the others go on', async () => {
  await flood(30_000)
  const merger = newMerger(new URL('./testing/breaking-worker.ts', import.meta.url))
  await merger.start()
  // The first plan takes all that is there by then: what comes behind it is merged.
  let sent = 30_000
  for (let round = 0; round < 100 && merger.mergesTotal === 0; round++) {
    await flood(8_000)
    sent += 8_000
  }
  await merger.stop()
  expect(merger.mergesTotal).toBeGreaterThan(0)
  expect(digestAndCount().count).toBe(sent)
}, 60_000)
