import { createLog, ManualClock, systemClock } from '@jidoka/base'
import { encodeReadingsBatch } from '@jidoka/sync-protocol'
import { ReadingsMerger } from '../../../cloud/server/src/modules/fleet/readings/merge-job.ts'
import { Database } from '../../../cloud/server/src/platform/db/database.ts'
import { World } from '../../../cloud/server/src/testing/world.ts'
import type { BenchRow } from '../harness.ts'
import type { BenchCloud } from './sync-cloud.ts'
import { RowStore } from './sync-peer.ts'
import { Plant, tagsOfPlant } from './sync-plant.ts'

const startMs = Date.UTC(2026, 10, 1)
/** Ranges of 65,536 numbers, each half a minute of this plant: what is merged and given back is used again from the second on. */
const warmUpRanges = 3
const measuredRanges = 4
const rangeReadings = 65_536

const tagsOfDay = 20
const secondsOfDay = 86_400
const readingsPerBatch = 131_072

/**
 * What a plant's readings take in PostgreSQL: live, a batch a second, merged and vacuumed as it goes on, indexes and rollups included.
 * Growth between two instants of a running plant, since the first minute's small rows leave room that the next ones use.
 */
export function liveBytesRow(cloud: BenchCloud): BenchRow {
  return {
    name: 'bytes a reading in PostgreSQL, live batches of a second, merged',
    unit: 'B',
    subject: async () => {
      const store = await cloud.server.newStore()
      const world = await World.open(store, { clock: new ManualClock(startMs) })
      try {
        const { pool } = store.backend
        const database = new Database(store.backend, { clock: systemClock })
        const merger = new ReadingsMerger({
          database,
          clock: systemClock,
          log: createLog('bench', { level: 'silent' }),
        })
        const edge = await world.newEdge()
        const plant = new Plant(tagsOfPlant, startMs)
        const until = async (seq: number) => {
          let rangesDone = Math.floor((plant.seq - 1) / rangeReadings)
          while (plant.seq <= seq) {
            const answer = await edge.send(encodeReadingsBatch(edge.sender, [plant.commit(tagsOfPlant)]))
            if (answer.status !== 200) throw new Error(`the cloud took no batch: ${JSON.stringify(answer.body)}`)
            if (Math.floor((plant.seq - 1) / rangeReadings) === rangesDone) continue
            rangesDone++
            while (await merger.step());
            // As autovacuum does every minute or so.
            for (const table of ['core.reading_segments', 'core.reading_rollups', 'fleet.ranges'])
              await pool.query(`vacuum ${table}`)
          }
          return plant.seq - 1
        }
        const bytes = async () =>
          Number(
            (
              await pool.query<{ bytes: string }>(
                `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c
                 where c.relkind = 'r' and (c.relname like 'reading\\_segments%' or c.relname in ('reading_rollups', 'ranges'))`,
              )
            ).rows[0]?.bytes,
          )
        const fromSeq = await until(warmUpRanges * rangeReadings)
        const fromBytes = await bytes()
        const toSeq = await until((warmUpRanges + measuredRanges) * rangeReadings)
        return ((await bytes()) - fromBytes) / (toSeq - fromSeq)
      } finally {
        await world.close()
      }
    },
  }
}

/** A day of one tag of a small plant, out of the view that everybody reads and out of indexed rows: count, mean, last. */
export function dayRow(cloud: BenchCloud): { readonly row: BenchRow; close(): Promise<void> } {
  const total = tagsOfDay * secondsOfDay
  let ready: Promise<{ readonly world: World; readonly edgeId: string }> | undefined
  const prepare = async () => {
    const store = await cloud.server.newStore()
    const world = await World.open(store, { clock: new ManualClock(startMs + secondsOfDay * 1_000) })
    const edge = await world.newEdge()
    const [plant, same] = [new Plant(tagsOfDay, startMs), new Plant(tagsOfDay, startMs)]
    const rows = await RowStore.create(store.backend.pool)
    for (let sent = 0; sent < total; sent += readingsPerBatch) {
      const count = Math.min(readingsPerBatch, total - sent)
      await edge.send(encodeReadingsBatch(edge.sender, plant.merged(count)))
      await rows.insert(RowStore.batch(same, count))
    }
    for (const table of ['core.reading_segments', 'peer_readings'])
      await store.backend.pool.query(`vacuum (analyze) ${table}`)
    return { world, edgeId: edge.id }
  }
  const perS = async (text: string, values: (edgeId: string) => readonly unknown[]) => {
    const { world, edgeId } = await (ready ??= prepare())
    const { pool } = world.store.backend
    const times: number[] = []
    for (let round = 0; round < 9; round++) {
      const askedAt = performance.now()
      const { rows } = await pool.query<{ n: string }>(text, [...values(edgeId), 1 + (round % tagsOfDay)])
      times.push(performance.now() - askedAt)
      if (Math.abs(Number(rows[0]?.n) - secondsOfDay) > 2) throw new Error(`the day has ${rows[0]?.n} readings`)
    }
    return 1_000 / (times.toSorted((left, right) => left - right)[times.length >> 1] as number)
  }
  const row: BenchRow = {
    name: "one tag's day through core.sensor_events, against the same from indexed rows",
    unit: 'days/s',
    subject: () =>
      perS(
        'select count(*) as n, avg(value), max(time) from core.sensor_events where edge_id = $1 and tag_no = $2',
        (edgeId) => [edgeId],
      ),
    peer: () =>
      perS('select count(*) as n, avg(value), max(time) from peer_readings where edge_id = $1 and tag_no = $2', () => [
        1,
      ]),
  }
  return {
    row,
    close: async () => {
      if (ready !== undefined) await (await ready).world.close()
    },
  }
}
