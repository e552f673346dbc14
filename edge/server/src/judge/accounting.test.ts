import { recordSchema, unjudged } from '@jidoka/domain'
import type { Judgment, VerdictRun } from '@jidoka/domain'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, productionCount, TestJournal } from '../pipeline/test-support.ts'
import { StoreProblemError } from '../store/errors.ts'
import { judgeLimits } from './limits.ts'
import { pressure, ratio } from './test-rules.ts'

/*
 * Every verdict is accounted for (I3): it is a record of its own, or one of those that a run counts. The sum of both is the
 * number of verdicts that were made: one for each triggering reading and production count, and those of silence. It holds
 * through crashes, since what was only counted in memory is counted again from the journal, and through commits that fail.
 * Crashes are `abandon` here, which leaves the folder as SIGKILL does; crash.test.ts of the broker kills a process.
 */
describe('the account of verdicts', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const judgments = (): Judgment[] => at.records().flatMap((each) => (each.kind === 'judgment' ? [each.body] : []))
  const runs = (): VerdictRun[] => at.records().flatMap((each) => (each.kind === 'verdict_run' ? [each.body] : []))
  const accounted = () => judgments().length + runs().reduce((sum, { count }) => sum + count, 0)
  const made = () =>
    at.committed.reduce(
      (sum, { counts }) => sum + Object.values(counts.verdictsByStatus).reduce((each, count) => each + count, 0),
      0,
    )
  const stop = () => at.restart({ inOrder: true })
  const crash = () => at.restart({ inOrder: false })
  const pass = (seconds: number) => at.committed.push(...at.pass(seconds))
  const times = (count: number, value = 20) => at.send(...Array.from({ length: count }, () => value))

  test('I3: of an unbroken run of normal verdicts the first is a record and the others are counted in one', () => {
    at.deploy(hotRule())
    const fromMs = at.clock.nowMs()
    for (let index = 0; index < 50; index++) {
      at.send(20 + (index % 7))
      at.clock.advance(1_000)
    }
    expect([judgments().length, runs()]).toEqual([1, []])
    at.send(90)
    expect(judgments().map(({ status }) => status)).toEqual(['NORMAL', 'HIGH'])
    expect(runs()).toEqual([
      {
        rule_id: 'hot',
        rule_version: 1,
        rule_hash: judgments()[0]?.rule_hash,
        subject: 'LINE-A/PRESS-1/temperature',
        line: 'LINE-A',
        status: 'NORMAL',
        first_reading_seq: 2,
        last_reading_seq: 50,
        first_at_ms: fromMs + 1_000,
        last_at_ms: fromMs + 49_000,
        count: 49,
      },
    ])
    expect(
      at
        .records()
        .slice(-3)
        .map(({ kind }) => kind),
    ).toEqual(['verdict_run', 'judgment', 'alarm'])
    for (const record of at.records()) recordSchema.parse(record)
  })

  test('I3: each abnormal verdict is a record with its snapshot, however fast, up to the bound that protects the disk', () => {
    at.deploy(hotRule())
    const most = judgeLimits.repeatedRecordsPerSecondMax
    for (let value = 0; value < most; value++) at.send(90 + value)
    expect(judgments().map(({ inputs }) => inputs['value']?.value)).toEqual(
      Array.from({ length: most }, (_, value) => 90 + value),
    )
    times(30, 95)
    expect([judgments().length, runs().length]).toEqual([most, 0])
    at.clock.advance(1_000)
    at.send(96)
    expect(judgments().length).toBe(most + 1)
    expect(runs()).toMatchObject([{ status: 'HIGH', count: 30, first_reading_seq: most + 1 }])
    // A change of verdict is a record whatever the second has seen.
    times(most + 10, 97)
    at.send(20, 90, 20)
    expect(
      judgments()
        .slice(-3)
        .map(({ status }) => status),
    ).toEqual(['NORMAL', 'HIGH', 'NORMAL'])
    stop()
    expect(accounted()).toBe(made())
  })

  test.each<[string, () => void]>([
    ['the rule is changed', () => at.deploy(hotRule({ version: 2 }))],
    ['the rule is disabled', () => at.deploy(hotRule({ version: 2, enabled: false }))],
    [
      'the rule is removed',
      () =>
        at.command({
          kind: 'apply_desired',
          change: {
            upserts: [],
            removals: [{ kind: 'rule', key: 'hot' }],
            replaceAll: false,
            position: { handle: 'h', offset: '2' },
          },
        }),
    ],
    ['nothing comes any more', () => pass(62)],
    ['the appliance stops in order', stop],
    ['a verdict is recorded', () => at.send(90)],
  ])('I3: a run is written when %s', (_what, end) => {
    at.deploy(hotRule())
    times(5)
    expect(runs()).toEqual([])
    end()
    expect(runs()).toMatchObject([{ rule_version: 1, status: 'NORMAL', count: 4 }])
    expect(at.edit().prepare('select count(*) as left from open_runs').get()).toEqual({ left: 0 })
  })

  test(
    'I3: a run is written after an hour though nothing ends it, and the next one begins',
    { timeout: 60_000 },
    () => {
      at.deploy(hotRule())
      for (let minute = 0; minute <= 61; minute++) {
        at.send(20)
        pass(30)
        at.send(20)
        pass(30)
      }
      expect(runs()).toMatchObject([{ status: 'NORMAL', first_reading_seq: 2 }])
      const [first] = runs()
      expect((first?.last_at_ms ?? 0) - (first?.first_at_ms ?? 0)).toBeLessThanOrEqual(judgeLimits.runMsMax)
      stop()
      expect(accounted()).toBe(made())
    },
  )

  test('I3: a run is counted on where it was after a crash, before and behind the checkpoint', () => {
    at.deploy(hotRule())
    times(10)
    pass(11)
    times(7)
    crash()
    times(5)
    crash()
    at.send(90)
    expect(runs()).toMatchObject([{ status: 'NORMAL', count: 21, first_reading_seq: 2, last_reading_seq: 22 }])
    times(3)
    crash()
    times(4)
    pass(11)
    crash()
    stop()
    expect(runs()).toMatchObject([{ count: 21 }, { status: 'NORMAL', count: 6, first_reading_seq: 25 }])
    expect(accounted()).toBe(made())
  })

  test('I3: a run of production counts is counted on after a crash', () => {
    at.deploy(ratio())
    const count = (key: number) =>
      at.events(productionCount({ source_key: `c${key}`, occurred_at_ms: at.clock.nowMs() + key }))
    for (let key = 0; key < 4; key++) count(key)
    crash()
    for (let key = 4; key < 7; key++) count(key)
    stop()
    expect(runs()).toMatchObject([{ rule_id: 'defects', count: 6, first_reading_seq: null, last_reading_seq: null }])
  })

  test('I3: a commit that fails counts nothing', () => {
    at.deploy(hotRule())
    times(5)
    at.journal.limitPages(1)
    const many = Array.from({ length: 3_000 }, (_, index) => ({
      payload: Buffer.from(at.payload(20 + Math.sin(index))),
    }))
    expect(() => at.send(...many)).toThrow(StoreProblemError)
    at.journal.limitPages(1_000_000)
    times(2)
    stop()
    expect(runs()).toMatchObject([{ count: 6 }])
  })

  test('I3: whatever comes and whenever it crashes, verdicts made = records + counted', { timeout: 60_000 }, () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.array(fc.constantFrom(20, 21, 70, 85, 95), { minLength: 1, maxLength: 12 }) },
      { weight: 2, arbitrary: fc.constantFrom('late' as const, 'pressure' as const, 'count' as const) },
      { weight: 2, arbitrary: fc.constantFrom(1, 12, 70) },
      { weight: 2, arbitrary: fc.constantFrom('crash' as const, 'stop' as const, 'full' as const) },
      { weight: 1, arbitrary: fc.constantFrom('deploy' as const, 'disable' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) => {
        at.close()
        at = new TestJournal()
        at.deploy(hotRule({ confidence_min: 0.5 }), pressure(), ratio(), hotRule({ id: 'again' }))
        let version = 1
        for (const each of steps) {
          if (Array.isArray(each)) at.send(...each)
          else if (typeof each === 'number') pass(each)
          else if (each === 'late')
            at.send({
              payload: Buffer.from(at.payload(20, { timestamp: new Date(at.clock.nowMs() - 5_000).toISOString() })),
            })
          else if (each === 'pressure')
            at.send({ topic: 'sensor/LINE-A/pressure', payload: Buffer.from(at.payload(3, { unit: 'bar' })) })
          else if (each === 'count')
            at.events(productionCount({ source_key: String(Math.random()), occurred_at_ms: at.clock.nowMs() }))
          else if (each === 'crash') crash()
          else if (each === 'stop') stop()
          else if (each === 'full') {
            at.journal.limitPages(1)
            expect(() => at.send(...Array.from({ length: 2_000 }, (_, index) => 20 + Math.sin(index)))).toThrow(
              StoreProblemError,
            )
            at.journal.limitPages(1_000_000)
          } else at.deploy(hotRule({ version: ++version, enabled: each === 'deploy' }))
        }
        crash()
        stop()
        expect(accounted()).toBe(made())
      }),
      { numRuns: 25 },
    )
  })

  test('I4: the run of a rule that this program no longer takes is written, and what it said is UNJUDGED', () => {
    at.deploy(hotRule())
    times(4)
    at.journal.abandon()
    const sqlite = at.edit()
    sqlite.prepare("update rules set definition = json_set(definition, '$.script', 'this is no rule')").run()
    sqlite.close()
    at.reopen()
    expect(runs()).toMatchObject([{ status: 'NORMAL', count: 3 }])
    expect(judgments().at(-1)).toMatchObject({
      status: unjudged,
      explanation: expect.stringContaining('no longer takes'),
    })
  })

  test('each change of a rule in force is in its history, with its place between readings and records', () => {
    at.deploy(hotRule())
    times(3)
    at.sendAndCommand([20, 20], {
      kind: 'apply_desired',
      change: {
        upserts: [{ kind: 'rule', key: 'hot', version: 2, body: hotRule({ version: 2 }) }],
        removals: [],
        replaceAll: false,
        position: { handle: 'h', offset: '2' },
      },
    })
    at.deploy(hotRule({ version: 3, enabled: false }))
    const history = at
      .edit()
      .prepare<[], { state: string; readings_seq: number; records_seq: number; definition: string | null }>(
        'select * from rule_history order by id',
      )
      .all()
    expect(history.map(({ state, readings_seq: seq }) => [state, seq])).toEqual([
      ['in_force', 0],
      ['in_force', 5],
      ['disabled', 5],
    ])
    // Behind the run that it ended.
    const records = at.records()
    expect(records[(history[1]?.records_seq ?? 0) - 1]).toMatchObject({ kind: 'verdict_run', body: { count: 4 } })
    expect(history.map(({ definition }) => (JSON.parse(definition ?? '{}') as { version: number }).version)).toEqual([
      1, 2, 3,
    ])
    at.edit().exec('delete from rule_history')
    crash()
    expect(at.edit().prepare('select state from rule_history').all()).toEqual([{ state: 'disabled' }])
  })
})
