import { unjudged } from '@jidoka/domain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { settle } from './hysteresis.ts'
import type { Run } from './hysteresis.ts'

const rule = { normal_statuses: ['NORMAL', 'IDLE'], hysteresis: { raise_after_count: 3, return_after_count: 2 } }
const newRun = (): Run => ({ settledStatus: null, standingStatus: null, candidateStatus: null, candidateCount: 0 })

/** The status that stands after each verdict. */
function standingAfter(...statuses: string[]): (string | null)[] {
  const run = newRun()
  return statuses.map((status) => {
    settle(run, status, rule)
    return run.standingStatus
  })
}

describe('hysteresis', () => {
  test('the first normal verdict stands at once, the first abnormal one after its count', () => {
    expect(standingAfter('NORMAL')).toEqual(['NORMAL'])
    expect(standingAfter('HIGH', 'HIGH', 'HIGH')).toEqual([null, null, 'HIGH'])
  })

  test('needs equal verdicts in a row to raise, and fewer to return', () => {
    expect(standingAfter('NORMAL', 'HIGH', 'HIGH', 'NORMAL', 'HIGH', 'HIGH', 'HIGH', 'NORMAL', 'NORMAL')).toEqual([
      'NORMAL',
      'NORMAL',
      'NORMAL',
      'NORMAL',
      'NORMAL',
      'NORMAL',
      'HIGH',
      'HIGH',
      'NORMAL',
    ])
  })

  test('a value that swings between two abnormal statuses is not normal', () => {
    expect(standingAfter('NORMAL', 'HIGH', 'HIGH_HIGH', 'HIGH').at(-1)).toBe('HIGH')
  })

  test('from one abnormal status to another the row is of equal ones', () => {
    expect(standingAfter('NORMAL', 'HIGH', 'HIGH', 'HIGH', 'LOW', 'HIGH_HIGH', 'LOW').at(-1)).toBe('HIGH')
    expect(standingAfter('NORMAL', 'HIGH', 'HIGH', 'HIGH', 'LOW', 'LOW', 'LOW').at(-1)).toBe('LOW')
  })

  test('I4: UNJUDGED stands at once, breaks the row, and gives way at once to the status that was settled', () => {
    expect(standingAfter('NORMAL', 'HIGH', 'HIGH', unjudged, 'HIGH', 'HIGH')).toEqual([
      'NORMAL',
      'NORMAL',
      'NORMAL',
      unjudged,
      unjudged,
      unjudged,
    ])
    expect(standingAfter('NORMAL', unjudged, 'NORMAL')).toEqual(['NORMAL', unjudged, 'NORMAL'])
  })

  test('what stands was the last verdict, or the one that stood before', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('NORMAL', 'IDLE', 'HIGH', 'LOW', unjudged)), (statuses) => {
        const run = newRun()
        for (const status of statuses) {
          const before = run.standingStatus
          const changed = settle(run, status, rule)
          expect([before, status]).toContain(run.standingStatus)
          expect(changed).toBe(before !== run.standingStatus)
        }
      }),
    )
  })
})
