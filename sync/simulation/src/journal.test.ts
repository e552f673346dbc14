import { epochStart, heldRecords } from '@jidoka/sync-protocol'
import type { LanePoint } from '@jidoka/sync-protocol'
import { expect, test } from 'vitest'
import { JournalLane, lineOf } from './journal.ts'

const journal = new JournalLane('records', 1)
for (let seq = 1; seq <= 4; seq++)
  journal.append({ firstSeq: seq, lastSeq: seq, bytes: new TextEncoder().encode(`{"seq":${seq}}`) })
const pointAt = (seq: number): LanePoint => {
  const point = heldRecords(epochStart(1), seq, journal.items.map(lineOf))
  if (point === null) throw new Error(`row ${seq} is not there`)
  return point
}

test('S18: a receipt in the place of a set-back that a full disk did not take counts no row twice', () => {
  const lane = journal.copy()
  lane.point = epochStart(1)
  lane.keepReceipt(pointAt(3))
  expect(lane.ranges.get(0)).toMatchObject({ count: 3, upToSeq: 3 })
  lane.keepReceipt(pointAt(2))
  lane.keepReceipt(pointAt(4))
  expect(lane.point).toEqual(pointAt(4))
  expect(lane.ranges.get(0)).toBeNull()
})

test('rows that went for one reason are told together, those of another apart', () => {
  const lane = journal.copy()
  lane.remove(lane.items.slice(0, 1), 'space')
  lane.remove(lane.items.slice(0, 1), 'space')
  lane.remove(lane.items.slice(0, 1), 'damaged')
  const read = () => lane.read(epochStart(1), 100, { single: false, noticesDamage: true })
  expect(read()).toEqual({ kind: 'gone', fromSeq: 1, toSeq: 2, reason: 'space' })
})
