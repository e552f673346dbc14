import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advanceRecords, decodeBatch, encodeDropBatch, encodeRecordsBatch, laneStart } from '@jidoka/sync-protocol'
import { baseVerdict, decideBatch, decideIntake, epochStanding, overlapAgrees } from './intake.ts'
import type { IntakeCursor } from './intake.ts'

const [first, second, third] = ['e1', 'e2', 'e3'] as const
const cursor = (nextSeq: number, more: Partial<IntakeCursor> = {}): IntakeCursor => ({
  currentEpoch: second,
  supersededEpochs: [first],
  nextSeq,
  ...more,
})
const batch = (from_seq: number, to_seq: number, epoch: string = second) => ({ epoch, from_seq, to_seq })

describe('within the current epoch', () => {
  test('a batch that begins at the cursor is accepted', () => {
    expect(decideIntake(cursor(11), batch(11, 20))).toEqual({ kind: 'accept', opensEpoch: false, startsAt: null })
  })
  test('a batch that begins behind the cursor is refused with the expected number', () => {
    expect(decideIntake(cursor(11), batch(12, 20))).toEqual({
      kind: 'refuse',
      refusal: { kind: 'gap', expected_seq: 11 },
    })
  })
  test('a batch that is there already is a repeat', () => {
    expect(decideIntake(cursor(11), batch(1, 10))).toEqual({ kind: 'repeat' })
  })
  test('a batch that is there in part is trimmed', () => {
    expect(decideIntake(cursor(11), batch(5, 11))).toEqual({
      kind: 'trim',
      from: 11,
      opensEpoch: false,
      startsAt: null,
    })
  })
})

describe('between epochs', () => {
  test('a new epoch begins with 1 and nothing else', () => {
    expect(decideIntake(cursor(11), batch(1, 5, third))).toEqual({ kind: 'accept', opensEpoch: true, startsAt: 1 })
    expect(decideIntake(cursor(11), batch(11, 20, third))).toEqual({
      kind: 'refuse',
      refusal: { kind: 'gap', expected_seq: 1 },
    })
  })
  test('the first epoch of an edge is a new one', () => {
    const fresh = { currentEpoch: null, supersededEpochs: [], nextSeq: 1 }
    expect(decideIntake(fresh, batch(1, 5))).toEqual({ kind: 'accept', opensEpoch: true, startsAt: 1 })
  })
  test('an epoch that goes on from an older image begins with the number that its first batch names', () => {
    const from101 = (from_seq: number, to_seq: number) => ({ ...batch(from_seq, to_seq, third), start_seq: 101 })
    expect(decideIntake(cursor(11), from101(101, 120))).toEqual({ kind: 'accept', opensEpoch: true, startsAt: 101 })
    // A merged segment that reaches across the beginning is cut there.
    expect(decideIntake(cursor(11), from101(90, 120))).toEqual({
      kind: 'trim',
      from: 101,
      opensEpoch: true,
      startsAt: 101,
    })
    const gap = { kind: 'refuse', refusal: { kind: 'gap', expected_seq: 101 } }
    expect(decideIntake(cursor(11), from101(102, 120))).toEqual(gap)
    expect(decideIntake(cursor(11), from101(90, 100))).toEqual(gap)
  })
  test('the other lane of an epoch that is known already begins with its own number', () => {
    const known = cursor(1, { currentEpoch: third, supersededEpochs: [first, second] })
    expect(decideIntake(known, { ...batch(7, 9, third), start_seq: 7 })).toEqual({
      kind: 'accept',
      opensEpoch: false,
      startsAt: 7,
    })
    // Once it has begun, the number of a header changes nothing any more.
    const begun = { ...known, nextSeq: 10, startSeq: 7 }
    expect(decideIntake(begun, { ...batch(10, 12, third), start_seq: 7 })).toEqual({
      kind: 'accept',
      opensEpoch: false,
      startsAt: null,
    })
    expect(decideIntake(begun, { ...batch(50, 52, third), start_seq: 50 })).toMatchObject({ kind: 'refuse' })
  })
  test('an older epoch is refused wherever it begins', () => {
    for (const from of [1, 11, 12]) {
      expect(decideIntake(cursor(11), batch(from, 20, first))).toEqual({
        kind: 'refuse',
        refusal: { kind: 'wrong_epoch', current_epoch: second },
      })
    }
    expect(epochStanding(cursor(1), first).kind).toBe('refuse')
    expect(epochStanding(cursor(1), third).kind).toBe('new')
  })
})

test('whatever batches arrive in whatever order, each number is committed once and in order', () => {
  const batches = fc.array(
    fc.record({ from: fc.integer({ min: 1, max: 60 }), length: fc.integer({ min: 1, max: 20 }) }),
    {
      maxLength: 60,
      size: 'max',
    },
  )
  fc.assert(
    fc.property(batches, (all) => {
      const committed: number[] = []
      for (const { from, length } of all) {
        const nextSeq = committed.length + 1
        const decision = decideIntake(cursor(nextSeq), batch(from, from + length - 1))
        if (decision.kind === 'refuse') expect(decision.refusal).toEqual({ kind: 'gap', expected_seq: nextSeq })
        if (decision.kind !== 'accept' && decision.kind !== 'trim') continue
        for (let seq = decision.kind === 'trim' ? decision.from : from; seq < from + length; seq++) committed.push(seq)
      }
      expect(committed).toEqual(committed.map((_, index) => index + 1))
    }),
  )
})

