/**
 * What a reading takes on the disk, all told, and how long a chart takes out of a large store:
 *
 *     node edge/server/bench/store.ts [millions of readings, default 20] [tags at 1/s, default 2000] [folder to keep]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openReader } from '../src/store/journal-reader.ts'
import { chartTimes, makeStore, medianOf } from './made-store.ts'

const [millions = 20, tags = 2_000] = process.argv.slice(2, 4).map(Number)
const kept = process.argv[4]
const folder = kept ?? mkdtempSync(join(tmpdir(), 'jidoka-store-'))
const seconds = (fromMs: number) => ((performance.now() - fromMs) / 1_000).toFixed(1)

const buildStart = performance.now()
const store = makeStore(folder, millions * 1e6, tags)
const { readingsTotal, startMs, endMs, mergeMs, commitBytes, fileBytes } = store
process.stdout.write(
  `load ${loadavg()[0]?.toFixed(1)}; ${(readingsTotal / 1e6).toFixed(0)} million readings of ${tags} tags in ${seconds(buildStart)} s, ` +
    `merging ${(readingsTotal / mergeMs / 1e3).toFixed(1)} M/s\n`,
)

const reader = openReader({ dataFolder: folder })
const bytesPerReading = reader.sizeBytes() / readingsTotal
process.stdout.write(
  `${(commitBytes / readingsTotal).toFixed(2)} B/reading as commits, ${(fileBytes / readingsTotal).toFixed(2)} merged, ` +
    `${bytesPerReading.toFixed(2)} all told: 64 GB hold ${Math.floor(64e9 / bytesPerReading / tags / 86_400)} days\n`,
)

for (const [what, spanMs] of [
  ['an hour', 3_600_000],
  ['a day', 86_400_000],
  ['everything', endMs - startMs],
] as const) {
  const { times, counted } = chartTimes(reader, store, tags, spanMs, 12)
  process.stdout.write(
    `chart of ${what}: ${medianOf(times).toFixed(1)} ms (first ${times[0]?.toFixed(1)}, worst ${Math.max(...times).toFixed(1)}); ${counted}\n`,
  )
}

const readStart = performance.now()
let readings = 0
const fromSeq = reader.firstSeqAtOrAfter(endMs - 3_600_000)
for (const _ of reader.readTagsFrom([1, 2, 3], fromSeq)) readings++
process.stdout.write(`last hour of three tags in order of arrival: ${readings} readings in ${seconds(readStart)} s\n`)
reader.close()
if (kept === undefined) rmSync(folder, { recursive: true })
