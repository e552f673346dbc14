import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'

/** Where the set-up of the benchmark puts peers that come as packages; see scripts/bench/set-up.ts. */
export const peersFolder = fileURLToPath(new URL('../../../data/bench-peers', import.meta.url))

const nodeRedEntry = `${peersFolder}/node_modules/node-red/red.js`
export const nodeRedFile = existsSync(nodeRedEntry) ? nodeRedEntry : null

export function sqliteVersion(): string {
  const database = new Sqlite(':memory:')
  try {
    return String(database.prepare('select sqlite_version()').pluck().get())
  } finally {
    database.close()
  }
}
