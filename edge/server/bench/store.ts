/**
 * What a reading takes on the disk, all told, and how long a chart takes out of a large store:
 *
 *     node edge/server/bench/store.ts [millions of readings, default 20] [tags, default 2000] [folder to keep]
 *
 * 2,000 readings/s of a random walk with two decimals and jitter of milliseconds, in commits of 500, as the appliance
 * stores and merges them; the merged segments are made from the commits in one go, which gives the same files.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { mergeSegments, SegmentBuilder } from '@jidoka/sync-protocol'
import { openForWriting } from '../src/store/database.ts'
import { openReader } from '../src/store/journal-reader.ts'
import { JournalWriter } from '../src/store/journal-writer.ts'
import { segmentFileName, writeSegmentFile } from '../src/store/segment-files.ts'

const [millions = 20, tags = 2_000] = process.argv.slice(2, 4).map(Number)
const kept = process.argv[4]
const folder = kept ?? mkdtempSync(join(tmpdir(), 'jidoka-store-'))
const perSecond = 2_000
const perCommit = 500
const perFile = 1_048_576
const readingsTotal = Math.floor((millions * 1e6) / perFile) * perFile
const startMs = Date.UTC(2026, 10, 1)
const endMs = startMs + (readingsTotal / perSecond) * 1_000

let seed = 42
const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
const seconds = (fromMs: number) => ((performance.now() - fromMs) / 1_000).toFixed(1)

const { database } = openForWriting(folder, startMs)
const writer = new JournalWriter(database)
const addFile = database.prepare(
  'insert into segment_files (first_seq, count, level, received_ms, from_ms, to_ms, bytes, file) values (?, ?, 3, ?, ?, ?, ?, ?)',
)
writer.commit(() => {
  for (let tagNo = 1; tagNo <= tags; tagNo++)
    writer.tag({ tag_no: tagNo, key: `LINE-A/tag-${tagNo}`, kind: 'number', unit: 'C' })
})

const last = Float64Array.from({ length: tags }, () => 8_000)
const builder = new SegmentBuilder()
let [mergeMs, commitBytes, fileBytes] = [0, 0, 0]
const buildStart = performance.now()
for (let firstSeq = 1; firstSeq <= readingsTotal; firstSeq += perFile) {
  const parts: Uint8Array[] = []
  let [fromMs, toMs] = [Infinity, -Infinity]
  for (let seq = firstSeq; seq < firstSeq + perFile;) {
    const count = Math.min(perCommit, firstSeq + perFile - seq)
    const receivedMs = startMs + Math.ceil(((seq + count) / perSecond) * 1_000)
    builder.reset()
    for (let index = 0; index < count; index++) {
      const tag = (seq + index) % tags
      const timeMs = startMs + Math.floor(((seq + index) / perSecond) * 1_000 + random() * 3)
      last[tag] = (last[tag] as number) + Math.round((random() - 0.5) * 20)
      builder.push(tag + 1, timeMs, last[tag] / 100, 'good')
      fromMs = Math.min(fromMs, timeMs)
      toMs = Math.max(toMs, timeMs)
    }
    const part = builder.encode(seq, receivedMs)
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
process.stdout.write(
  `load ${loadavg()[0]?.toFixed(1)}; ${(readingsTotal / 1e6).toFixed(0)} million readings of ${tags} tags in ${seconds(buildStart)} s, ` +
    `merging ${(readingsTotal / mergeMs / 1e3).toFixed(1)} M/s\n`,
)
database.pragma('wal_checkpoint(TRUNCATE)')

const reader = openReader({ dataFolder: folder })
process.stdout.write(
  `${(commitBytes / readingsTotal).toFixed(2)} B/reading as commits, ${(fileBytes / readingsTotal).toFixed(2)} merged, ` +
    `${(reader.sizeBytes() / readingsTotal).toFixed(2)} all told: 64 GB hold ${Math.floor(64e9 / (reader.sizeBytes() / readingsTotal) / perSecond / 86_400)} days\n`,
)

for (const [what, spanMs] of [
  ['an hour', 3_600_000],
  ['a day', 86_400_000],
  ['everything', endMs - startMs],
] as const) {
  const times: number[] = []
  let counted = ''
  for (let round = 0; round < 12; round++) {
    const latestMs = Math.max(startMs, endMs - spanMs)
    const fromMs = Math.floor(startMs + random() * (latestMs - startMs))
    const key = `LINE-A/tag-${1 + Math.floor(random() * tags)}`
    const askedAt = performance.now()
    const series = reader.series(key, { fromMs, toMs: fromMs + spanMs, points: 1_000 })
    times.push(performance.now() - askedAt)
    counted = `${series?.readingsCount} readings as ${series?.values.length} points`
  }
  const sorted = times.toSorted((left, right) => left - right)
  process.stdout.write(
    `chart of ${what}: ${sorted[6]?.toFixed(1)} ms (first ${times[0]?.toFixed(1)}, worst ${sorted.at(-1)?.toFixed(1)}); ${counted}\n`,
  )
}

const readStart = performance.now()
let readings = 0
const fromSeq = reader.firstSeqAtOrAfter(endMs - 3_600_000)
for (const _ of reader.readTagsFrom([1, 2, 3], fromSeq)) readings++
process.stdout.write(`last hour of three tags in order of arrival: ${readings} readings in ${seconds(readStart)} s\n`)
reader.close()
database.close()
if (kept === undefined) rmSync(folder, { recursive: true })
