import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { answer, asked, percentile } from './ring.ts'

/** The yardstick of the journal: better-sqlite3 alone, a row a reading, write-ahead log with `synchronous=FULL`. */
export interface RawQuestion {
  readonly rowsPerCommit: number
  readonly commits: number
  readonly warmUpCommits: number
}
export interface RawAnswer {
  readonly rowsPerS: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const { rowsPerCommit, commits, warmUpCommits } = asked() as RawQuestion
const folder = mkdtempSync(join(tmpdir(), 'jidoka-bench-'))
const database = new Sqlite(join(folder, 'raw.db'))
database.pragma('journal_mode = WAL')
database.pragma('synchronous = FULL')
database.exec(
  'create table readings (seq integer primary key, tag integer not null, time_ms integer not null, value real not null)',
)
const insert = database.prepare('insert into readings (tag, time_ms, value) values (?, ?, ?)')
const commit = database.transaction((from: number) => {
  const timeMs = Date.now()
  for (let row = 0; row < rowsPerCommit; row++) insert.run((from + row) % 60, timeMs, 70 + ((from + row) % 500) / 100)
})
const durationsMs: number[] = []
for (let index = 0; index < warmUpCommits + commits; index++) {
  const startMs = performance.now()
  commit(index * rowsPerCommit)
  if (index >= warmUpCommits) durationsMs.push(performance.now() - startMs)
}
database.close()
rmSync(folder, { recursive: true, force: true })
const seconds = durationsMs.reduce((sum, each) => sum + each, 0) / 1_000
answer({
  rowsPerS: (commits * rowsPerCommit) / seconds,
  p50Ms: percentile(durationsMs, 0.5),
  p99Ms: percentile(durationsMs, 0.99),
} satisfies RawAnswer)
