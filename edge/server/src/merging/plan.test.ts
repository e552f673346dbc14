import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeRules, mergingLimits } from './limits.ts'
import { lastSeqOf, planMerge } from './plan.ts'
import type { MergePlan, Piece, PlanInput } from './plan.ts'

const dayMs = 86_400_000

function rows(counts: readonly number[], more: Partial<Piece> = {}, fromSeq = 1): Piece[] {
  let firstSeq = fromSeq
  return counts.map((count) => {
    const piece = { firstSeq, count, level: 0, bytes: count * 5 + 40, receivedMs: 0, ...more }
    firstSeq += count
    return piece
  })
}

const input = (pieces: readonly Piece[], more: Partial<PlanInput> = {}): PlanInput => ({
  pieces,
  receiptedSeq: 0,
  sentSeq: 0,
  hasCloud: true,
  nowMs: 0,
  isBusy: false,
  ...more,
})

/** The store after a merge. */
function merged(pieces: readonly Piece[], plan: MergePlan): Piece[] {
  const [first] = plan.parts
  if (first === undefined) throw new RangeError('a merge has parts')
  const whole: Piece = {
    firstSeq: plan.fromSeq,
    count: plan.toSeq - plan.fromSeq + 1,
    level: plan.level,
    bytes: plan.parts.reduce((sum, part) => sum + part.bytes, 0),
    receivedMs: plan.parts.at(-1)?.receivedMs ?? 0,
  }
  const at = pieces.indexOf(first)
  expect(pieces.slice(at, at + plan.parts.length)).toEqual(plan.parts)
  return [...pieces.slice(0, at), whole, ...pieces.slice(at + plan.parts.length)]
}

function settled(start: PlanInput): { readonly pieces: readonly Piece[]; readonly plans: readonly MergePlan[] } {
  let pieces = start.pieces
  const plans: MergePlan[] = []
  for (;;) {
    const plan = planMerge({ ...start, pieces })
    if (plan === null) return { pieces, plans }
    plans.push(plan)
    pieces = merged(pieces, plan)
    if (plans.length > start.pieces.length * 3) throw new Error('merging has no end')
  }
}

describe('what is merged', () => {
  test('small commits become a row of some 4,096 readings', () => {
    expect(planMerge(input(rows(Array.from({ length: 100 }, () => 50))))).toMatchObject({
      fromSeq: 1,
      toSeq: 4_100,
      level: 1,
    })
    expect(planMerge(input(rows(Array.from({ length: 80 }, () => 50))))).toBeNull()
  })

  test('512 commits of one reading are enough', () => {
    expect(planMerge(input(rows(Array.from({ length: 600 }, () => 1))))).toMatchObject({ toSeq: 512, level: 1 })
  })

  test('large commits go into a file at once, and one that fills it by itself goes alone', () => {
    expect(planMerge(input(rows(Array.from({ length: 9 }, () => 8_192))))).toMatchObject({ toSeq: 57_344, level: 2 })
    expect(planMerge(input(rows([60_000])))).toMatchObject({ toSeq: 60_000, level: 2 })
    expect(planMerge(input(rows([40_000])))).toMatchObject({ toSeq: 40_000, level: 2 })
  })

  test('files become a large one when the cloud has them, or where there is none', () => {
    const files = rows(
      Array.from({ length: 20 }, () => 65_536),
      { level: 2 },
    )
    expect(planMerge(input(files))).toBeNull()
    expect(planMerge(input(files, { receiptedSeq: 5 * 65_536, sentSeq: 5 * 65_536 }))).toBeNull()
    const all = { receiptedSeq: 2_000_000, sentSeq: 2_000_000 }
    expect(planMerge(input(files, all))).toMatchObject({ toSeq: 14 * 65_536, level: 3 })
    expect(planMerge(input(files, { hasCloud: false }))).toMatchObject({ toSeq: 14 * 65_536, level: 3 })
  })

  test('a row between two files goes with them, one at their end does not', () => {
    const pieces = [
      ...rows([65_536], { level: 2 }),
      ...rows([10], {}, 65_537),
      ...rows([65_536], { level: 2 }, 65_547),
      ...rows([10], {}, 131_083),
    ]
    expect(planMerge(input(pieces, { hasCloud: false, nowMs: 2 * dayMs }))).toMatchObject({ level: 3, toSeq: 131_082 })
  })

  test('what is old is merged though it is small, and never a thing alone', () => {
    const few = rows([1, 1, 1])
    expect(planMerge(input(few, { nowMs: 9 * 60_000 }))).toBeNull()
    expect(planMerge(input(few, { nowMs: 10 * 60_000 }))).toMatchObject({ toSeq: 3, level: 1 })
    expect(planMerge(input(rows([1]), { nowMs: 100 * dayMs }))).toBeNull()
  })

  test('a busy appliance merges only a large backlog', () => {
    const some = rows(Array.from({ length: 100 }, () => 500))
    expect(planMerge(input(some))).not.toBeNull()
    expect(planMerge(input(some, { isBusy: true }))).toBeNull()
    const many = rows(Array.from({ length: mergingLimits.backlogRowsMax + 1 }, () => 500))
    expect(planMerge(input(many, { isBusy: true }))).not.toBeNull()
  })

  test('passes over what could not be merged before', () => {
    const pieces = rows(Array.from({ length: 20 }, () => 1_000))
    expect(planMerge(input(pieces, { avoid: new Set([2_001]) }))).toMatchObject({ fromSeq: 3_001 })
  })
})

