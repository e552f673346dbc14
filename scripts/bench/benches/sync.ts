import type { Bench } from '../harness.ts'
import { desiredRow, drainMemoryRow } from './sync-appliance.ts'
import { startBenchCloud } from './sync-cloud.ts'
import { drainRow } from './sync-drain.ts'
import { reconnectRows } from './sync-edges.ts'
import { dayRow, liveBytesRow } from './sync-sizes.ts'
import { wireRows } from './sync-wire.ts'

/** `npm run bench sync -- --full` drains ten million readings a round; without it one. */
const drained = process.argv.includes('--full') ? 10_000_000 : 1_000_000

export const bench: Bench = {
  about: async () => [`${drained.toLocaleString('en')} readings a drain`, '2,000 tags at 1/s, from one seed'],
  async prepare() {
    const cloud = await startBenchCloud()
    if (typeof cloud === 'string') return cloud
    const day = dayRow(cloud)
    return {
      rows: [
        drainRow(cloud, drained),
        liveBytesRow(cloud),
        day.row,
        ...wireRows(),
        drainMemoryRow(cloud),
        ...reconnectRows(cloud),
        desiredRow(cloud),
      ],
      close: async () => {
        await day.close()
        await cloud.close()
      },
    }
  },
}
