import { expect, test } from 'vitest'
import type { StandingVerdict } from '../ports.ts'
import { RetainedVerdicts } from './retained-verdicts.ts'

let nowMs = 0
const verdict = (subject: string, status: string): StandingVerdict =>
  ({
    judgment: { line: 'LINE-A', rule_id: 'hot', subject, status, normal: status === 'NORMAL', judged_at_ms: ++nowMs },
    sinceMs: nowMs,
  }) as StandingVerdict

test('an abnormal verdict of one machine stays retained while another is normal', () => {
  const verdicts = new RetainedVerdicts()
  const seen: [string, string, boolean][] = []
  const change = (subject: string, status: string) => {
    for (const {
      verdict: { judgment },
      retain,
    } of verdicts.change(verdict(subject, status)))
      seen.push([judgment.subject, judgment.status, retain])
    return seen.splice(0)
  }
  expect(change('a', 'NORMAL')).toEqual([['a', 'NORMAL', true]])
  expect(change('b', 'HIGH')).toEqual([['b', 'HIGH', true]])
  expect(change('a', 'NORMAL')).toEqual([['a', 'NORMAL', false]])
  expect(change('a', 'HIGH')).toEqual([['a', 'HIGH', true]])
  expect(change('a', 'NORMAL')).toEqual([
    ['a', 'NORMAL', false],
    ['b', 'HIGH', true],
  ])
  expect(change('b', 'NORMAL')).toEqual([['b', 'NORMAL', true]])
})
