import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StoreFixture, tagKey } from '../merging/testing/store-fixture.ts'

const startMs = Date.UTC(2026, 10, 1)
const dayMs = 86_400_000

let store: StoreFixture
beforeEach(() => {
  store = new StoreFixture()
})
afterEach(() => store.close())

/** A day of one tag, a reading a second, with one spike; commits of a minute. */
function fillDay(spikeAtS: number): void {
  for (let minute = 0; minute < 1_440; minute++) {
    const fromMs = startMs + minute * 60_000
    store.commit(
      Array.from({ length: 60 }, (_, second) => ({
        tagNo: 1,
        timeMs: fromMs + second * 1_000,
        value: minute * 60 + second === spikeAtS ? 999 : 20 + Math.sin(minute / 100),
        quality: 'good' as const,
      })),
      fromMs + 60_000,
    )
  }
}

test('a spike of one reading among 86,400 stays, wherever the readings lie', () => {
  fillDay(40_000)
  const ask = () => store.reader.series(tagKey(1), { fromMs: startMs, toMs: startMs + dayMs - 1, points: 1_000 })
  const before = ask()
  expect(before?.readingsCount).toBe(86_400)
  expect(before?.values.length).toBeLessThanOrEqual(1_000)
  const at = before?.values.indexOf(999) ?? -1
  expect(before?.timesMs[at]).toBe(startMs + 40_000_000)
  store.settle({ nowMs: startMs + 40 * dayMs })
  expect(store.levels()[3]).toBe(1)
  expect(ask()).toEqual(before)
})

test('so many readings as points, or fewer, come as they are', () => {
  fillDay(0)
  store.settle()
  const series = store.reader.series(tagKey(1), { fromMs: startMs, toMs: startMs + 99_999, points: 100 })
  expect(series?.timesMs).toEqual(Float64Array.from({ length: 100 }, (_, second) => startMs + second * 1_000))
  expect(series?.values[0]).toBe(999)
})

test('a stretch that a segment fills is answered from its statistics: a damaged column behind them is not even read', () => {
  fillDay(0)
  store.settle({ nowMs: startMs + 40 * dayMs })
  const known = store.database.prepare<[], { file: string }>('select file from segment_files').get()
  const file = join(store.folder, known?.file ?? '')
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill(0x5a, bytes.length - 10_000))
  const series = store.reader.series(tagKey(1), { fromMs: 0, toMs: startMs * 2, points: 4 })
  expect(store.damaged).toEqual([])
  expect([...(series?.values ?? [])]).toContain(999)
  expect(series?.readingsCount).toBe(86_400)
})

test('an unknown tag and an empty span have no points; a caller whose time is up gets none', () => {
  fillDay(0)
  const question = { fromMs: startMs, toMs: startMs + dayMs, points: 100 }
  expect(store.reader.series('LINE-A/none', question)?.readingsCount).toBe(0)
  expect(store.reader.series(tagKey(1), { ...question, fromMs: 0, toMs: 10 })?.timesMs.length).toBe(0)
  expect(store.reader.series(tagKey(1), question, () => true)).toBeNull()
})

test('the first reading at or after an instant is found inside merged segments too', () => {
  fillDay(0)
  const expected = 60 * 700 + 1
  expect(store.reader.firstSeqAtOrAfter(startMs + 701 * 60_000 - 5)).toBe(expected)
  store.settle({ nowMs: startMs + 40 * dayMs })
  expect(store.reader.firstSeqAtOrAfter(startMs + 701 * 60_000 - 5)).toBe(expected)
  expect(store.reader.firstSeqAtOrAfter(startMs + 2 * dayMs)).toBe(86_401)
  expect(store.reader.firstSeqAtOrAfter(0)).toBe(1)
})
