import { judgmentSchema, unjudged } from '@jidoka/domain'
import type { Judgment, RuleDefinition } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, newRunner, productionCount, TestJournal } from '../pipeline/test-support.ts'
import { judgeLimits } from './limits.ts'
import { recordText } from './record-text.ts'
import { replayJudgment } from './replay.ts'
import { pressure, ratio } from './test-rules.ts'

/*
 * What the rules of a line come to: judged through the real journal, store and rule engine, with a clock turned by hand.
 * The invariants: every judgment can be made again from its snapshot (I3), nothing is judged from what is missing, old or
 * bad (I4), and a rule that fails its examples is never in force (I7).
 */
describe('judging', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const judgments = (): Judgment[] =>
    at.records().flatMap((record) => (record.kind === 'judgment' ? [record.body] : []))
  const standing = () => at.read((reader) => reader.standingVerdicts()).map(({ judgment }) => judgment.status)
  const alarmStates = () => at.records().flatMap((record) => (record.kind === 'alarm' ? [record.body.state] : []))

  const deadband = (): RuleDefinition =>
    hotRule({
      id: 'deadband',
      inputs: [
        { name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 },
        { name: 'before', from: 'previous_status', kind: 'text' },
      ],
      script:
        'if input.value > 80.0 || (input.before == "HIGH" && input.value > 75.0) { verdict("HIGH", 0.9) } else { verdict("NORMAL", 0.9) }',
      examples: [
        { input: { value: 78, before: 'HIGH' }, status: 'HIGH' },
        { input: { value: 78 }, status: 'NORMAL' },
      ],
    })

  const sendPressure = (value: number, topic = 'sensor/LINE-A/pressure', more: Record<string, unknown> = {}) =>
    at.send({ topic, payload: Buffer.from(at.payload(value, { unit: 'bar', ...more })) })

  test('I3: every judgment comes out the same when it is made again from its snapshot and its rule', () => {
    const rules = [
      hotRule(),
      deadband(),
      ratio(),
      pressure(),
      hotRule({ id: 'broken', script: 'if input.value > 90.0 { throw "no" } verdict("NORMAL", 1.0)', examples: [] }),
    ]
    at.deploy(...rules)
    for (let step = 0; step < 60; step++) {
      if (step % 7 === 0) sendPressure(4 + (step % 3))
      at.send(...Array.from({ length: 5 }, (_, index) => 60 + ((step * 7 + index * 13) % 45)))
      if (step % 11 === 0)
        at.events(
          productionCount({
            source_key: `c${step}`,
            occurred_at_ms: at.clock.nowMs(),
            defect_count: step,
            production_count: 200,
          }),
        )
      at.pass(step % 13 === 0 ? 70 : 1)
    }
    const made = judgments()
    const seen = new Set<string>()
    const runner = newRunner()
    for (const judgment of made) {
      judgmentSchema.parse(judgment)
      const definition = rules.find((rule) => rule.id === judgment.rule_id)
      if (definition === undefined) throw new Error(`no rule ${judgment.rule_id}`)
      // A verdict that the whole rule was taken out is of the program, not of the rule.
      if (judgment.explanation?.includes('taken out') === true) continue
      const again = replayJudgment(judgment, definition, runner)
      expect({ id: judgment.id, ...again }).toEqual({
        id: judgment.id,
        status: judgment.status,
        confidence: judgment.confidence,
        explanation: judgment.explanation,
      })
      seen.add(`${judgment.rule_id} ${judgment.status}`)
    }
    expect([...seen].toSorted()).toEqual(
      expect.arrayContaining([
        'both HIGH',
        `both ${unjudged}`,
        `broken ${unjudged}`,
        'deadband HIGH',
        'deadband NORMAL',
        'defects HIGH_DEFECT',
        'hot HIGH',
        `hot ${unjudged}`,
      ]),
    )
    expect(() =>
      replayJudgment(
        made[0] as Judgment,
        { ...(rules[0] as RuleDefinition), script: 'verdict("NORMAL", 1.0)' },
        runner,
      ),
    ).toThrow(/was made by the rule/)
  })

  describe('I4: is UNJUDGED and names the input', () => {
    test('that is missing', () => {
      at.deploy(pressure())
      at.send(90)
      expect(judgments()).toMatchObject([
        { status: unjudged, normal: false, confidence: 0, inputs: { pressure: { value: null, problem: 'missing' } } },
      ])
      expect(alarmStates()).toEqual([])
    })

    test('that is stale', () => {
      at.deploy(pressure())
      sendPressure(6)
      at.clock.advance(10_001)
      at.send(90)
      expect(judgments().at(-1)).toMatchObject({
        status: unjudged,
        inputs: { pressure: { value: 6, problem: 'stale' } },
      })
    })

    test('that is of bad quality', () => {
      at.deploy(pressure())
      sendPressure(6, 'sensor/LINE-A/pressure', { quality: 'bad' })
      at.send(90)
      expect(judgments().at(-1)).toMatchObject({
        status: unjudged,
        inputs: { pressure: { value: 6, quality: 'bad', problem: 'bad_quality' } },
      })
    })

    test('that is of another kind', () => {
      at.deploy(pressure())
      at.send({ topic: 'sensor/LINE-A/pressure', payload: Buffer.from('{"value":"much"}') })
      at.send(90)
      expect(judgments().at(-1)).toMatchObject({ status: unjudged, inputs: { pressure: { problem: 'wrong_kind' } } })
    })

    test('when the triggering reading itself is old: it is stored, and not judged', () => {
      at.deploy(hotRule())
      const committed = at.send({
        payload: Buffer.from(at.payload(90, { timestamp: new Date(at.clock.nowMs() - 61_000).toISOString() })),
      })
      expect(committed.counts).toMatchObject({ readings: 1, verdictsByStatus: { [unjudged]: 1 } })
      expect(judgments()).toMatchObject([{ status: unjudged, inputs: { value: { value: 90, problem: 'stale' } } }])
    })

    test('when nothing comes any more: once, by the clock alone, and the alarm stays', () => {
      at.deploy(hotRule())
      at.send(90)
      expect(at.pass(60)).toEqual([])
      const swept = at.pass(1)
      expect(swept.flatMap(({ verdicts }) => verdicts)).toMatchObject([
        { judgment: { status: unjudged, previous_status: 'HIGH', reading_seq: null } },
      ])
      at.pass(120)
      expect(judgments().filter(({ status }) => status === unjudged).length).toBe(1)
      expect(alarmStates()).toEqual(['unacknowledged'])
      at.send(90)
      expect(standing()).toEqual(['HIGH'])
    })

    test('also after a restart in between', () => {
      at.deploy(hotRule())
      at.send(20)
      at.restart({ inOrder: false })
      at.pass(61)
      expect(standing()).toEqual([unjudged])
    })

    test('when a window gets nothing new any more, or has too little in it', () => {
      const window = { by: 'time', seconds: 30 } as const
      at.deploy(
        hotRule({
          inputs: [
            { name: 'value', from: 'trigger', kind: 'number', max_age_s: 3_600 },
            { name: 'mean', from: 'window', window, stat: 'mean', kind: 'number', max_age_s: 20, count_min: 3 },
          ],
          script: 'verdict(if input.mean > params.high { "HIGH" } else { "NORMAL" }, 0.9)',
          examples: [],
        }),
      )
      at.send(20, 21)
      expect(judgments().at(-1)).toMatchObject({ status: unjudged, inputs: { mean: { problem: 'missing' } } })
      at.send(22)
      expect(judgments().at(-1)).toMatchObject({ status: 'NORMAL', inputs: { mean: { value: 21 } } })
      at.pass(20)
      expect(standing()).toEqual(['NORMAL'])
      at.pass(1)
      expect(judgments().at(-1)).toMatchObject({
        status: unjudged,
        reading_seq: null,
        inputs: { value: { value: 22 }, mean: { value: 21, problem: 'stale' } },
      })
    })

    test('when another input than the trigger grows old', () => {
      at.deploy(pressure())
      sendPressure(6)
      at.send(20)
      at.pass(11)
      expect(judgments().at(-1)).toMatchObject({
        status: unjudged,
        inputs: { value: { value: 20 }, pressure: { problem: 'stale' } },
      })
      expect(judgments().at(-1)?.inputs['value']).not.toHaveProperty('problem')
    })
  })

  test('takes the sensor of the same equipment before that of the line', () => {
    at.deploy(pressure())
    sendPressure(9)
    at.send(90)
    expect(judgments().at(-1)).toMatchObject({ status: 'HIGH', inputs: { pressure: { value: 9 } } })
    sendPressure(1, 'sensor/LINE-A/PRESS-1/pressure')
    at.send(91)
    expect(judgments().at(-1)).toMatchObject({ status: 'NORMAL', inputs: { pressure: { value: 1 } } })
  })

  test('sees each reading of a batch with the other inputs as they were at its arrival', () => {
    at.deploy(pressure())
    const temperature = (value: number) => ({ payload: Buffer.from(at.payload(value)) })
    const bar = (value: number) => ({
      topic: 'sensor/LINE-A/pressure',
      payload: Buffer.from(at.payload(value, { unit: 'bar' })),
    })
    at.send(bar(1), temperature(90), bar(9), temperature(90), bar(1), temperature(90))
    expect(judgments().map(({ status }) => status)).toEqual(['NORMAL', 'HIGH', 'NORMAL'])
  })

  test('a rule that looks at its own status sees each verdict of the batch before', () => {
    at.deploy(deadband())
    at.send(70, 78, 81, 78, 76, 74, 78)
    expect(judgments().map(({ status, inputs }) => [status, inputs['value']?.value, inputs['before']?.value])).toEqual([
      ['NORMAL', 70, ''],
      ['HIGH', 81, 'NORMAL'],
      ['HIGH', 78, 'HIGH'],
      ['HIGH', 76, 'HIGH'],
      ['NORMAL', 74, 'HIGH'],
    ])
  })

  test('a late reading is judged and recorded, and does not move what stands', () => {
    at.deploy(hotRule())
    at.send(20)
    at.clock.advance(1_000)
    at.send({ payload: Buffer.from(at.payload(95, { timestamp: new Date(at.clock.nowMs() - 5_000).toISOString() })) })
    expect(judgments().map(({ status }) => status)).toEqual(['NORMAL', 'HIGH'])
    expect(standing()).toEqual(['NORMAL'])
    expect(alarmStates()).toEqual([])
  })

  test('verdicts below the confidence that a rule asks for are recorded too', () => {
    at.deploy(hotRule({ confidence_min: 0.85 }))
    at.send(20)
    at.clock.advance(1_000)
    at.send(21)
    expect(judgments().map(({ status, confidence }) => [status, confidence])).toEqual([
      ['NORMAL', 0.8],
      ['NORMAL', 0.8],
    ])
  })

  describe('production counts', () => {
    test('are judged for their line, a late one is only kept', () => {
      at.deploy(ratio())
      at.events(
        productionCount({ source_key: 'a', occurred_at_ms: at.clock.nowMs(), production_count: 100, defect_count: 6 }),
      )
      at.events(
        productionCount({
          source_key: 'b',
          occurred_at_ms: at.clock.nowMs() - 1_000,
          production_count: 100,
          defect_count: 0,
        }),
      )
      at.events(productionCount({ source_key: 'c', line: 'LINE-B', occurred_at_ms: at.clock.nowMs() }))
      expect(judgments()).toMatchObject([
        { rule_id: 'defects', subject: 'LINE-A', line: 'LINE-A', status: 'HIGH_DEFECT', reading_seq: null },
      ])
      expect(at.read((reader) => reader.facts())).toMatchObject([
        { line: 'LINE-A', defectCount: 6 },
        { line: 'LINE-B' },
      ])
    })

    test('of another lot than the one that has begun are not its own', () => {
      at.deploy(ratio())
      at.events(productionCount({ source_key: 'a', occurred_at_ms: at.clock.nowMs() }))
      at.events({
        type: 'lot_started',
        source: 'mes',
        source_key: 'l',
        line: 'LINE-A',
        occurred_at_ms: at.clock.nowMs(),
        lot: 'LOT-2',
      })
      expect(at.read((reader) => reader.facts())).toMatchObject([
        { lot: 'LOT-2', productionCount: null, defectCount: null },
      ])
    })

    test('I4: that are older than the rule allows are UNJUDGED', () => {
      at.deploy(ratio())
      at.events(productionCount({ occurred_at_ms: at.clock.nowMs() - 3_601_000 }))
      expect(judgments()).toMatchObject([{ status: unjudged, inputs: { defect_count: { problem: 'stale' } } }])
    })
  })

  test('I3: an explanation holds nothing that PostgreSQL does not keep, and comes out the same again', () => {
    const rules = [
      hotRule({ script: 'verdict("HIGH", 0.9, "a\\x00b")', examples: [] }),
      hotRule({ id: 'thrown', script: 'throw "c\\x00d"', examples: [] }),
    ]
    at.deploy(...rules)
    for (let strike = 0; strike < judgeLimits.strikesMax; strike++) at.send(90)
    const [said, thrown] = judgments()
    expect(said).toMatchObject({ status: 'HIGH', explanation: 'a\ufffdb' })
    expect(thrown).toMatchObject({ status: unjudged, explanation: expect.stringContaining('c\ufffdd') })
    expect(at.records().filter((record) => JSON.stringify(record).includes('\\u0000'))).toEqual([])
    const runner = newRunner()
    for (const judgment of [said, thrown]) {
      const rule = rules.find(({ id }) => id === judgment?.rule_id)
      expect(replayJudgment(judgment as Judgment, rule as RuleDefinition, runner)).toMatchObject({
        status: judgment?.status,
        explanation: judgment?.explanation,
      })
    }
    // The cut falls into a pair of surrogates.
    expect(recordText(`${'x'.repeat(1_999)}😀`)).toBe(`${'x'.repeat(1_999)}\ufffd`)
  })

  test('I4: a status that a script must not give is UNJUDGED and says why', () => {
    at.deploy(
      hotRule({ script: 'verdict("UNJUDGED", 1.0)', examples: [] }),
      hotRule({ id: 'odd', script: 'verdict("so lala", 1.0)', examples: [] }),
    )
    at.send(20)
    expect(judgments().map(({ status, explanation }) => [status, explanation])).toEqual([
      [unjudged, expect.stringContaining('only the program gives')],
      [unjudged, expect.stringContaining('capital letters')],
    ])
  })
})
