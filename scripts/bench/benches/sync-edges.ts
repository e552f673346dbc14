import { setTimeout as delay } from 'node:timers/promises'
import { judgmentRecord } from '../../../cloud/server/src/testing/world.ts'
import { cursorPath, encodeReadingsBatch, encodeRecordsBatch, syncPaths } from '@jidoka/sync-protocol'
import type { BenchRow } from '../harness.ts'
import type { BenchCloud, SyncEdge } from './sync-cloud.ts'
import { residentMb } from './sync-cloud.ts'
import { Plant } from './sync-plant.ts'

const edgesCount = 500
/** An hour without a line at a small machine, and what it had to say meanwhile. */
const readingsEach = 3_600
const tagsEach = 20
const recordsEach = 20
/** As the edge's engine has it (`uplinkLimits.retryDelayMsMin`), doubled each time and jittered. */
const retryMsMin = 500
const retryMsMax = 15_000

interface Reconnection {
  readonly urgentP99Ms: number
  readonly memoryMbMax: number
}

/** All edges of a fleet at once, as after a cut at the cloud's end: cursor, then both lanes, each tried until it is receipted. */
export function reconnectRows(cloud: BenchCloud): readonly BenchRow[] {
  let fleet: Promise<readonly SyncEdge[]> | undefined
  let round = 0
  let last: Reconnection = { urgentP99Ms: Number.NaN, memoryMbMax: Number.NaN }
  const readings = new Plant(tagsEach).commit(readingsEach)

  const enrol = async () => {
    const edges: SyncEdge[] = []
    for (let index = 0; index < edgesCount; index++) edges.push(await cloud.enrol(`edge ${index}`))
    return edges
  }

  const reconnect = async (): Promise<Reconnection> => {
    const edges = await (fleet ??= enrol())
    const fromSeq = round++ * recordsEach + 1
    const urgent: number[] = []
    let memoryMbMax = residentMb(cloud.pid)
    const watch = setInterval(() => (memoryMbMax = Math.max(memoryMbMax, residentMb(cloud.pid))), 100)
    const startMs = performance.now()
    try {
      await Promise.all(
        edges.map(async (edge) => {
          await untilTaken(() => edge.request('GET', cursorPath(edge.epoch)))
          const lines = Array.from({ length: recordsEach }, (_, index) =>
            JSON.stringify({ seq: fromSeq + index, ...judgmentRecord(Date.now()) }),
          )
          const records = encodeRecordsBatch({ ...edge.sender, from_seq: fromSeq }, lines)
          await Promise.all([
            untilTaken(() => edge.request('POST', syncPaths.batches, records)).then(() =>
              urgent.push(performance.now() - startMs),
            ),
            // The rows of the first round again later: they are answered as repeats, which costs the same on the way in.
            untilTaken(() => edge.request('POST', syncPaths.batches, encodeReadingsBatch(edge.sender, [readings]))),
          ])
        }),
      )
    } finally {
      clearInterval(watch)
    }
    if (urgent.length !== edgesCount) throw new Error(`only ${urgent.length} of ${edgesCount} edges got through`)
    urgent.sort((left, right) => left - right)
    return { urgentP99Ms: urgent[Math.floor(edgesCount * 0.99)] as number, memoryMbMax }
  }

  return [
    {
      name: '500 edges reconnecting at once, urgent p99, ms',
      unit: 'ms',
      subject: async () => {
        last = await reconnect()
        return last.urgentP99Ms
      },
    },
    {
      name: '500 edges reconnecting at once, memory of the cloud, MB',
      unit: 'MB',
      subject: () => Promise.resolve(last.memoryMbMax),
    },
  ]
}

/** A request is lost when it is answered with anything but itself or "later"; a connection that fails is tried again as an edge does. */
async function untilTaken(send: () => Promise<Response>): Promise<void> {
  for (let retryMs = retryMsMin; ; retryMs = Math.min(retryMs * 2, retryMsMax)) {
    let waitMs = retryMs
    try {
      const response = await send()
      const text = await response.text()
      if (response.ok) return
      if (response.status !== 503 && response.status !== 429)
        throw new Error(`refused with ${response.status}: ${text}`)
      waitMs = Math.max(waitMs, Number(response.headers.get('retry-after') ?? 0) * 1_000)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error // fetch's own: the connection failed
    }
    await delay(waitMs * (0.5 + Math.random() / 2))
  }
}
