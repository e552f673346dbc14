import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, ManualClock } from '@jidoka/base'
import type { KeptReceiptView } from '@jidoka/contract'
import Sqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { journalFile } from '../store/database.ts'
import { ReceiptDesk, ReceiptDeskError } from './receipt-desk.ts'
import { verifyMore, verifyOne } from './receipt-verify.ts'
import { LineOnFolder } from './testing/line-on-folder.ts'
import { LoopbackCloud } from './testing/loopback-cloud.ts'

/** Real journals and threads, on a machine that may be busy with other tests. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const waits = { timeout: 30_000, interval: 20 }

let cloud: LoopbackCloud
let folder: string
let edge: LineOnFolder
let desk: ReceiptDesk
/** Time that each look at the clock takes. */
let slowMs: number

beforeEach(async () => {
  cloud = new LoopbackCloud()
  await cloud.start()
  folder = mkdtempSync(join(tmpdir(), 'jidoka-receipts-'))
  edge = await LineOnFolder.open(folder, cloud)
  for (const start of [0, 100, 200]) {
    await edge.send(Array.from({ length: 20 }, (_, index) => start + index))
    await vi.waitUntil(edge.isEverythingReceipted, waits)
  }
  slowMs = 0
  desk = new ReceiptDesk({
    reader: edge.reader,
    identity: edge.identity,
    verifyOne: (question) => Promise.resolve(verifyOne(edge.reader, question)),
    verifyMore: (question) => {
      let elapsedMs = 0
      return Promise.resolve(verifyMore(edge.reader, question, () => (elapsedMs += slowMs)))
    },
    clock: new ManualClock(),
    log: createLog('test', { level: 'silent' }),
  })
})
afterEach(async () => {
  await edge.stop()
  await cloud.stop()
  rmSync(folder, { recursive: true })
})

const inJournal = (sql: string): void => {
  const database = new Sqlite(journalFile(folder))
  database.exec(sql)
  database.close()
}
const readings = (): readonly KeptReceiptView[] => desk.list({ lane: 'readings', limit: 50 }).receipts
const verified = async () => {
  desk.beginVerification()
  await vi.waitUntil(() => desk.verification().state !== 'running', waits)
  return desk.verification()
}

describe('receipts that are kept', () => {
  test('are listed newest first, each with the rows behind the one before it, in pages without a gap', () => {
    const all = desk.list({ limit: 50 }).receipts
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((left, right) => right - left))
    const ofLane = readings().toReversed()
    expect(ofLane[0]).toMatchObject({ from_seq: null, rows: null, is_present_epoch: true })
    for (const [index, receipt] of ofLane.entries()) {
      const before = ofLane[index - 1]
      if (before === undefined) continue
      expect(receipt.from_seq).toBe(before.up_to_seq + 1)
      expect(receipt.rows).toBe(receipt.up_to_seq - before.up_to_seq)
    }
    expect(ofLane.at(-1)).toMatchObject({ up_to_seq: 60, rows_total: 60, key_id: 'k1' })
    const paged: number[] = []
    for (let beforeId: number | undefined; ;) {
      const { receipts, next } = desk.list({ beforeId, limit: 2 })
      paged.push(...receipts.map(({ id }) => id))
      if (next === null) break
      beforeId = next
    }
    expect(paged).toEqual(all.map(({ id }) => id))
  })

  test('begin with the one that an outage ended with, where its number is asked for', () => {
    const [, second] = readings()
    const upToSeq = second?.up_to_seq ?? 0
    expect(desk.list({ lane: 'readings', upToSeq, limit: 1 }).receipts).toEqual([second])
    expect(desk.list({ lane: 'readings', upToSeq: upToSeq - 1, limit: 1 }).receipts[0]?.id).toBeLessThan(
      second?.id ?? 0,
    )
  })
})

describe('verification without a line', () => {
  beforeEach(() => cloud.stop())

  test('finds that all hold, in as many steps as it takes', async () => {
    const { state, counts, wrong } = await verified()
    expect([state, wrong]).toEqual(['done', []])
    const count = desk.list({ limit: 200 }).receipts.length
    expect(counts).toEqual({ rows_match: count })
    slowMs = 10_000
    expect((await verified()).counts).toEqual({ rows_match: count })
    for (const { id } of readings()) expect(await desk.verify(id)).toBe('rows_match')
  })

  test('I4: names the receipt that was forged, and no other', async () => {
    const [newest, forged] = readings()
    if (newest === undefined || forged === undefined) throw new Error('too few receipts')
    inJournal(`update receipt_history set body = json_set(body, '$.count_total', 999999) where id = ${forged.id}`)
    expect(await desk.verify(forged.id)).toBe('bad_signature')
    // The one behind it is held against the last one that is signed.
    expect(await desk.verify(newest.id)).toBe('rows_match')
    const { state, wrong, counts } = await verified()
    expect(state).toBe('done')
    expect(wrong).toMatchObject([
      { id: forged.id, lane: 'readings', up_to_seq: forged.up_to_seq, verdict: 'bad_signature' },
    ])
    expect(counts.bad_signature).toBe(1)
  })

  test('I4: names a receipt of a stranger, and one whose rows were changed here', async () => {
    const [newest, second] = readings()
    if (newest === undefined || second === undefined) throw new Error('too few receipts')
    inJournal(`update receipt_history set body = json_set(body, '$.key_id', 'k9') where id = ${newest.id}`)
    inJournal(`update records set line = replace(line, 'PRESS-1', 'PRESS-9'), crc = null where kind = 'tag'`)
    const { wrong } = await verified()
    expect(wrong.find(({ id }) => id === newest.id)).toMatchObject({ verdict: 'unknown_key' })
    expect(wrong.filter(({ lane }) => lane === 'records')).toMatchObject([{ verdict: 'other_rows' }])
    expect(wrong.filter(({ lane }) => lane === 'readings')).toHaveLength(1)
  })

  test('says where rows are not held any more that the signature is all it knows', async () => {
    inJournal('delete from reading_segments where first_seq <= 20')
    const oldest = readings().at(-1)
    expect(await desk.verify(oldest?.id ?? 0)).toBe('signed')
    expect((await verified()).counts.signed).toBeGreaterThan(0)
  })

  test('runs once at a time, and does not know what is not kept', async () => {
    desk.beginVerification()
    expect(() => desk.beginVerification()).toThrow(ReceiptDeskError)
    await vi.waitUntil(() => desk.verification().state === 'done', waits)
    expect(await desk.verify(9_999_999)).toBeNull()
  })

  test('of an appliance that was never enrolled is refused with the reason', () => {
    const alone = new ReceiptDesk({
      reader: edge.reader,
      identity: { enrolled: null },
      verifyOne: () => Promise.resolve(null),
      verifyMore: () => Promise.reject(new Error('not to be asked')),
      clock: new ManualClock(),
      log: createLog('test', { level: 'silent' }),
    })
    expect(() => alone.beginVerification()).toThrow('never enrolled')
  })
})
