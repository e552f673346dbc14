import { mergeSegments, SegmentBuilder } from '@jidoka/sync-protocol'
import { openForWriting } from '../src/store/database.ts'
import type { StoreReader } from '../src/store/journal-reader.ts'
import { JournalWriter } from '../src/store/journal-writer.ts'
import { segmentFileName, writeSegmentFile } from '../src/store/segment-files.ts'

const perCommit = 500
const perFile = 1_048_576
const startMs = Date.UTC(2026, 10, 1)

/** A store as an appliance has it after some days, with what was measured while it was made. */
export interface MadeStore {
  readonly readingsTotal: number
  readonly startMs: number
  readonly endMs: number
  readonly mergeMs: number
  /** As commits, before they are merged. */
  readonly commitBytes: number
  readonly fileBytes: number
}

/** The same numbers in each run. */
export function newRandom(): () => number {
  let seed = 42
  return () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

/**
 * Each tag once a second: a random walk with two decimals and jitter of milliseconds, in commits of 500, as the appliance stores
 * and merges them. The merged segments are made from the commits in one go, which gives the same files; so many readings are
 * made as whole files hold.
 */
export function makeStore(folder: string, readings: number, tags: number): MadeStore {
  const random = newRandom()
  const readingsTotal = Math.max(1, Math.floor(readings / perFile)) * perFile
  const { database } = openForWriting(folder, startMs)
  try {
    const writer = new JournalWriter(database)
    const addFile = database.prepare(
      'insert into segment_files (first_seq, count, level, received_ms, from_ms, to_ms, bytes, file) values (?, ?, 3, ?, ?, ?, ?, ?)',
    )
    writer.commit(() => {
      for (let tagNo = 1; tagNo <= tags; tagNo++)
        writer.tag({ tag_no: tagNo, key: keyOf(tagNo), kind: 'number', unit: 'C' })
    })
    const last = Float64Array.from({ length: tags }, () => 8_000)
    const builder = new SegmentBuilder()
    let [mergeMs, commitBytes, fileBytes] = [0, 0, 0]
    for (let firstSeq = 1; firstSeq <= readingsTotal; firstSeq += perFile) {
      const parts: Uint8Array[] = []
      let [fromMs, toMs] = [Infinity, -Infinity]
      for (let seq = firstSeq; seq < firstSeq + perFile;) {
        const count = Math.min(perCommit, firstSeq + perFile - seq)
        builder.reset()
        for (let index = 0; index < count; index++) {
          const tag = (seq + index) % tags
          const timeMs = startMs + Math.floor(((seq + index) / tags) * 1_000 + random() * 3)
          last[tag] = (last[tag] as number) + Math.round((random() - 0.5) * 20)
          builder.push(tag + 1, timeMs, last[tag] / 100, 'good')
          fromMs = Math.min(fromMs, timeMs)
          toMs = Math.max(toMs, timeMs)
        }
        const part = builder.encode(seq, startMs + Math.ceil(((seq + count) / tags) * 1_000))
        commitBytes += part.length
        parts.push(part)
        seq += count
      }
      const mergeStart = performance.now()
      const merged = mergeSegments(parts)
      mergeMs += performance.now() - mergeStart
      fileBytes += merged.length
      const file = segmentFileName(firstSeq, perFile)
      writeSegmentFile(folder, file, merged)
      writer.commit(() => {
        addFile.run(firstSeq, perFile, toMs, fromMs, toMs, merged.length, file)
        writer.lanes(firstSeq + perFile, 1)
      })
    }
    database.pragma('wal_checkpoint(TRUNCATE)')
    return { readingsTotal, startMs, endMs: startMs + (readingsTotal / tags) * 1_000, mergeMs, commitBytes, fileBytes }
  } finally {
    database.close()
  }
}

export interface Charts {
  /** Of each chart, in the order in which they were asked for. */
  readonly times: readonly number[]
  /** What the last of them showed. */
  readonly counted: string
}

/** Charts of 1,000 points of random tags at random places. */
export function chartTimes(reader: StoreReader, store: MadeStore, tags: number, spanMs: number, count: number): Charts {
  const random = newRandom()
  const times: number[] = []
  let counted = ''
  for (let round = 0; round < count; round++) {
    const latestMs = Math.max(store.startMs, store.endMs - spanMs)
    const fromMs = Math.floor(store.startMs + random() * (latestMs - store.startMs))
    const key = keyOf(1 + Math.floor(random() * tags))
    const askedAt = performance.now()
    const series = reader.series(key, { fromMs, toMs: fromMs + spanMs, points: 1_000 })
    times.push(performance.now() - askedAt)
    if (series === null || series.readingsCount === 0) throw new Error(`${key} has no readings from ${fromMs} on`)
    counted = `${series.readingsCount} readings as ${series.values.length} points`
  }
  return { times, counted }
}

export const medianOf = (times: readonly number[]): number =>
  times.toSorted((left, right) => left - right)[times.length >> 1] ?? Number.NaN

const keyOf = (tagNo: number): string => `LINE-A/tag-${tagNo}`
