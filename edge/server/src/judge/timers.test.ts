import { unjudged } from '@jidoka/domain'
import type { Judgment, RuleDefinition } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, newRunner, productionCount, TestJournal } from '../pipeline/test-support.ts'
import type { Committed } from '../ports.ts'
import { replay } from '../replay/replay.ts'
import type { Plant, Tag } from './plant.ts'
import { RowPool } from './row-buffer.ts'
import { RuleGroup } from './rule-group.ts'
import { newInstance } from './rule-instance.ts'
import { isPassed, Timers } from './timers.ts'
import type { TriggerIndex } from './trigger-index.ts'

/*
 * Rules on the clock, through the real journal: they judge at whole multiples of their period, whether or not anything arrives.
 * The invariants: each verdict is accounted for and made again from its snapshot (I3), nothing is judged from stale input (I4).
 */
describe('a rule on the clock', () => {
  let at: TestJournal
  let startMs: number
  beforeEach(() => {
    at = new TestJournal()
    startMs = at.clock.nowMs()
    at.clock.advance(60_000 - (startMs % 60_000))
    at.journal.sweep()
  })
  afterEach(() => at.close())

  const judgments = (): Judgment[] =>
    at.records().flatMap((record) => (record.kind === 'judgment' ? [record.body] : []))
  const told = () =>
    judgments().map(({ subject, status, judged_at_ms: atMs }) => `${subject} ${status} ${(atMs / 1_000) % 60}`)
  const counted = () =>
    at
      .records()
      .reduce((sum, { kind, body }) => sum + (kind === 'verdict_run' ? (body as { count: number }).count : 0), 0)
  const again = () =>
    replay({ dataFolder: at.folder, fromMs: startMs, toMs: at.clock.nowMs() + 1, ruleId: undefined, newRunner })

  /** Silence of a sensor: something that no reading can trigger. */
  const silence = (change: Parameters<typeof hotRule>[0] = {}): RuleDefinition =>
    hotRule({
      id: 'silence',
      trigger: { on: 'timer', every_s: 10, sensor: 'temperature' },
      inputs: [
        {
          name: 'age',
          from: 'window',
          window: { by: 'time', seconds: 60 },
          stat: 'last_age',
          kind: 'number',
          max_age_s: 3_600,
        },
      ],
      script:
        'if input.age > 25.0 { verdict("SILENT", 0.9, `nothing for ${input.age} s`) } else { verdict("NORMAL", 0.9) }',
      alarms: { SILENT: 'high' },
      examples: [],
      ...change,
    })

  test('judges at whole multiples of its period and says that nothing arrives', () => {
    at.deploy(silence())
    at.pass(3)
    at.send(50)
    at.pass(47)
    expect(told()).toEqual([
      'LINE-A/PRESS-1/temperature NORMAL 10',
      'LINE-A/PRESS-1/temperature SILENT 30',
      'LINE-A/PRESS-1/temperature SILENT 40',
      'LINE-A/PRESS-1/temperature SILENT 50',
    ])
    expect(judgments().at(-1)).toMatchObject({ reading_seq: null, inputs: { age: { value: 47 } } })
    expect(at.records().flatMap((each) => (each.kind === 'alarm' ? [each.body.state] : []))).toEqual(['unacknowledged'])
  })

  test('makes up one tick after a pause, however long it was', () => {
    at.deploy(silence())
    at.pass(3)
    at.send(50)
    at.clock.advance(600_000)
    at.pass(5)
    expect(told()).toEqual(['LINE-A/PRESS-1/temperature SILENT 4'])
  })

  test.each([true, false])(
    'I4: makes up once for the instants that lay in a stop (in order: %s), when devices had time to come back',
    (inOrder) => {
      at.deploy(silence({ trigger: { on: 'timer', every_s: 60, sensor: 'temperature' } }))
      at.pass(3)
      at.send(50)
      at.pass(20)
      at.restart({ inOrder, stoppedS: 620 })
      at.pass(9)
      expect(told()).toEqual([])
      at.send(50)
      at.pass(1)
      expect(told()).toEqual(['LINE-A/PRESS-1/temperature NORMAL 53'])
      at.pass(10)
      expect(told()).toEqual(['LINE-A/PRESS-1/temperature NORMAL 53'])
      expect(at.journal.rules()[0]?.verdictsTotal).toBe(2)
    },
  )

  test('makes up for no instant of a stop where the next has come meanwhile, and for one that a second kill took', () => {
    at.deploy(silence({ trigger: { on: 'timer', every_s: 60, sensor: 'temperature' } }))
    at.send(50)
    at.pass(61)
    const made = () => at.journal.rules()[0]?.verdictsTotal
    // From :01 to :55, across six whole minutes.
    at.restart({ inOrder: false, stoppedS: 414 })
    at.pass(4)
    expect(made()).toBe(1)
    at.restart({ inOrder: false })
    at.pass(1)
    expect(made()).toBe(2)
    at.pass(20)
    expect(made()).toBe(2)
    at.restart({ inOrder: false, stoppedS: 60 })
    at.pass(5)
    at.restart({ inOrder: false })
    at.pass(15)
    expect(made()).toBe(3)
  })

  test('makes up for nothing where no instant lay in a stop', () => {
    at.deploy(silence({ trigger: { on: 'timer', every_s: 60, sensor: 'temperature' } }))
    at.send(50)
    at.pass(65)
    expect(at.journal.rules()[0]?.verdictsTotal).toBe(1)
    at.restart({ stoppedS: 10 })
    at.pass(30)
    expect(at.journal.rules()[0]?.verdictsTotal).toBe(1)
  })

  test('judges a line of which only the MES speaks, and sensors and lines that came later', () => {
    at.deploy(
      silence(),
      hotRule({
        id: 'slow',
        trigger: { on: 'timer', every_s: 10 },
        inputs: [{ name: 'made', from: 'mes', field: 'production_count', kind: 'number' }],
        script: 'if input.made < 100.0 { verdict("SLOW", 0.9) } else { verdict("NORMAL", 0.9) }',
        alarms: {},
        examples: [],
      }),
    )
    at.events(productionCount({ line: 'LINE-M', production_count: 50, occurred_at_ms: at.clock.nowMs() }))
    at.pass(10)
    expect(told()).toEqual(['LINE-M SLOW 10'])
    at.events(
      productionCount({ line: 'LINE-N', source_key: 'n', production_count: 50, occurred_at_ms: at.clock.nowMs() }),
    )
    at.send({ topic: 'sensor/LINE-O/P/temperature', payload: Buffer.from(at.payload(50)) })
    at.pass(10)
    expect(told().slice(1).toSorted()).toEqual([
      'LINE-M SLOW 20',
      'LINE-N SLOW 20',
      `LINE-O ${unjudged} 20`,
      'LINE-O/P/temperature NORMAL 20',
    ])
  })

  test('tries the pairs of rules and sensors once, not at each sweep', () => {
    const tags: Tag[] = Array.from({ length: 500 }, (_, index) => ({
      tagNo: index + 1,
      key: `A/E${index}/temperature`,
      place: { line: 'A', equipment: `E${index}`, sensor: 'temperature' },
      kind: 'number',
      unit: 'C',
      last: undefined,
      lastIsDirty: false,
      windows: null,
    }))
    let tried = 0
    const groups = Array.from({ length: 50 }, (_, index) => {
      const rule = newInstance(silence({ id: `r${index}` }), '', null, false)
      const group = new RuleGroup(rule, [rule], { rules: [] } as never, new RowPool())
      const { trigger } = group
      const counting = {
        ...trigger,
        get lines() {
          tried++
          return undefined
        },
      }
      return Object.defineProperty(group, 'trigger', { value: counting })
    })
    const triggered: TriggerIndex['triggered'] = (group, key, line, equipment) => [
      { group, subject: group.subject(key, line, equipment) },
    ]
    const triggers = { groups: () => groups, triggered } as unknown as TriggerIndex
    const timers = new Timers(triggers, { tags: () => tags, factLines: () => [] } as unknown as Plant)
    const sweep = (nowMs: number) =>
      [...timers.due((everyMs) => isPassed(everyMs, nowMs - 10_000, nowMs))].flat().length
    expect(sweep(10_000)).toBe(25_000)
    const triedFirst = tried
    expect(triedFirst).toBeGreaterThanOrEqual(25_000)
    for (let index = 2; index < 10; index++) expect(sweep(index * 10_000)).toBe(25_000)
    expect(tried).toBe(triedFirst)
  })

  test('goes on at its instants when the clock was set back', () => {
    at.deploy(silence())
    at.pass(3)
    at.send(50)
    at.pass(10)
    at.clock.jump(-3_600_000)
    at.send(51)
    at.pass(17)
    expect(told()).toEqual(['LINE-A/PRESS-1/temperature NORMAL 10'])
    // The instant at which the clock was set back was behind a whole hour, and two came after it.
    expect(at.journal.rules()[0]?.verdictsTotal).toBe(4)
  })

  test('I4: says once that it cannot judge, not at each tick', () => {
    at.send(50)
    at.deploy(silence({ inputs: [{ name: 'age', from: 'tag', sensor: 'temperature', kind: 'number', max_age_s: 30 }] }))
    at.pass(10)
    at.pass(120)
    expect(
      judgments()
        .map(({ status }) => status)
        .filter((status) => status === unjudged),
    ).toEqual([unjudged])
    at.send(50)
    at.pass(10)
    expect(judgments().at(-1)?.status).not.toBe(unjudged)
  })

  test('without a sensor it judges lines, those that it names even before anything came', () => {
    const production = (lines?: string[]) =>
      hotRule({
        id: 'slow',
        trigger: { on: 'timer', every_s: 10, ...(lines === undefined ? {} : { lines }) },
        inputs: [{ name: 'made', from: 'mes', field: 'production_count', kind: 'number' }],
        script: 'if input.made < 100.0 { verdict("SLOW", 0.9) } else { verdict("NORMAL", 0.9) }',
        alarms: {},
        examples: [],
      })
    at.send(50)
    at.events(productionCount({ line: 'LINE-A', production_count: 50, occurred_at_ms: at.clock.nowMs() }))
    at.deploy(production())
    at.pass(10)
    expect(told()).toEqual(['LINE-A SLOW 10'])
    at.deploy({ ...production(['LINE-A', 'LINE-Q']), version: 2 })
    at.pass(10)
    expect(told().slice(1).toSorted()).toEqual(['LINE-A SLOW 20', `LINE-Q ${unjudged} 20`])
  })

  test('I3: every verdict is accounted for through a kill, and the replay finds no difference', () => {
    const swept: Committed[] = []
    at.deploy(silence(), hotRule())
    for (let step = 0; step < 30; step++) {
      at.send(50, 60 + step)
      swept.push(...at.pass(step % 10 === 9 ? 45 : 5))
      if (step === 12) at.restart({ inOrder: false })
      if (step === 20) at.deploy(silence({ version: 2, trigger: { on: 'timer', every_s: 5, sensor: 'temperature' } }))
    }
    at.deploy(silence({ version: 3, enabled: false }))
    at.restart()
    const findings = again()
    expect([findings.differences, findings.gaps, [...findings.notRemade]]).toEqual([[], [], []])
    const inRuns = at
      .records()
      .reduce(
        (sum, { kind, body }) => (kind === 'verdict_run' && body.rule_id === 'silence' ? sum + body.count : sum),
        0,
      )
    expect([...findings.notCompared.values()]).toEqual([inRuns])
    expect(findings.remade).toBe(judgments().length)
    const ofClock = at
      .records()
      .reduce(
        (sum, { kind, body }) =>
          (kind === 'judgment' || kind === 'verdict_run') && (body as { rule_id: string }).rule_id === 'silence'
            ? sum + (kind === 'judgment' ? 1 : (body as { count: number }).count)
            : sum,
        0,
      )
    expect(findings.onTheClock).toBe(ofClock)
    expect(ofClock).toBeGreaterThan(30)
    const made = [...swept, ...at.committed].flatMap(({ counts }) => Object.values(counts.verdictsByStatus))
    expect(judgments().length + counted()).toBe(made.reduce((sum, count) => sum + count, 0))
  })
})
