import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideIntake, epochStanding } from './intake.ts'
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
    expect(decideIntake(cursor(11), batch(11, 20))).toEqual({ kind: 'accept', opensEpoch: false })
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
    expect(decideIntake(cursor(11), batch(5, 11))).toEqual({ kind: 'trim', from: 11 })
  })
})

describe('between epochs', () => {
  test('a new epoch begins with 1 and nothing else', () => {
    expect(decideIntake(cursor(11), batch(1, 5, third))).toEqual({ kind: 'accept', opensEpoch: true })
    expect(decideIntake(cursor(11), batch(11, 20, third))).toEqual({
      kind: 'refuse',
      refusal: { kind: 'gap', expected_seq: 1 },
    })
  })
  test('the first epoch of an edge is a new one', () => {
    const fresh = { currentEpoch: null, supersededEpochs: [], nextSeq: 1 }
    expect(decideIntake(fresh, batch(1, 5))).toEqual({ kind: 'accept', opensEpoch: true })
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
