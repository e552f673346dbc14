/**
 * What a reading costs: bytes as stored and on the line, and how many a second one core encodes, decodes and digests.
 * 60 tags, random walk with two decimals, millisecond times with jitter. Run: node sync/protocol/src/bench/segment.ts
 */
import { performance } from 'node:perf_hooks'
import { decodeBatch, decodeSegment, encodeReadingsBatch, RunningDigest, SegmentBuilder } from '../index.ts'

const readingsTotal = 2_000_000
const tags = 60
const sender = { edge_id: '0193a1b2-0000-7000-8000-000000000001', epoch: '0193a1b2-0000-7000-8000-0000000000e1' }

let seed = 42
const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32

const times = new Float64Array(readingsTotal)
const values = new Float64Array(readingsTotal)
const last = new Float64Array(tags).fill(8_000)
let clock = 1_790_000_000_000
for (let index = 0; index < readingsTotal; index++) {
  clock += random() < 0.5 ? 0 : 1
  times[index] = clock
  const tag = index % tags
  last[tag] = (last[tag] ?? 0) + Math.round((random() - 0.5) * 20)
  values[index] = (last[tag] ?? 0) / 100
}

for (const perSegment of [50, 500, 5_000]) {
  const builder = new SegmentBuilder()
  const encodeAll = () => {
    const segments: Uint8Array[] = []
    for (let from = 0; from < readingsTotal; from += perSegment) {
      for (let index = from; index < from + perSegment; index++)
        builder.push((index % tags) + 1, times[index] as number, values[index] as number, 'good')
      segments.push(builder.encode(from + 1, times[from] as number))
      builder.reset()
    }
    return segments
  }
  encodeAll()
  const [encodeMs, segments] = timed(encodeAll)
  const [decodeMs, decoded] = timed(() => segments.map((segment) => decodeSegment(segment)))
  const [digestMs] = timed(() =>
    decoded.reduce((digest, segment) => digest.addSegment(segment), new RunningDigest()).hex(),
  )
  const perBatch = Math.max(1, Math.floor(100_000 / perSegment))
  const groups = Array.from({ length: Math.ceil(segments.length / perBatch) }, (_, index) =>
    segments.slice(index * perBatch, (index + 1) * perBatch),
  )
  const [packMs, batches] = timed(() => groups.map((group) => encodeReadingsBatch(sender, group)))
  const [unpackMs] = timed(() => batches.map((batch) => decodeBatch(batch)))
  const bytes = (parts: readonly Uint8Array[]) =>
    (parts.reduce((sum, part) => sum + part.length, 0) / readingsTotal).toFixed(2)
  const rate = (ms: number) => `${(readingsTotal / ms / 1_000).toFixed(1)} M/s`
  console.log(
    `${perSegment} a segment: encode ${rate(encodeMs)}, decode ${rate(decodeMs)}, digest ${rate(digestMs)}, ${bytes(segments)} B stored; ` +
      `batches of 100,000: pack ${rate(packMs)}, unpack ${rate(unpackMs)}, ${bytes(batches)} B on the line`,
  )
}

function timed<Result>(run: () => Result): [number, Result] {
  const startMs = performance.now()
  const result = run()
  return [performance.now() - startMs, result]
}
