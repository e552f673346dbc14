import { mkdirSync } from 'node:fs'
import { SegmentBuilder } from '@jidoka/sync-protocol'
import Sqlite from 'better-sqlite3'
import { journalFile } from '../../server/src/store/database.ts'
import { migrations } from '../../server/src/store/migrations.ts'
import { tagKeyOf, textOf } from '../publisher/kinds.ts'
import type { PublisherKind } from '../publisher/kinds.ts'
import { Ledger } from '../publisher/ledger.ts'

/** The store that the first release wrote. */
const oldVersion = 2

const old: PublisherKind = {
  name: 'OLD',
  qos: 1,
  clean: true,
  window: 1,
  // No rule looks at texts: verdicts of an older store were counted otherwise.
  value: 'text',
  samples: 1,
  withTime: true,
}

/** Enough readings that bringing the store up to date takes a moment. */
const segmentCount = 400
const segmentReadings = 50

/** A data folder as an older appliance left it. Returns the record of what its publisher had been acknowledged. */
export function makeOldFolder(folder: string): Ledger {
  mkdirSync(folder, { recursive: true })
  const database = new Sqlite(journalFile(folder))
  try {
    database.pragma('journal_mode = WAL')
    for (const step of migrations) if (step.version <= oldVersion) database.exec(step.sql)
    database.pragma(`user_version = ${oldVersion}`)
    const ledger = new Ledger(old)
    database.transaction(() => fill(database, ledger))()
    return ledger
  } finally {
    database.close()
  }
}

function fill(database: Sqlite.Database, ledger: Ledger): void {
  const tagNo = 1
  database
    .prepare('insert into tags (tag_no, key, kind, unit) values (?, ?, ?, ?)')
    .run(tagNo, tagKeyOf(old), 'text', '')
  const segment = database.prepare(
    'insert into reading_segments (first_seq, count, received_ms, from_ms, to_ms, body) values (?, ?, ?, ?, ?, ?)',
  )
  const builder = new SegmentBuilder()
  // Young enough to be seen before retention takes it.
  const startMs = Date.now() - segmentCount
  for (let index = 0; index < segmentCount; index++) {
    const atMs = startMs + index
    builder.reset()
    for (let each = 0; each < segmentReadings; each++) {
      const message = ledger.next()
      ledger.acknowledge(message)
      builder.push(tagNo, atMs + each, textOf(message), 'good')
    }
    const firstSeq = index * segmentReadings + 1
    segment.run(firstSeq, segmentReadings, atMs, atMs, atMs + segmentReadings - 1, builder.encode(firstSeq, atMs))
  }
  database.prepare("update lanes set next_seq = ? where lane = 'readings'").run(segmentCount * segmentReadings + 1)
}
