import { ManualClock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import type { Blobs } from './blobs.ts'
import { measuredBlobs, ObjectMetrics } from './object-metrics.ts'

it('counts what a bucket does not do, and how long it takes for everything', async () => {
  const clock = new ManualClock()
  const registry = new Registry()
  const slow: Blobs = {
    kind: 's3',
    write: () => {
      clock.advance(3_000)
      return Promise.reject(new Error('the bucket is away'))
    },
    read: () => Promise.resolve(null),
    remove: () => Promise.resolve(),
    check: () => Promise.resolve(),
  }
  const blobs = measuredBlobs(slow, new ObjectMetrics(registry), clock)
  await expect(blobs.write('demo/x', (async function* () {})())).rejects.toThrow('the bucket is away')
  expect(await blobs.read('demo/x', 0, 1)).toBeNull()
  const text = await registry.metrics()
  expect(text).toContain('jidoka_objects_failures_total{operation="write"} 1')
  expect(text).not.toContain('jidoka_objects_failures_total{operation="read"}')
  expect(text).toContain('jidoka_objects_duration_seconds_sum{operation="write"} 3')
  expect(text).toContain('jidoka_objects_duration_seconds_count{operation="read"} 1')
})
