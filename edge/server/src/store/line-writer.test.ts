import { RangeSum, rangeRows } from '@jidoka/sync-protocol'
import type { Lane, RangeTally, Receipt } from '@jidoka/sync-protocol'
import Sqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { closeInOrder, journalFile, meta, migrate, openForReading, openForWriting, setMeta } from './database.ts'
import type { Database } from './database.ts'
import { receiptedSeq, replaceEpoch, startSeqs } from './epochs.ts'
import { LineWriter, receiptLimits } from './line-writer.ts'
import { migrations } from './migrations.ts'
import { LineReader } from './read-line.ts'
import { lineBounds } from './segment-replacer.ts'

let folder: string
let database: Database
let writer: LineWriter
let reader: LineReader
beforeEach(() => {
  folder = newFolder()
  database = openForWriting(folder, 0).database
  database.pragma('synchronous = OFF')
  writer = new LineWriter(database)
  reader = new LineReader(database)
})
afterEach(() => {
  closeInOrder(database)
  removeFolder(folder)
})

const receiptOf = (lane: Lane, upTo: number, epoch = meta(database, 'epoch') ?? ''): Receipt => ({
  protocol: '1.2',
  edge_id: '0193a1b2-0000-7000-8000-000000000001',
  epoch,
  lane,
  up_to_seq: upTo,
  count_total: upTo,
  digest: '0123456789abcdef',
  received_at_ms: upTo,
  key_id: 'k1',
  signature: 'A'.repeat(86),
})

const sumOf = (...lines: number[]): string =>
  lines.reduce((sum, seq) => sum.addRecordLine(seq, String(seq)), new RangeSum()).hex()
/** Records of these numbers, by range. */
const counted = (afterSeq: number, ...seqs: number[]) => {
  const tallies = new Map<number, RangeTally>()
  for (const range of new Set(seqs.map((seq) => Math.floor((seq - 1) / rangeRows)))) {
    const its = seqs.filter((seq) => Math.floor((seq - 1) / rangeRows) === range)
    tallies.set(range, { count: its.length, sum: sumOf(...its), upToSeq: its.at(-1) ?? 0 })
  }
  return { afterSeq, tallies }
}

describe('sums of ranges', () => {
  test('grow with each receipt, over the edge of a range, and a dropped range adds nothing', () => {
    writer.receipt(receiptOf('records', 2), counted(0, 1, 2))
    // 3 and 4 were dropped.
    writer.receipt(receiptOf('records', 4), { afterSeq: 2, tallies: new Map() })
    writer.receipt(receiptOf('records', rangeRows + 1), counted(4, 5, rangeRows, rangeRows + 1))
    expect(reader.rangeSums('records', 0, 10)).toEqual([
      { range: 0, fromSeq: 1, upToSeq: rangeRows, count: 4, sum: sumOf(1, 2, 5, rangeRows) },
      { range: 1, fromSeq: rangeRows + 1, upToSeq: rangeRows + 1, count: 1, sum: sumOf(rangeRows + 1) },
    ])
    expect(reader.rangeSums('records', 1, 10)).toHaveLength(1)
    expect(reader.rangeSums('readings', 0, 10)).toEqual([])
  })

  test('are begun anew, and say from where on, when a receipt was lost in between or the cloud was set back', () => {
    writer.receipt(receiptOf('records', 2), counted(0, 1, 2))
    // The receipt of 3 came with a cursor after a crash: nobody has counted its rows.
    writer.receipt(receiptOf('records', 3), undefined)
    writer.receipt(receiptOf('records', 5), counted(3, 4, 5))
    expect(reader.rangeSums('records', 0, 10)).toEqual([
      { range: 0, fromSeq: 4, upToSeq: 5, count: 2, sum: sumOf(4, 5) },
    ])
    // Set back to 1, and sent again: nothing counts twice.
    writer.receipt(receiptOf('records', 1), undefined)
    writer.receipt(receiptOf('records', 5), counted(1, 2, 3, 4, 5))
    expect(reader.rangeSums('records', 0, 10)).toMatchObject([{ fromSeq: 2, count: 4, sum: sumOf(2, 3, 4, 5) }])
  })

  test('S18: hold nothing of what a set-back cloud was told as pruned, though nobody counted the receipt of it', () => {
    writer.receipt(receiptOf('records', 3), counted(0, 1, 2, 3))
    writer.receipt(receiptOf('records', 1), undefined)
    // 2 and 3 were pruned. The receipt of that came with a cursor after a crash, and ends where the sum of before had ended.
    writer.receipt(receiptOf('records', 3), undefined)
    writer.receipt(receiptOf('records', 4), counted(3, 4))
    expect(reader.rangeSums('records', 0, 10)).toEqual([{ range: 0, fromSeq: 4, upToSeq: 4, count: 1, sum: sumOf(4) }])
  })

  test('S18: hold nothing of an earlier range either, where such a receipt leads beyond it', () => {
    writer.receipt(receiptOf('records', rangeRows + 1), counted(0, rangeRows, rangeRows + 1))
    writer.receiptGone('records')
    expect(reader.rangeSums('records', 0, 10)).toEqual([])
    writer.receipt(receiptOf('records', rangeRows + 2), undefined)
    writer.receipt(receiptOf('records', rangeRows + 3), counted(rangeRows + 2, rangeRows + 3))
    expect(reader.rangeSums('records', 0, 10)).toMatchObject([{ range: 1, fromSeq: rangeRows + 3, count: 1 }])
  })
})

