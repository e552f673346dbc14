import { epochStart, heldRecords, rangeRows } from '@jidoka/sync-protocol'
import type { LanePoint } from '@jidoka/sync-protocol'
import { expect, test } from 'vitest'
import { DiskWrites } from './disk-writes.ts'
import { JournalLane, lineOf } from './journal.ts'
import { ReceiptWrites } from './receipt-writes.ts'
import { Scheduler } from './scheduler.ts'

/** Four records from this number on. */
function journalFrom(startSeq: number): JournalLane {
  const journal = new JournalLane('records', startSeq)
  for (let seq = startSeq; seq < startSeq + 4; seq++)
    journal.append({ firstSeq: seq, lastSeq: seq, bytes: new TextEncoder().encode(`{"seq":${seq}}`) })
  return journal
}
const pointAt = (journal: JournalLane, seq: number): LanePoint => {
  const { firstSeq } = journal.items[0] ?? { firstSeq: 1 }
  const point = heldRecords(epochStart(firstSeq), seq, journal.items.map(lineOf))
  if (point === null) throw new Error(`row ${seq} is not there`)
  return point
}

/** The disk is full after a receipt up to `upToSeq` was written. */
function onFullDisk(lane: JournalLane, upToSeq: number) {
  const scheduler = new Scheduler()
  let isFull = false
  const disk = new DiskWrites({ later: (delayMs, act) => scheduler.after(delayMs, act), isFull: () => isFull })
  const receipts = new ReceiptWrites({ disk, lane: () => lane })
  receipts.store('records', pointAt(lane, upToSeq))
  scheduler.run(10)
  isFull = true
  const hasSpace = (): void => {
    scheduler.run(2_000)
    isFull = false
    scheduler.run(4_000)
  }
  return { receipts, hasSpace }
}

test('S18: a receipt in the place of a set-back that a full disk did not take counts no row twice', () => {
  const lane = journalFrom(1)
  const { receipts, hasSpace } = onFullDisk(lane, 4)
  expect(lane.ranges.get(0)).toMatchObject({ count: 4, upToSeq: 4 })
  receipts.adopt('records', { point: pointAt(lane, 1), isBeginning: false })
  receipts.store('records', pointAt(lane, 3))
  hasSpace()
  expect(lane.point).toEqual(pointAt(lane, 3))
  expect(lane.ranges.get(0)).toBeNull()
})

test('S18: a receipt that lies above the stored one, of rows that a set-back cloud was told as gone, leaves none of them in the sums', () => {
  const lane = journalFrom(rangeRows - 1)
  const { receipts, hasSpace } = onFullDisk(lane, rangeRows)
  expect(lane.ranges.get(0)).toMatchObject({ count: 2, upToSeq: rangeRows })
  const start = epochStart(rangeRows - 1)
  receipts.adopt('records', { point: start, isBeginning: true })
  const gone = { ...start, seq: rangeRows + 2 }
  receipts.store('records', gone)
  hasSpace()
  expect(lane.point).toEqual(gone)
  expect(lane.ranges).toEqual(new Map())
})

test('S18: of two set-backs that a full disk did not take the one further back counts, and the lane stands at the later', () => {
  const lane = journalFrom(rangeRows - 1)
  const { receipts, hasSpace } = onFullDisk(lane, rangeRows + 2)
  receipts.adopt('records', { point: pointAt(lane, rangeRows - 1), isBeginning: false })
  receipts.adopt('records', { point: pointAt(lane, rangeRows + 1), isBeginning: false })
  hasSpace()
  expect(lane.point).toEqual(pointAt(lane, rangeRows + 1))
  expect([...lane.ranges]).toEqual([
    [0, null],
    [1, null],
  ])
})

test('rows that went for one reason are told together, those of another apart', () => {
  const lane = journalFrom(1)
  lane.remove(lane.items.slice(0, 1), 'space')
  lane.remove(lane.items.slice(0, 1), 'space')
  lane.remove(lane.items.slice(0, 1), 'damaged')
  const read = () => lane.read(epochStart(1), 100, { single: false, noticesDamage: true })
  expect(read()).toEqual({ kind: 'gone', fromSeq: 1, toSeq: 2, reason: 'space' })
})
