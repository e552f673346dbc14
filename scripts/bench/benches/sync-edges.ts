import { setTimeout as delay } from 'node:timers/promises'
import { isErrno } from '@jidoka/base'
import { retryAfterMs } from '@jidoka/sync-engine'
import { judgmentRecord } from '../../../cloud/server/src/testing/world.ts'
import { cursorPath, encodeReadingsBatch, encodeRecordsBatch, refusalSchema, syncPaths } from '@jidoka/sync-protocol'
import type { BenchRow } from '../harness.ts'
import type { BenchCloud, SyncEdge } from './sync-cloud.ts'
import type { Exchanged } from './sync-exchange.ts'
import { residentMb } from './sync-cloud.ts'
import { Plant } from './sync-plant.ts'

const edgesCount = 500
/** An hour without a line at a small machine, and what it had to say meanwhile. */
const readingsEach = 3_600
const tagsEach = 20
const recordsEach = 20
/** Let in beside each other before anything is measured. */
const enrolledAtOnce = 20

interface Reconnection {
  readonly urgentP99Ms: number
  readonly memoryMbMax: number
}

/** All edges of a fleet at once, as after a cut at the cloud's end: cursor, then both lanes, each tried until it is receipted. */
export function reconnectRows(cloud: BenchCloud): readonly BenchRow[] {
  let fleet: Promise<readonly SyncEdge[]> | undefined
  let round = 0
  /** Of each round that has gone, until it is asked for. */
  const memoryMb: number[] = []
  /** All machines are the same one, and it goes on each round: what comes has never come before. */
  const plant = new Plant(tagsEach)

  const enrol = async () => {
    const edges: SyncEdge[] = []
    while (edges.length < edgesCount) {
      const names = Array.from({ length: enrolledAtOnce }, (_, index) => `edge ${edges.length + index}`)
      edges.push(...(await Promise.all(names.map((name) => cloud.enrol(name)))))
    }
    return edges
  }

  const reconnect = async (): Promise<Reconnection> => {
    const edges = await (fleet ??= enrol())
    const fromSeq = round++ * recordsEach + 1
    const readings = plant.commit(readingsEach)
    // Made before the clock runs: on a plant each edge has a machine of its own for it.
    const prepared = edges.map((edge) => {
      const lines = Array.from({ length: recordsEach }, (_, index) =>
        JSON.stringify({ seq: fromSeq + index, ...judgmentRecord(Date.now()) }),
      )
      const records = encodeRecordsBatch({ ...edge.sender, from_seq: fromSeq }, lines)
      return { edge, records, readings: encodeReadingsBatch(edge.sender, [readings]) }
    })
    const urgent: number[] = []
    let memoryMbMax = residentMb(cloud.pid)
    const watch = setInterval(() => (memoryMbMax = Math.max(memoryMbMax, residentMb(cloud.pid))), 100)
    const startMs = performance.now()
    try {
      await Promise.all(
        prepared.map(async ({ edge, ...batches }) => {
          await untilTaken(() => edge.exchange('GET', cursorPath(edge.epoch)))
          await Promise.all([
            untilTaken(() => edge.exchange('POST', syncPaths.batches, batches.records)).then(() =>
              urgent.push(performance.now() - startMs),
            ),
            untilTaken(() => edge.exchange('POST', syncPaths.batches, batches.readings)),
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
        const reconnection = await reconnect()
        memoryMb.push(reconnection.memoryMbMax)
        return reconnection.urgentP99Ms
      },
    },
    {
      name: '500 edges reconnecting at once, memory of the cloud, MB',
      unit: 'MB',
      // One row after the other is measured, so each round of this one stands for the round of the row above that it was measured in.
      subject: async () => memoryMb.shift() ?? (await reconnect()).memoryMbMax,
    },
  ]
}

/** A request is lost when it is answered with anything but itself or "later"; tried again as the engine of an edge does. */
async function untilTaken(send: () => Promise<Exchanged>): Promise<void> {
  for (let tries = 1; ; tries++) {
    let askedMs = 0
    try {
      const { status, text } = await send()
      if (status === 200) return
      if (status !== 503) throw new Error(`refused with ${status}: ${text}`)
      const refusal = refusalSchema.parse((JSON.parse(text) as { refusal?: unknown }).refusal)
      askedMs = refusal.kind === 'busy' ? refusal.retry_after_ms : 0
    } catch (error) {
      if (!isErrno(error)) throw error // of a connection that failed
    }
    await delay(retryAfterMs(askedMs, tries, Math.random()))
  }
}