describe('the history of receipts', () => {
  test('keeps the newest of each lane, and those of outages longer', () => {
    const insert = database.prepare(
      'insert into receipt_history (id, lane, epoch, up_to_seq, received_at_ms, body) values (?, ?, ?, ?, 0, ?)',
    )
    const epoch = meta(database, 'epoch')
    database.transaction(() => {
      for (let id = 1; id <= receiptLimits.keptMax + receiptLimits.pruneEvery * 2 - 1; id++)
        insert.run(id, 'readings', epoch, id, '{}')
    })()
    writer.keepReceipts({ records: 1, readings: 7 })
    const next =
      Math.ceil((receiptLimits.keptMax + receiptLimits.pruneEvery * 2) / receiptLimits.pruneEvery) *
      receiptLimits.pruneEvery
    insert.run(next - 1, 'readings', epoch, next - 1, '{}')
    writer.receipt(receiptOf('readings', next), undefined)
    const left = database
      .prepare<[], { count: number; first: number }>('select count(*) as count, min(id) as first from receipt_history')
      .get()
    expect(left).toEqual({ count: receiptLimits.keptMax + 1, first: 7 })
    expect(reader.receiptHistory({ lane: 'readings', limit: 1 })).toMatchObject([
      { id: next, receipt: { up_to_seq: next } },
    ])
    expect(reader.receiptHistory({ lane: 'records', limit: 5 })).toEqual([])
  })

  test('one that comes again takes the place of itself', () => {
    writer.receipt(receiptOf('records', 2), undefined)
    writer.receipt({ ...receiptOf('records', 2), digest: 'ffffffffffffffff' }, undefined)
    expect(reader.receiptHistory({ limit: 5 }).map(({ receipt }) => receipt.digest)).toEqual(['ffffffffffffffff'])
  })
})

describe('another epoch', () => {
  test('I5: keeps numbers and receipts, and what lies before it counts as receipted for merging and pruning', () => {
    const former = meta(database, 'epoch')
    writer.receipt(receiptOf('readings', 9), counted(0, 1))
    setMeta(database, 'sent_readings_seq', '12')
    replaceEpoch(database, { epoch: 'next', startSeqs: { records: 1, readings: 10 }, actor: 'kim' }, 5)
    expect(startSeqs(database)).toEqual({ records: 1, readings: 10 })
    expect(receiptedSeq(database, 'readings')).toBe(9)
    expect(receiptedSeq(database, 'records')).toBe(0)
    expect(lineBounds(database)).toEqual({ receiptedSeq: 9, sentSeq: 9 })
    expect(reader.rangeSums('readings', 0, 5)).toEqual([])
    expect(reader.receiptHistory({ limit: 5 })).toMatchObject([{ receipt: { epoch: former, up_to_seq: 9 } }])
    // The sum of its first range says that it begins with the epoch, in the middle of the range.
    writer.receipt(receiptOf('readings', 11), counted(9, 10, 11))
    expect(reader.rangeSums('readings', 0, 5)).toMatchObject([{ range: 0, fromSeq: 10, upToSeq: 11, count: 2 }])
  })
})

