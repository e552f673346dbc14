import { encodeReadingsBatch } from '@jidoka/sync-protocol'
import type { BenchRow } from '../harness.ts'
import type { BenchCloud } from './sync-cloud.ts'
import { RowStore } from './sync-peer.ts'
import { Plant, tagsOfPlant } from './sync-plant.ts'

/** Two segments, a fifth of a megabyte on the line: what the edge begins with on a fast one. Both ends of the comparison take as many at once. */
const readingsPerBatch = 131_072

/** A backlog as it leaves the edge, into the real cloud: signature, decoding, checks, digests, rows, rollups, ranges, cursor and receipt. */
export function drainRow(cloud: BenchCloud, readings: number): BenchRow {
  const batches = Math.max(1, Math.round(readings / readingsPerBatch))
  return {
    name: 'drain of a backlog into PostgreSQL, against an unnest insert into indexed rows',
    unit: 'readings/s',
    subject: async () => {
      const edge = await cloud.enrol('drain')
      const plant = new Plant(tagsOfPlant)
      let sendingMs = 0
      for (let batch = 0; batch < batches; batch++) {
        const bytes = encodeReadingsBatch(edge.sender, plant.merged(readingsPerBatch))
        const startMs = performance.now()
        await edge.send(bytes)
        sendingMs += performance.now() - startMs
      }
      return (batches * readingsPerBatch) / (sendingMs / 1_000)
    },
    peer: async () => {
      const rows = await RowStore.create(cloud.store.backend.pool)
      const plant = new Plant(tagsOfPlant)
      let insertingMs = 0
      for (let batch = 0; batch < batches; batch++) {
        const columns = RowStore.batch(plant, readingsPerBatch)
        const startMs = performance.now()
        await rows.insert(columns)
        insertingMs += performance.now() - startMs
      }
      return (batches * readingsPerBatch) / (insertingMs / 1_000)
    },
  }
}