describe('whatever lies in the store', () => {
  const counts = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 300 }) },
    fc.integer({ min: 300, max: 65_536 }),
  )
  const stores = fc
    .record({
      parts: fc.array(
        fc.record({
          count: counts,
          level: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
          gap: fc.constantFrom(0, 0, 0, 0, 0, 0, 7),
        }),
        { maxLength: 400 },
      ),
      receipted: fc.double({ min: 0, max: 1, noNaN: true }),
      sent: fc.double({ min: 0, max: 1, noNaN: true }),
      hasCloud: fc.boolean(),
      isOld: fc.boolean(),
    })
    .map(({ parts, receipted, sent, hasCloud, isOld }) => {
      let seq = 1
      const pieces = parts.map(({ count, level, gap }, index): Piece => {
        const firstSeq = seq + gap
        seq = firstSeq + count
        return { firstSeq, count, level, bytes: count * 4 + 60, receivedMs: index }
      })
      const receiptedSeq = Math.floor(seq * receipted)
      return input(pieces, {
        receiptedSeq,
        sentSeq: Math.max(receiptedSeq, Math.floor(seq * sent)),
        hasCloud,
        nowMs: isOld ? 40 * dayMs : 1_000,
      })
    })

  test('I2: nothing is merged across what was sent and not yet receipted', () => {
    fc.assert(
      fc.property(stores, (store) => {
        for (const plan of settled(store).plans) {
          expect(plan.toSeq <= store.receiptedSeq || plan.fromSeq > store.sentSeq).toBe(true)
          if (plan.level === 3 && store.hasCloud) expect(plan.toSeq).toBeLessThanOrEqual(store.receiptedSeq)
        }
      }),
    )
  })

  test('merging ends, and every reading is in exactly one place afterwards', () => {
    fc.assert(
      fc.property(stores, (store) => {
        const numbers = (pieces: readonly Piece[]) => {
          const ranges: [number, number][] = []
          for (const piece of pieces) {
            const last = ranges.at(-1)
            if (last !== undefined && last[1] + 1 === piece.firstSeq) last[1] = lastSeqOf(piece)
            else ranges.push([piece.firstSeq, lastSeqOf(piece)])
          }
          return ranges
        }
        const { pieces } = settled(store)
        expect(numbers(pieces)).toEqual(numbers(store.pieces))
        expect(pieces.reduce((sum, { count }) => sum + count, 0)).toBe(
          store.pieces.reduce((sum, { count }) => sum + count, 0),
        )
      }),
    )
  })

  test('a step is contiguous and within its bounds', () => {
    fc.assert(
      fc.property(stores, (store) => {
        for (const { parts, level, fromSeq, toSeq } of settled(store).plans) {
          const rule = mergeRules.find((each) => each.level === level)
          expect(parts.length).toBeLessThanOrEqual(rule?.partsMax ?? 0)
          expect(toSeq - fromSeq + 1).toBeLessThanOrEqual(rule?.readingsMax ?? 0)
          expect(parts.every((part) => part.level < level)).toBe(true)
          parts.reduce((seq, part) => {
            expect(part.firstSeq).toBe(seq)
            return lastSeqOf(part) + 1
          }, fromSeq)
        }
      }),
    )
  })

  test('rows of a plant that runs on do not pile up, at any pace', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.constantFrom(100, 1_000, 60_000, 3_600_000),
        (perCommit, everyMs) => {
          let pieces: Piece[] = []
          let seq = 1
          for (let commit = 0; commit < 1_500; commit++) {
            pieces = [
              ...pieces,
              { firstSeq: seq, count: perCommit, level: 0, bytes: perCommit * 5, receivedMs: commit * everyMs },
            ]
            seq += perCommit
            pieces = [...settled(input(pieces, { hasCloud: false, nowMs: commit * everyMs })).pieces]
          }
          expect(pieces.filter(({ level }) => level < 2).length).toBeLessThan(900)
        },
      ),
      { numRuns: 12 },
    )
  })
})
