import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { qualities } from '@jidoka/domain'
import { advanceReadings, decodeSegment, laneStart } from '@jidoka/sync-protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { segmentsFolder } from '../store/segment-files.ts'
import { StoreFixture, tagKey } from './testing/store-fixture.ts'
import type { FixtureReading } from './testing/store-fixture.ts'

/*
 * Merging changes where readings lie and nothing else. Everything here runs the real planner, codec, files and transactions
 * on a real folder; only the threads are left out.
 */
const startMs = Date.UTC(2026, 10, 1)
const dayMs = 86_400_000

let store: StoreFixture
beforeEach(() => {
  store = new StoreFixture()
})
afterEach(() => store.close())

/** Commits of `perCommit` readings over `tags` tags, one a second and tag. */
function fill(commits: number, perCommit: number, tags = 10): void {
  for (let commit = 0; commit < commits; commit++) {
    const atMs = startMs + Math.floor((store.nextSeq / tags) * 1_000)
    store.commit(
      Array.from({ length: perCommit }, (_, index) => ({
        tagNo: (index % tags) + 1,
        timeMs: atMs + Math.floor(index / tags) * 1_000,
        value: Math.round(Math.sin((store.nextSeq + index) / 50) * 1_000) / 100,
        quality: 'good' as const,
      })),
      atMs + 5,
    )
  }
}

/** Digest of the lane, over what the uplink would read. */
function digest(fromSeq = 1): string {
  let point = laneStart
  for (let seq = fromSeq; seq < store.nextSeq;) {
    const segments = store.reader.segments(seq, 1024 * 1024)
    const last = segments.at(-1)
    if (last === undefined) throw new Error(`nothing holds ${seq}`)
    point = advanceReadings(
      point,
      segments.map(({ body }) => decodeSegment(body)),
    )
    seq = last.firstSeq + last.count
  }
  return point.digest
}

