import { mergeSegments, readSegmentHeader } from '@jidoka/sync-protocol'
import type * as Protocol from '@jidoka/sync-protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { mergeRules } from './limits.ts'
import { StoreFixture } from './testing/store-fixture.ts'

vi.mock('@jidoka/sync-protocol', async (original) => {
  const actual = await original<typeof Protocol>()
  return { ...actual, mergeSegments: vi.fn(actual.mergeSegments) }
})

const store = new StoreFixture()
afterEach(() => store.close())

test('texts that pack 300 to 1 are never unpacked beyond what the thread has memory for', () => {
  const startMs = Date.UTC(2026, 10, 1)
  const pad = 'batch-record;operator=KIM;station=PRESS-1;'.repeat(25)
  for (let commit = 0; commit < 40; commit++)
    store.commit(
      Array.from({ length: 500 }, (_, index) => ({
        tagNo: 1,
        timeMs: startMs + store.nextSeq + index,
        value: `${store.nextSeq + index} ${pad}`.slice(0, 1_000),
        quality: 'good' as const,
      })),
      startMs,
    )
  const expandedMax = mergeRules[1]?.expandedBytesMax ?? 0
  while (store.put(store.plan({ nowMs: startMs + 7 * 3_600_000 })));
  const merges = vi
    .mocked(mergeSegments)
    .mock.calls.map(([parts]) => parts.reduce((sum, part) => sum + readSegmentHeader(part).expandedBytes, 0))
  expect(Math.max(...merges)).toBeGreaterThan(expandedMax / 2)
  expect(Math.max(...merges)).toBeLessThanOrEqual(expandedMax)
  expect(store.levels()[2]).toBeGreaterThan(1)
  expect([...store.reader.readTagsFrom(null, 1)].map(({ seq }) => seq)).toEqual(
    Array.from({ length: store.nextSeq - 1 }, (_, index) => index + 1),
  )
}, 30_000)
