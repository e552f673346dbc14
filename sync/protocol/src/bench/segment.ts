/**
 * What a reading costs at each level of storage, in bytes and in time, and what reading one tag of a merged segment takes.
 *
 * A plant of so many tags with 2,000 readings a second in all: each tag has a period and a phase of its own, its clock jitters by
 * milliseconds, each reading takes one to five milliseconds to arrive, and what has arrived is committed every 25 ms. Values walk at
 * random in hundredths. Times are the thread's processor time, so that other work on the machine does not count. Run: node sync/protocol/src/bench/segment.ts [readings, 2^21 at first]
 */
import {
  bufferSource,
  decodeBatch,
  decodeSegment,
  encodeReadingsBatch,
  mergeSegments,
  openMerged,
  readSegmentHeader,
  RunningDigest,
  SegmentBuilder,
} from '../index.ts'

const readingsTotal = Number(process.argv[2] ?? 2 ** 21)
const readingsPerSecond = 2_000
const commitMs = 25
const sender = { edge_id: '0193a1b2-0000-7000-8000-000000000001', epoch: '0193a1b2-0000-7000-8000-0000000000e1' }

let seed = 42
const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32

for (const tags of [2_000, 60]) {
  const commits = plant(tags)
  const perCommit = (readingsTotal / commits.length).toFixed(0)
  say(`${tags} tags, commits of about ${perCommit}`, commits)
  let parts = commits
  for (const perSegment of [4_096, 65_536, 1_048_576]) {
    const groups = grouped(parts, perSegment)
    const [mergeMs, merged] = timed(() => groups.map((group) => mergeSegments(group)))
    say(`  merged to ${perSegment} (${rate(mergeMs)})`, merged)
    readCosts(merged, tags)
    parts = merged
  }
}

function plant(tags: number): Uint8Array[] {
  const periodMs = (tags / readingsPerSecond) * 1_000
  const jitterMs = Math.min(10, periodMs / 4)
  const arrivals: { atMs: number; tagNo: number; timeMs: number }[] = []
  const startMs = 1_790_000_000_000
  for (let tagNo = 1; tagNo <= tags; tagNo++) {
    const phaseMs = random() * periodMs
    for (let index = 0; index < readingsTotal / tags; index++) {
      const timeMs = Math.floor(startMs + phaseMs + index * periodMs + (random() - 0.5) * jitterMs)
      arrivals.push({ tagNo, timeMs, atMs: timeMs + 1 + random() * 4 })
    }
  }
  arrivals.sort((left, right) => left.atMs - right.atMs)
  arrivals.length = Math.min(arrivals.length, readingsTotal)
  const hundredths = new Float64Array(tags + 1).fill(8_000)
  const builder = new SegmentBuilder()
  const commits: Uint8Array[] = []
  let firstSeq = 1
  let commitAtMs = startMs + commitMs
  const commit = () => {
    if (builder.count === 0) return
    commits.push(builder.encode(firstSeq, Math.ceil(commitAtMs)))
    firstSeq += builder.count
    builder.reset()
  }
  for (const { tagNo, timeMs, atMs } of arrivals) {
    if (atMs > commitAtMs) {
      commit()
      commitAtMs = atMs + commitMs
    }
    hundredths[tagNo] = (hundredths[tagNo] ?? 0) + Math.round((random() - 0.5) * 20)
    builder.push(tagNo, timeMs, (hundredths[tagNo] ?? 0) / 100, 'good')
  }
  commit()
  return commits
}

function grouped(parts: readonly Uint8Array[], perSegment: number): Uint8Array[][] {
  const groups: Uint8Array[][] = []
  let left = 0
  for (const part of parts) {
    const { count } = readSegmentHeader(part)
    if (left < count) {
      groups.push([])
      left = perSegment
    }
    groups.at(-1)?.push(part)
    left -= count
  }
  return groups
}

function say(what: string, segments: readonly Uint8Array[]): void {
  const [decodeMs, decoded] = timed(() => segments.map((segment) => decodeSegment(segment)))
  const [digestMs] = timed(() =>
    decoded.reduce((digest, segment) => digest.addSegment(segment), new RunningDigest()).hex(),
  )
  console.log(`${what}: ${each(segments)} B stored, decode ${rate(decodeMs)}, digest ${rate(digestMs)}`)
  if (decoded.some(({ count }) => count > 65_536)) return
  const batches = grouped(segments, 100_000)
  const [packMs, packed] = timed(() => batches.map((group) => encodeReadingsBatch(sender, group)))
  const [unpackMs] = timed(() => packed.map((batch) => decodeBatch(batch)))
  console.log(`    batches of 100,000: ${each(packed)} B on the line, pack ${rate(packMs)}, unpack ${rate(unpackMs)}`)
}

/** Of many tags, each segment opened anew: what a chart over a long time does. */
function readCosts(segments: readonly Uint8Array[], tags: number): void {
  const tagNos = Array.from({ length: Math.ceil(500 / segments.length) }, (_, index) => ((index * 37) % tags) + 1)
  const cost = (run: (segment: Uint8Array, tagNo: number) => void) => {
    const all = () => tagNos.forEach((tagNo) => segments.forEach((segment) => run(segment, tagNo)))
    all()
    return `${((timed(all)[0] / tagNos.length / segments.length) * 1_000).toFixed(0)} us`
  }
  const opened = cost((segment) => void openMerged(bufferSource(segment)))
  const stats = cost((segment, tagNo) => void openMerged(bufferSource(segment)).stats(tagNo))
  const read = cost((segment, tagNo) => void openMerged(bufferSource(segment)).readTag(tagNo))
  console.log(`    a segment: opened in ${opened}, with statistics of one tag ${stats}, with its readings ${read}`)
}

function each(segments: readonly Uint8Array[]): string {
  return (segments.reduce((sum, { length }) => sum + length, 0) / readingsTotal).toFixed(2)
}

function rate(ms: number): string {
  return `${(readingsTotal / ms / 1_000).toFixed(1)} M/s`
}

function timed<Result>(run: () => Result): [number, Result] {
  const before = process.threadCpuUsage()
  const result = run()
  const { user, system } = process.threadCpuUsage(before)
  return [(user + system) / 1_000, result]
}