const readings = () => [...store.reader.readTagsFrom(null, 1)]
/** All of them in one text: a comparison of 120,000 objects takes seconds. */
const readingsHash = () => {
  const hash = createHash('sha256')
  for (const reading of store.reader.readTagsFrom(null, 1)) hash.update(JSON.stringify(reading))
  return hash.digest('hex')
}
const filesOnDisk = () =>
  existsSync(join(store.folder, segmentsFolder))
    ? readdirSync(join(store.folder, segmentsFolder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : []

describe('merging', () => {
  test('I2: leaves readings, order, commits and digest as they were, through all levels', () => {
    fill(600, 200)
    const before = { digest: digest(), readings: readingsHash() }
    expect(store.settle()).toBeGreaterThan(20)
    expect(store.levels()).toMatchObject({ 2: 2 })
    expect(digest()).toBe(before.digest)
    expect(readingsHash()).toBe(before.readings)
    expect(store.settle({ nowMs: startMs + 40 * dayMs })).toBeGreaterThan(0)
    // A row is left, which nothing came after: it is never merged alone.
    expect(store.levels()).toEqual({ 1: 1, 3: 1 })
    expect(digest()).toBe(before.digest)
    expect(readingsHash()).toBe(before.readings)
    // What was merged into another file is gone from the disk.
    expect(filesOnDisk()).toHaveLength(1)
  })

  test('goes on beside somebody who reads, and leaves nothing out for them', () => {
    fill(300, 200)
    const seen: number[] = []
    for (const { seq } of store.reader.readTagsFrom(null, 1)) {
      seen.push(seq)
      if (seq % 7_000 === 0) store.put(store.plan({ nowMs: startMs + 40 * dayMs }))
    }
    expect(seen).toEqual(Array.from({ length: 60_000 }, (_, index) => index + 1))
  })

  test('I2: what was sent and not yet receipted keeps its shape, also when it was sent behind the plan', () => {
    fill(30, 200)
    store.noteSent(2_000)
    expect(store.plan().merged).toBeNull()
    fill(20, 200)
    const step = store.plan()
    expect(step.merged?.firstSeq).toBe(2_001)
    store.noteSent(5_000)
    expect(store.put(step)).toBe(false)
    expect(store.levels()).toEqual({ 0: 50 })
  })

  test('a plan whose parts are gone meanwhile changes nothing', () => {
    fill(100, 200)
    const step = store.plan()
    store.database.prepare('delete from reading_segments where first_seq = 201').run()
    expect(store.put(step)).toBe(false)
    expect(store.levels()).toEqual({ 0: 99 })
  })

  test('I1: a crash between the file and the commit costs nothing: the file is swept, the merge made again', () => {
    fill(10, 8_000)
    const before = digest()
    const step = store.plan()
    expect(step.merged?.place.kind).toBe('file')
    expect(filesOnDisk()).toHaveLength(1)
    writeFileSync(join(store.folder, segmentsFolder, 'tmp-half'), 'half of a file')
    expect(store.steps.sweep()).toMatchObject({ damaged: [], removed: { length: 2 } })
    expect(filesOnDisk()).toHaveLength(0)
    expect(digest()).toBe(before)
    store.settle()
    expect(digest()).toBe(before)
    expect(store.steps.sweep()).toEqual({ removed: [], damaged: [] })
  })

  test('I1: a crash between the commit and the removal of parts leaves files that the next start removes', () => {
    fill(20, 8_000)
    store.settle()
    const parts = filesOnDisk()
    const copies = parts.map((name) => join(store.folder, segmentsFolder, '0', name))
    const saved = copies.map((file) => readFileSync(file))
    const before = digest()
    store.settle({ nowMs: startMs + 40 * dayMs })
    for (const [index, file] of copies.entries()) writeFileSync(file, saved[index] ?? '')
    expect(store.steps.sweep().removed).toHaveLength(parts.length)
    expect(filesOnDisk()).toHaveLength(1)
    expect(digest()).toBe(before)
  })

  test('a damaged part is reported, passed over, and does not stop what lies around it', () => {
    fill(100, 200)
    const body = store.database
      .prepare<[], { body: Buffer }>('select body from reading_segments where first_seq = 4001')
      .get()?.body
    if (body === undefined) throw new Error('no row')
    body[100] = (body[100] ?? 0) ^ 0xff
    store.database.prepare('update reading_segments set body = ? where first_seq = 4001').run(body)
    const step = store.plan()
    expect(step).toMatchObject({ merged: null, damaged: [{ firstSeq: 4_001, count: 200, file: null }] })
    // The next plan goes round it.
    expect(store.plan().merged).toMatchObject({ firstSeq: 4_201 })
  })

  test('a merge over which the thread broke down is not planned again, and what lies around it is', () => {
    fill(40, 4_000)
    const { merged } = store.plan()
    const toSeq = (merged?.firstSeq ?? 0) + (merged?.count ?? 0) - 1
    const next = store.plan({ broken: [[merged?.firstSeq ?? 0, toSeq]] }).merged
    expect(next?.firstSeq).toBe(toSeq + 1)
  })

  test('I6: readings behind and before a damaged or missing file are answered, and it is reported', () => {
    fill(25, 8_000)
    store.settle()
    const files = store.database
      .prepare<[], { file: string; firstSeq: number; count: number }>(
        'select file, first_seq as firstSeq, count from segment_files order by first_seq',
      )
      .all()
    const [first, second] = files
    if (first === undefined || second === undefined) throw new Error('two files are needed')
    rmSync(join(store.folder, first.file))
    const file = join(store.folder, second.file)
    const bytes = readFileSync(file)
    bytes.fill(0x5a, Math.floor(bytes.length / 2))
    writeFileSync(file, bytes)
    const seqs = readings().map(({ seq }) => seq)
    expect(seqs[0]).toBe(second.firstSeq + second.count)
    expect(store.damaged.map(({ firstSeq }) => firstSeq)).toEqual([first.firstSeq, second.firstSeq])
    // Of the damaged file the columns that are whole are still read.
    expect(store.reader.history(tagKey(1), 0, Number.MAX_SAFE_INTEGER).values.length).toBeGreaterThanOrEqual(
      seqs.length / 10,
    )
    expect(store.steps.sweep().damaged).toEqual([{ ...first, why: 'its file is missing' }])
  })

  test('I6: a file that was cut is found at the start, by its size', () => {
    fill(25, 8_000)
    store.settle()
    const [row] = store.database
      .prepare<[], { file: string; firstSeq: number; count: number; bytes: number }>(
        'select file, first_seq as firstSeq, count, bytes from segment_files order by first_seq',
      )
      .all()
    if (row === undefined) throw new Error('a file is needed')
    const { bytes, ...segment } = row
    expect(store.steps.sweep().damaged).toEqual([])
    truncateSync(join(store.folder, segment.file), bytes - 1)
    const why = `its file has ${bytes - 1} bytes in place of ${bytes}`
    expect(store.steps.sweep().damaged).toEqual([{ ...segment, why }])
  })
})

describe('any history of commits and merges', () => {
  const reading = fc.record({
    tagNo: fc.integer({ min: 1, max: 5 }),
    timeMs: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: startMs, max: startMs + 600_000 }) },
      fc.integer({ min: startMs - dayMs, max: startMs + dayMs }),
    ),
    value: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -10_000, max: 10_000 }).map((value) => value / 100) },
      fc.constantFrom(-0, 1e300, true, false, '정지', 'RUN'),
    ),
    quality: fc.constantFrom(...qualities),
  })
  type Action = { readonly commit: readonly FixtureReading[] } | { readonly merge: number }
  const actions: fc.Arbitrary<Action[]> = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ commit: fc.array(reading, { minLength: 1, maxLength: 120 }) }) },
      // Days that have passed: what is old is merged though it is small.
      { weight: 2, arbitrary: fc.record({ merge: fc.constantFrom(0.01, 0.5, 40) }) },
    ),
    { maxLength: 60 },
  )

  test('I2: gives the same history, extremes, last readings and wire content', () => {
    fc.assert(
      fc.property(actions, fc.integer({ min: 1, max: 60 }), (history, points) => {
        const here = new StoreFixture()
        try {
          const all: (FixtureReading & { seq: number; receivedMs: number })[] = []
          let receivedMs = startMs
          for (const action of history) {
            if ('merge' in action) here.put(here.plan({ nowMs: receivedMs + action.merge * dayMs }))
            else {
              receivedMs += 1_000
              for (const [index, each] of action.commit.entries())
                all.push({ ...each, seq: here.nextSeq + index, receivedMs })
              here.commit(action.commit, receivedMs)
            }
          }
          expect([...here.reader.readTagsFrom(null, 1)]).toEqual(all)
          const some = [2, 4]
          const fromSeq = Math.ceil(all.length / 3)
          expect([...here.reader.readTagsFrom(some, fromSeq)]).toEqual(
            all.filter(({ seq, tagNo }) => seq >= fromSeq && some.includes(tagNo)),
          )
          // A part of the readings, and a span in whose stretches whole segments lie.
          for (const [fromMs, toMs] of [
            [startMs + 60_000, startMs + 300_000],
            [startMs - 3 * dayMs, startMs + 3 * dayMs],
          ] as const) {
            for (const tagNo of [1, 2]) {
              const numbers = all
                .filter((each) => each.tagNo === tagNo && each.timeMs >= fromMs && each.timeMs <= toMs)
                .filter((each) => typeof each.value === 'number')
                .toSorted((left, right) => left.timeMs - right.timeMs)
              const { timesMs, values } = here.reader.history(tagKey(tagNo), fromMs, toMs)
              expect([...timesMs]).toEqual(numbers.map(({ timeMs }) => timeMs))
              expect([...values]).toEqual(numbers.map(({ value }) => value))
              const series = here.reader.series(tagKey(tagNo), { fromMs, toMs, points })
              expect(series?.readingsCount).toBe(numbers.length)
              if (numbers.length === 0) continue
              expect(Math.min(...(series?.values ?? []))).toBe(Math.min(...values))
              expect(Math.max(...(series?.values ?? []))).toBe(Math.max(...values))
              expect(series?.values.at(-1)).toBe(values.at(-1))
              expect(series?.values[0]).toBe(values[0])
              expect(series?.values.length).toBeLessThanOrEqual(Math.max(points, 4))
            }
          }
          expect(here.damaged).toEqual([])
        } finally {
          here.close()
        }
      }),
      { numRuns: 25 },
    )
  })
})
