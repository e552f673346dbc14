import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { nodeRedFile, sqliteVersion } from '../../../edge/server/bench/peers.ts'
import { mosquittoFile } from '../../../edge/server/bench/processes.ts'
import { edgeRows } from '../../../edge/server/bench/rows.ts'
import { storeRows } from '../../../edge/server/bench/store-rows.ts'
import type { Bench } from '../harness.ts'
import { bench as board } from './board.ts'
import { memoryAfter } from './memory.ts'

/** What one life of an appliance gave: the row of its growth is measured together with the row of its size. */
let memory: readonly number[] = []

export const bench: Bench = {
  // Mosquitto's help ends with an exit code of its own in some versions, so only what it prints counts.
  about: async () => [
    `mosquitto ${mosquittoFile === null ? 'absent' : spawnSync(mosquittoFile, ['-h'], { encoding: 'utf8' }).stdout.split('\n')[0]}`,
    `node-red ${nodeRedFile === null ? 'absent' : (JSON.parse(readFileSync(new URL('package.json', `file://${nodeRedFile}`), 'utf8')) as { version: string }).version}`,
    `SQLite ${sqliteVersion()}`,
  ],
  async prepare() {
    const stream = await board.prepare()
    const stores = storeRows()
    return {
      rows: [
        ...edgeRows,
        {
          name: 'resident memory after 10 million readings and 1,000 rules, MB',
          unit: 'MB',
          subject: async () => {
            memory = await memoryAfter([5, 10])
            return memory[1] ?? Number.NaN
          },
        },
        {
          name: 'resident memory after 10 million readings against after 5 million',
          unit: 'MB',
          subject: () => Promise.resolve(memory[1] ?? Number.NaN),
          peer: () => Promise.resolve(memory[0] ?? Number.NaN),
        },
        ...stores.rows,
        ...(typeof stream === 'string' ? [] : stream.rows),
      ],
      close: async () => {
        stores.close()
        if (typeof stream !== 'string') await stream.close()
      },
    }
  },
}
