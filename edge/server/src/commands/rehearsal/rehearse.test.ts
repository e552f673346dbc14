import type { CommandResult, RuleDefinition } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ratio } from '../../judge/test-rules.ts'
import { hotRule, newRunner, productionCount, TestJournal } from '../../pipeline/test-support.ts'
import { rehearsalLimits } from './limits.ts'
import { rehearse } from './rehearse.ts'

let at: TestJournal
let startMs: number
beforeEach(() => {
  at = new TestJournal()
  startMs = at.clock.nowMs()
})
afterEach(() => at.close())

const tried = (rule: RuleDefinition, change: { fromMs?: number; toMs?: number } = {}): CommandResult =>
  rehearse({
    rule,
    fromMs: startMs,
    toMs: at.clock.nowMs() + 1,
    dataFolder: at.folder,
    runner: newRunner(),
    elapsedMs: () => 0,
    ...change,
  })
const limit = (high: number) =>
  hotRule({ version: 2, parameters: { high: { value: high, name: { ko: '상한', en: 'High' } } }, examples: [] })

describe('a rehearsal', () => {
  test('counts what the rule would have said of stored readings, and when it was not normal first and last', () => {
    const instants = [70, 75, 85, 95, 60].map((value) => {
      at.clock.advance(1_000)
      at.send(value)
      return new Date(at.clock.nowMs()).toISOString()
    })
    expect(tried(limit(72))).toMatchObject({
      readings: 5,
      verdicts: 5,
      'verdicts.HIGH': 3,
      'verdicts.NORMAL': 2,
      first_abnormal_at: instants[1],
      last_abnormal_at: instants[3],
      compared_with_version: null,
      different: null,
      is_cut: false,
    })
  })

  test('is held against the rule of the same id that is in force, verdict by verdict', () => {
    at.deploy(hotRule())
    at.send(70, 75, 85, 95)
    expect(tried(limit(72))).toMatchObject({ compared_with_version: 1, different: 1 })
    expect(tried(limit(80))).toMatchObject({ different: 0 })
    expect(tried({ ...limit(72), id: 'other' })).toMatchObject({ compared_with_version: null })
    at.command({
      kind: 'apply_desired',
      change: {
        upserts: [],
        removals: [{ kind: 'rule', key: 'hot' }],
        replaceAll: false,
        position: { handle: 'h', offset: '2' },
      },
    })
    expect(tried(limit(72))).toMatchObject({ compared_with_version: null })
  })

  test('agrees with what the journal says when the rule in force is tried itself, also where it falls silent', () => {
    at.deploy(hotRule())
    for (const value of [70, 90, 91, 60]) {
      at.send(value)
      at.pass(1)
    }
    at.pass(120)
    const result = tried(hotRule())
    const recorded = at
      .records()
      .reduce(
        (sum, each) => sum + (each.kind === 'judgment' ? 1 : each.kind === 'verdict_run' ? each.body.count : 0),
        0,
      )
    expect(result).toMatchObject({ different: 0, 'verdicts.UNJUDGED': 1, 'verdicts.HIGH': 2 })
    expect(result['verdicts']).toBe(recorded)
  })

  test('has the production counts of the MES', () => {
    at.events(productionCount(), productionCount({ source_key: 'count-2', defect_count: 50 }))
    const result = tried(ratio())
    expect(result).toMatchObject({ events: 2, verdicts: 2 })
  })

  test('of a rule on the clock judges at each of its instants', () => {
    at.send(70)
    at.pass(30)
    const onTheClock = hotRule({
      trigger: { on: 'timer', every_s: 10, sensor: 'temperature' },
      inputs: [{ name: 'value', from: 'tag', sensor: 'temperature', kind: 'number', max_age_s: 60 }],
      examples: [],
    })
    expect(tried(onTheClock)['verdicts']).toBeGreaterThanOrEqual(2)
  })

  test('sees the windows that were filled before the stretch', () => {
    for (const value of [10, 20, 30, 40]) {
      at.send(value)
      at.clock.advance(1_000)
    }
    const mean = hotRule({
      inputs: [
        {
          name: 'value',
          from: 'window',
          window: { by: 'time', seconds: 60 },
          stat: 'mean',
          kind: 'number',
          max_age_s: 60,
          count_min: 4,
        },
      ],
      parameters: { high: { value: 20, name: { ko: '상한', en: 'High' } } },
      examples: [],
    })
    expect(tried(mean, { fromMs: startMs + 3_000 })).toMatchObject({ 'verdicts.HIGH': 1, readings: 1 })
  })

  test('changes nothing: no record, no rule, nothing that stands', () => {
    at.send(70, 95)
    const before = at.records().length
    tried(limit(60))
    expect(at.records()).toHaveLength(before)
    expect(at.journal.rules()).toEqual([])
  })

  test('says why a rule cannot be tried, and refuses a stretch that is too long or has no length', () => {
    at.send(70)
    expect(() => tried(hotRule({ script: 'input.nothing > 1' }))).toThrow(/cannot be put in force/)
    expect(() => tried(limit(80), { fromMs: 0, toMs: rehearsalLimits.spanMsMax + 1 })).toThrow(/one day at most/)
    expect(() => tried(limit(80), { fromMs: 5, toMs: 5 })).toThrow(/ends before it begins/)
  })

  test('that takes too long ends and says that it was cut', () => {
    at.send(70)
    at.clock.advance(10)
    at.send(70)
    let elapsedMs = 0
    const options = {
      rule: limit(80),
      fromMs: startMs,
      toMs: at.clock.nowMs() + 1,
      dataFolder: at.folder,
      runner: newRunner(),
    }
    const result = rehearse({ ...options, elapsedMs: () => (elapsedMs += rehearsalLimits.timeMsMax) })
    expect(result).toMatchObject({ is_cut: true })
    expect(result['readings']).toBeLessThan(3)
  })

  test('of a rule that looks at nothing that came counts nothing', () => {
    at.send(70)
    expect(tried(hotRule({ trigger: { on: 'reading', sensor: 'torque' }, examples: [] }))).toMatchObject({
      readings: 0,
      verdicts: 0,
    })
  })
})