describe('the outage ledger', () => {
  const record = (seq: number, body: object): void => {
    const line = JSON.stringify({ seq, at_ms: 1, kind: 'outage', body })
    database.prepare("insert into records (seq, at_ms, kind, line) values (?, 1, 'outage', ?)").run(seq, line)
  }
  const outage = (from_ms: number, to_ms: number | null, more = {}) => ({
    from_ms,
    to_ms,
    cause: 'cut',
    rows_waiting: 1,
    ...more,
  })

  test('gives whole outages by their beginning, in pages, with what became of their rows', () => {
    record(1, outage(100, null))
    record(2, outage(100, 150))
    record(3, outage(200, null))
    record(4, outage(200, 250))
    // Drained long after the next one had begun.
    record(5, outage(100, 150, { drained_ms: 400, dropped: { space: 3 }, receipted: { records: 4, readings: 9 } }))
    record(6, outage(300, null))
    expect(reader.outages(2).map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [300, null],
      [200, 250],
    ])
    expect(reader.outages(2, 200)).toEqual([
      {
        fromMs: 100,
        toMs: 150,
        cause: 'cut',
        rowsWaiting: 1,
        drainedMs: 400,
        dropped: { space: 3 },
        receipted: { records: 4, readings: 9 },
      },
    ])
    expect(reader.outagesUndrained(10).map(({ fromMs }) => fromMs)).toEqual([200])
  })

  test('outages that ended before the upgrade are not told as drained', () => {
    const old = newFolder()
    try {
      const before = new Sqlite(journalFile(old))
      migrate(before, old, 3)
      before.exec("update lanes set next_seq = 3 where lane = 'records'")
      const insert = before.prepare("insert into records (seq, at_ms, kind, line) values (?, 1, 'outage', ?)")
      insert.run(1, JSON.stringify({ body: outage(100, null) }))
      insert.run(2, JSON.stringify({ body: outage(100, 150) }))
      before
        .prepare('insert into receipts (lane, body) values (?, ?)')
        .run('readings', JSON.stringify(receiptOf('readings', 7, 'e')))
      before.close()
      closeInOrder(openForWriting(old, 0).database)
      const after = openForReading(old)
      expect(new LineReader(after).outages(5)).toHaveLength(1)
      expect(new LineReader(after).outagesUndrained(5)).toEqual([])
      expect(after.prepare('select lane, epoch, up_to_seq from receipt_history').all()).toEqual([
        { lane: 'readings', epoch: 'e', up_to_seq: 7 },
      ])
      after.close()
    } finally {
      removeFolder(old)
    }
    expect(migrations.at(-1)?.version).toBeGreaterThanOrEqual(4)
  })
})

test('rows that were set aside are found by number, and counted by day', () => {
  writer.poison({ lane: 'records', fromSeq: 5, toSeq: 5, detail: 'x'.repeat(900) }, 1_000)
  writer.poison({ lane: 'records', fromSeq: 9, toSeq: 11, detail: 'y' }, 90_000_000)
  expect(reader.poisonFrom('records', 1)).toEqual({ fromSeq: 5, toSeq: 5 })
  expect(reader.poisonFrom('records', 10)).toEqual({ fromSeq: 9, toSeq: 11 })
  expect(reader.poisonFrom('records', 12)).toBeNull()
  expect(reader.poisonFrom('readings', 1)).toBeNull()
  expect(reader.poisonCounts(2_000)).toEqual({ records: 1, readings: 0 })
})