describe('two histories of one epoch', () => {
  const sender = { edge_id: '0193a1b2-0000-7000-8000-000000000001', epoch: '0193a1b2-0000-7000-8000-0000000000e1' }
  const line = (seq: number, who: string) =>
    JSON.stringify({ seq, at_ms: 1, kind: 'audit', body: { actor: who, action: 'x', subject: 'y', detail: {} } })
  const lines = (from: number, to: number, who = 'kim') =>
    Array.from({ length: to - from + 1 }, (_, index) => line(from + index, who))
  const at = (seq: number, who = 'kim') => advanceRecords(laneStart, 1, lines(1, seq, who))
  const rows = (from: number, to: number, who = 'kim') =>
    decodeBatch(encodeRecordsBatch({ ...sender, from_seq: from }, lines(from, to, who)))

  test('S16: a base that is not the point or a kept receipt of the cloud tells a copy by its first batch', () => {
    const receipts = new Map([4, 8].map((seq) => [seq, at(seq)]))
    const verdict = (base: ReturnType<typeof at>) => baseVerdict(base, at(12), (seq) => receipts.get(seq) ?? null)
    expect(verdict(at(12))).toBe('agrees')
    expect(verdict(at(8))).toBe('agrees')
    expect(verdict(at(12, 'lee'))).toBe('differs')
    expect(verdict(at(8, 'lee'))).toBe('differs')
    expect(verdict({ ...at(8), count: 7 })).toBe('differs')
    expect(verdict(at(5))).toBe('unknown')
    expect(verdict(at(13))).toBe('unknown')
  })

  test('S16: a copy that shares the base does not hang its rows behind those of another', () => {
    expect(overlapAgrees(at(4), rows(5, 12), at(8))).toBe(true)
    expect(overlapAgrees(at(4), rows(3, 12), at(8))).toBe(true)
    expect(overlapAgrees(at(8), rows(9, 12), at(8))).toBe(true)
    expect(overlapAgrees(at(4), rows(5, 12, 'lee'), at(8))).toBe(false)
    // What lies between is not held here, though the batch brings it.
    expect(overlapAgrees(at(10, 'lee'), rows(9, 12, 'lee'), at(8))).toBe(false)
    const dropped = decodeBatch(encodeDropBatch(sender, { lane: 'records', fromSeq: 5, toSeq: 12, reason: 'space' }))
    expect(overlapAgrees(at(4), dropped, at(8))).toBe(false)
    expect(overlapAgrees(at(4), dropped, { ...at(4), seq: 8 })).toBe(true)
  })

  test('S16: a point that batches before it in a file would have led to tells of no copy, and is refused all the same', () => {
    const lane = { currentEpoch: sender.epoch, supersededEpochs: [], nextSeq: 9, point: at(8), receiptAt: () => null }
    // The file lists 5 to 8 as dropped, and they had arrived: the answer was lost.
    const base = { ...at(4), seq: 8 }
    const behind = decodeBatch(encodeRecordsBatch({ ...sender, from_seq: 9, base }, lines(9, 12)))
    expect(decideBatch(lane, behind)).toEqual({ kind: 'diverged', held: base, ours: at(8) })
    expect(decideBatch(lane, behind, 'expected')).toEqual({
      kind: 'refuse',
      refusal: { kind: 'gap', expected_seq: 9 },
    })
  })

  test('S16: a cloud asks all of it of whole batches as of trimmed ones, and notes a trouble only of the current epoch', () => {
    const lane = (currentEpoch: string) => ({
      currentEpoch,
      supersededEpochs: currentEpoch === sender.epoch ? [] : [sender.epoch],
      nextSeq: 9,
      point: at(8),
      receiptAt: (seq: number) => (seq === 4 ? at(4) : null),
    })
    const decide = (from: number, base: ReturnType<typeof at>, currentEpoch = sender.epoch, who = 'kim') =>
      decideBatch(
        lane(currentEpoch),
        decodeBatch(encodeRecordsBatch({ ...sender, from_seq: from, base }, lines(from, 12, who))),
      )
    expect(decide(9, at(8))).toMatchObject({ kind: 'accept', before: at(8) })
    expect(decide(5, at(4))).toMatchObject({ kind: 'trim', from: 9, before: at(8) })
    const gap = { kind: 'refuse', refusal: { kind: 'gap', expected_seq: 9 } }
    expect(decide(9, at(10, 'lee'), sender.epoch, 'lee')).toEqual(gap)
    expect(decide(5, at(4), sender.epoch, 'lee')).toEqual(gap)
    expect(decide(9, at(8, 'lee'))).toEqual({ kind: 'diverged', held: at(8, 'lee'), ours: at(8) })
    expect(decide(5, at(4, 'lee'))).toEqual({ kind: 'diverged', held: at(4, 'lee'), ours: at(4) })
    expect(decide(9, at(8, 'lee'), third)).toEqual({
      kind: 'refuse',
      refusal: { kind: 'wrong_epoch', current_epoch: third },
    })
  })
})
