import { unjudged } from '@jidoka/domain'
import type { Judgment, RuleDefinition } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, TestJournal } from '../pipeline/test-support.ts'
import { judgeLimits } from './limits.ts'
import { readQuarantineSentence } from './quarantine-sentence.ts'

/*
 * A rule that breaks is taken out, says why and where, and costs the others nothing: neither a verdict nor a message, also
 * when it breaks down the module that all of them run in.
 */
describe('a rule that breaks', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const judgments = (id: string): Judgment[] =>
    at.records().flatMap((each) => (each.kind === 'judgment' && each.body.rule_id === id ? [each.body] : []))
  const standing = (id: string) =>
    at
      .read((reader) => reader.standingVerdicts())
      .flatMap(({ judgment }) => (judgment.rule_id === id ? [judgment] : []))
  const rule = (id: string) => at.journal.rules().find(({ definition }) => definition.id === id)
  const accounted = (id: string) =>
    at
      .records()
      .reduce(
        (sum, each) =>
          each.kind === 'judgment' && each.body.rule_id === id
            ? sum + 1
            : each.kind === 'verdict_run' && each.body.rule_id === id
              ? sum + each.body.count
              : sum,
        0,
      )

  const bad = (script: string, change: Partial<RuleDefinition> = {}) =>
    hotRule({ id: 'bad', script, examples: [], ...change })
  const other = (value: number) => ({
    topic: 'sensor/LINE-A/PRESS-2/temperature',
    payload: Buffer.from(at.payload(value)),
  })
  const hundred = () => Array.from({ length: 100 }, (_, index) => hotRule({ id: `good-${index}` }))

  test.each<[string, string, RegExp]>([
    ['runs away', 'if input.value > 50.0 {\n  loop {}\n}\nverdict("NORMAL", 1.0)', /[Ll]ine 2.*operations/],
    [
      'throws',
      'if input.value > 50.0 {\n  throw "no"\n}\nverdict("NORMAL", 1.0)',
      /Line 2, column 3: the rule threw: no/,
    ],
    ['gives no verdict', 'if input.value <= 50.0 { verdict("NORMAL", 1.0) }', /verdict/],
  ])(
    'that %s is quarantined with its error and place, and its other subjects are UNJUDGED once',
    (_what, script, problem) => {
      at.deploy(bad(script))
      at.send(other(20), 20)
      at.send(...Array.from({ length: judgeLimits.strikesMax }, () => 60))
      at.send(60)
      expect(rule('bad')).toMatchObject({ state: 'quarantined', problem: expect.stringMatching(problem) })
      expect(
        at.committed.flatMap(({ reported }) => reported).filter(({ state }) => state === 'quarantined'),
      ).toMatchObject([{ kind: 'rule', key: 'bad', problem: expect.stringMatching(problem) }])
      at.pass(120)
      at.send(60, other(20))
      expect(standing('bad').map(({ status }) => status)).toEqual([unjudged, unjudged])
      const ofOther = judgments('bad').filter(({ subject }) => subject.includes('PRESS-2'))
      expect(ofOther.map(({ status }) => status)).toEqual(['NORMAL', unjudged])
      expect(ofOther[1]?.explanation).toContain('was taken out')
      expect(readQuarantineSentence(rule('bad')?.problem ?? '')?.times).toBe(judgeLimits.strikesMax)
      const sinceMs = at.read((reader) => reader.rulesSinceMs().get('bad')) ?? 0
      expect(at.clock.nowMs() - sinceMs).toBeGreaterThanOrEqual(120_000)
      expect(at.clock.nowMs() - sinceMs).toBeLessThan(180_000)
      expect(at.edit().prepare("select state from rule_history where rule_id = 'bad' order by id").all()).toEqual([
        { state: 'in_force' },
        { state: 'quarantined' },
      ])
    },
  )

  test('leaves UNJUDGED with the first verdict when it is mended, and altogether when it is removed', () => {
    at.deploy(bad('throw "no"'))
    at.send(60, 60, 60, 60, 60, other(20))
    expect(rule('bad')?.state).toBe('quarantined')
    at.deploy(hotRule({ id: 'bad', version: 2 }))
    expect(standing('bad').map(({ status }) => status)).toEqual([unjudged, unjudged])
    at.send(60)
    expect(
      standing('bad')
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(['NORMAL', unjudged])
    at.send(other(90))
    expect(
      standing('bad')
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(['HIGH', 'NORMAL'])
    at.command({
      kind: 'apply_desired',
      change: {
        upserts: [],
        removals: [{ kind: 'rule', key: 'bad' }],
        replaceAll: false,
        position: { handle: 'h', offset: '2' },
      },
    })
    expect(standing('bad')).toEqual([])
  })

  const oddAbove50 = 'if input.value > 50.0 { throw "no" } verdict("NORMAL", 1.0)'
  const goodReadings = (count: number) => at.send(...Array.from({ length: count }, (_, index) => 20 + (index % 9)))

  test('a good reading after every four bad ones does not keep it in force', () => {
    at.deploy(bad(oddAbove50))
    at.send(60, 60, 60, 60, 20)
    expect(rule('bad')?.state).toBe('in_force')
    at.send(60, 20)
    expect(rule('bad')?.state).toBe('quarantined')
  })

  test('one odd reading among many does not take it out, however often', () => {
    at.deploy(bad(oddAbove50))
    for (let round = 0; round < 3 * judgeLimits.strikesMax; round++) {
      at.send(60)
      goodReadings(judgeLimits.verdictsPerStrikeOff)
    }
    expect(rule('bad')?.state).toBe('in_force')
  })

  test('odd readings that come faster than strikes go take it out in the end', () => {
    at.deploy(bad(oddAbove50))
    let failures = 0
    while (rule('bad')?.state === 'in_force' && failures < 20) {
      at.send(60)
      failures++
      goodReadings(judgeLimits.verdictsPerStrikeOff - 1)
    }
    expect(failures).toBe(judgeLimits.strikesMax)
  })

  test('a sentence of an older version is read as well', () => {
    expect(
      readQuarantineSentence('The rule failed 5 times in a row and was taken out. Line 2, column 17: Division by zero'),
    ).toEqual({ times: 5, error: 'Division by zero', place: { line: 2, column: 17 } })
  })

  test.each<[string, string]>([
    ['a runaway', 'loop {}'],
    ['a throwing one', 'throw "no"'],
    ['one that breaks the module down', 'fn f(n) { f(n + 1) } f(0)'],
  ])('%s among a hundred good ones costs them no verdict, and nothing once it is out', (_what, script) => {
    at.deploy(...hundred(), bad(script))
    const count = 300
    for (let sent = 0; sent < count; sent += 50) at.send(...Array.from({ length: 50 }, (_, index) => 20 + (index % 9)))
    expect(rule('bad')?.state).toBe('quarantined')
    expect(at.journal.rules().filter(({ verdictsTotal }) => verdictsTotal === count).length).toBe(100)
    // Those of the batch in which it was taken out, and none after.
    expect(rule('bad')?.verdictsTotal).toBeLessThanOrEqual(100)
    at.restart()
    expect([accounted('good-0'), accounted('good-99')]).toEqual([count, count])
    expect(at.read((reader) => reader.lanes().readingsSeq)).toBe(count)
  })

  test('one that takes all of the memory there is loses no message and no verdict of the others', () => {
    const greedy =
      'let all = []; for i in 0..200 { let s = "xxxxxxxxxxxxxxxx"; for j in 0..9 { s += s; } all.push(s); } verdict("NORMAL", 1.0)'
    at.deploy(hotRule(), bad(greedy), hotRule({ id: 'after' }))
    for (let round = 0; round < 6; round++) at.send(20, 90)
    expect(at.read((reader) => reader.lanes().readingsSeq)).toBe(12)
    at.restart()
    expect([accounted('hot'), accounted('after')]).toEqual([12, 12])
    expect(accounted('bad')).toBe(rule('bad')?.verdictsTotal)
  })
})
