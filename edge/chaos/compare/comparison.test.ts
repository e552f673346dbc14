import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '@jidoka/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import Sqlite from 'better-sqlite3'
import { openPipeline } from '../../server/src/pipeline/index.ts'
import { journalFile } from '../../server/src/store/database.ts'
import { payloadOf, topicOf, usual } from '../publisher/kinds.ts'
import type { PublisherKind } from '../publisher/kinds.ts'
import { Ledger } from '../publisher/ledger.ts'
import { tenantId } from '../subject/options.ts'
import { Comparison } from './comparison.ts'

/*
 * A comparison that finds nothing must have been able to find it: each thing that must not be is done to a real store
 * here, by hand.
 */
const kind: PublisherKind = { ...usual, name: 'TEXT', value: 'text' }
const log = createLog('test', { level: 'silent' })
let folder: string
let ledger: Ledger
let comparison: Comparison

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-comparison-'))
  ledger = new Ledger(kind)
  comparison = new Comparison()
  await publish(...Array.from({ length: 5 }, () => ledger.next()))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Each message in a commit of its own. */
async function publish(...messages: readonly number[]): Promise<void> {
  const pipeline = await openPipeline({ dataFolder: folder, tenantId, log })
  for (const message of messages) {
    await new Promise<void>((resolve, reject) => {
      const payload = Buffer.from(payloadOf(kind, message))
      pipeline.ingest({ topic: topicOf(kind), payload, source: 'test', qos: 1 }, (error) =>
        error ? reject(error) : resolve(),
      )
    })
    ledger.acknowledge(message)
  }
  await pipeline.stop()
}

function spoil(sql: string): void {
  const database = new Sqlite(journalFile(folder))
  try {
    if (database.prepare(sql).run().changes === 0) throw new Error(`nothing was changed by ${sql}`)
  } finally {
    database.close()
  }
}

const look = () => comparison.look(folder, [ledger], true)

test('a store that holds what was acknowledged is clean', () => {
  expect(look()).toMatchObject({ acknowledged: 5, lostCount: 0, doubledCount: 0, faults: [], readings: 5 })
})

test('finds an acknowledged message that is not stored', () => {
  ledger.acknowledge(ledger.next())
  expect(look()).toMatchObject({ lostCount: 1, lost: ['TEXT 6'] })
})

test('asks nothing of a message that was not acknowledged', () => {
  ledger.next()
  expect(look()).toMatchObject({ lostCount: 0 })
})

test('finds a message that is stored twice', async () => {
  look()
  await publish(3)
  expect(look()).toMatchObject({ doubledCount: 1, doubled: ['TEXT 3 (QoS 1)'] })
})

test('finds a reading that nobody has sent', async () => {
  await publish(17)
  expect(look().faults).toEqual(['nobody has sent the reading 6'])
})

test('finds a hole that no gap accounts for', () => {
  spoil('delete from reading_segments where first_seq = 3')
  expect(look().faults.join()).toContain('the readings from 3 to 3 are missing, and no gap says why')
})

test('accepts a gap once it has seen what was there, and not before', () => {
  const drop = () => {
    spoil('delete from reading_segments where first_seq = 1')
    spoil("insert into gaps (lane, from_seq, to_seq, count, reason, at_ms) values ('readings', 1, 1, 1, 'pruned', 0)")
  }
  look()
  drop()
  expect(look()).toMatchObject({ lostCount: 0, faults: [], gaps: 1 })
  comparison = new Comparison()
  expect(look().faults.join()).toContain('dropped before they were compared')
})

test('what was dropped for space hides no loss elsewhere', async () => {
  comparison = new Comparison({ spaceIsShort: true })
  look()
  ledger.acknowledge(ledger.next())
  await publish(...Array.from({ length: 4 }, () => ledger.next()))
  // The readings 7 to 10 are 6 to 9 in the lane; 6 was never stored.
  spoil('delete from reading_segments where first_seq in (8, 9)')
  spoil("insert into gaps (lane, from_seq, to_seq, count, reason, at_ms) values ('readings', 8, 9, 2, 'space', 0)")
  expect(look()).toMatchObject({ lostCount: 1, lost: ['TEXT 6'], faults: [] })
  expect(look()).toMatchObject({ lostCount: 1, lost: ['TEXT 6'], faults: [] })
})

test('finds what was dropped for space where the disk was never short of it', () => {
  spoil('delete from reading_segments where first_seq = 2')
  spoil("insert into gaps (lane, from_seq, to_seq, count, reason, at_ms) values ('readings', 2, 2, 1, 'space', 0)")
  expect(look()).toMatchObject({ lostCount: 1 })
  expect(look().faults).toEqual([])
  comparison = new Comparison()
  expect(look().faults.join()).toContain('the readings from 2 to 2 were dropped before they were compared')
})

test('finds a range that was set aside as damaged', () => {
  look()
  spoil('delete from reading_segments where first_seq = 1')
  spoil("insert into gaps (lane, from_seq, to_seq, count, reason, at_ms) values ('readings', 1, 1, 1, 'damaged', 0)")
  expect(look().faults).toEqual(['the readings from 1 to 1 were set aside as damaged'])
})

test('finds a row that says something else than before', () => {
  look()
  // With its checksum taken away: the appliance's own reader would not show it otherwise.
  spoil('update records set crc = null, line = replace(line, \'"at_ms":\', \'"at_ms":1\') where seq = 1')
  expect(look().faults).toEqual(['the records from 1 on say something else than before'])
})

test('finds a lane that went back', () => {
  look()
  spoil("update lanes set next_seq = 4 where lane = 'readings'")
  spoil('delete from reading_segments where first_seq > 3')
  expect(look().faults.join()).toContain('the readings lane went back from 5 to 3')
})
