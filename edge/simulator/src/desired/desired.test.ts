import { desiredItemSchema, ruleSource } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { describe, expect, test } from 'vitest'
import type { Effect } from '../plant/effects.ts'
import { hanbit } from '../plant/hanbit.ts'
import { Plant } from '../plant/plant.ts'
import { RuleWatch } from '../testing/rule-watch.ts'
import { desiredItems } from './desired.ts'
import { starterRules } from './rules.ts'

const startMs = Date.UTC(2026, 10, 21, 0, 30)
const newPlant = (seed = 42): Plant => new Plant(hanbit, { seed, startMs })

test('every item fits the schema of the desired state, and each is named once', () => {
  const items = desiredItems()
  for (const item of items) expect(desiredItemSchema.parse(item)).toEqual(item)
  expect(new Set(items.map((item) => `${item.kind} ${item.key}`)).size).toBe(items.length)
  expect(items.map((item) => item.kind).filter((kind) => kind === 'rule')).toHaveLength(6)
})

test('every tag of the plant is in the catalogue with a name in both languages', () => {
  const catalogue = desiredItems().find((item) => item.kind === 'tag_catalogue')
  const tags = catalogue?.kind === 'tag_catalogue' ? catalogue.body.tags : []
  expect(tags.map((tag) => tag.key)).toEqual(newPlant().sensors.map((sensor) => sensor.key))
  expect(tags.every((tag) => /\p{Script=Hangul}/u.test(tag.name.ko) && !/\p{Script=Hangul}/u.test(tag.name.en))).toBe(
    true,
  )
})

describe.each(starterRules())('rule $id', (rule) => {
  const engine = RuleEngine.create(loadRuleModule())
  const outcome = engine.compile(ruleSource(rule))

  test('compiles without a warning', () => {
    expect(outcome.ok ? outcome.rule.warnings : outcome.errors).toEqual([])
  })

  test('passes its examples, and has one for every status that raises an alarm', () => {
    if (!outcome.ok) throw new Error(outcome.error.message)
    for (const example of rule.examples) {
      const verdict = engine.judge(outcome.rule, example.input)
      expect([example.input, verdict]).toMatchObject([
        example.input,
        { kind: 'verdict', verdict: { status: example.status } },
      ])
    }
    const shown = new Set(rule.examples.map((example) => example.status))
    expect([...Object.keys(rule.alarms), ...rule.normal_statuses].filter((status) => !shown.has(status))).toEqual([])
  })

  test('has limits that lie inside what people may set', () => {
    for (const { value, min, max } of Object.values(rule.parameters)) {
      expect(value).toBeGreaterThanOrEqual(min ?? Number.NaN)
      expect(value).toBeLessThanOrEqual(max ?? Number.NaN)
    }
  })
})

describe('the plant under the starter rules', () => {
  test.each([42, 7])('with seed %i and no fault raises no alarm in an hour', (seed) => {
    const watch = new RuleWatch(newPlant(seed), starterRules())
    watch.run(3_600_000)
    expect(watch.alarms).toEqual([])
  })

  const faults: readonly { readonly effect: Effect; readonly rule: string; readonly subject: string }[] = [
    {
      effect: { kind: 'drift', tag: 'LINE-A/PRESS-1/temperature', severity: 0.7 },
      rule: 'temperature-high',
      subject: 'LINE-A/PRESS-1/temperature',
    },
    {
      effect: { kind: 'drift', tag: 'LINE-A/PRESS-2/hydraulic_pressure', severity: 0.7 },
      rule: 'hydraulic-pressure-band',
      subject: 'LINE-A/PRESS-2/hydraulic_pressure',
    },
    {
      effect: { kind: 'drift', tag: 'LINE-C/CNC-2/spindle_torque', severity: 0.7 },
      rule: 'spindle-torque-plausible',
      subject: 'LINE-C/CNC-2/spindle_torque',
    },
    {
      effect: { kind: 'drift', tag: 'LINE-A/FEEDER-1/vibration', severity: 0.7 },
      rule: 'vibration-severity',
      subject: 'LINE-A/FEEDER-1/vibration',
    },
    {
      effect: { kind: 'spike', tag: 'LINE-A/PRESS-1/vibration', severity: 0.7 },
      rule: 'vibration-severity',
      subject: 'LINE-A/PRESS-1/vibration',
    },
    {
      effect: { kind: 'spike', tag: 'LINE-A/PRESS-1/temperature', severity: 0.7 },
      rule: 'temperature-high',
      subject: 'LINE-A/PRESS-1/temperature',
    },
    {
      effect: { kind: 'spike', tag: 'LINE-A/HPU-1/hydraulic_pressure', severity: 0.7 },
      rule: 'hydraulic-pressure-band',
      subject: 'LINE-A/HPU-1/hydraulic_pressure',
    },
    {
      effect: { kind: 'stuck_sensor', tag: 'LINE-C/CNC-1/spindle_torque' },
      rule: 'spindle-torque-plausible',
      subject: 'LINE-C/CNC-1/spindle_torque',
    },
    {
      effect: { kind: 'stuck_sensor', tag: 'LINE-C/CNC-3/motor_current' },
      rule: 'spindle-torque-plausible',
      subject: 'LINE-C/CNC-3/spindle_torque',
    },
    {
      effect: { kind: 'bearing_wear', machine: 'LINE-A/PRESS-1', severity: 0.7 },
      rule: 'vibration-severity',
      subject: 'LINE-A/PRESS-1/vibration',
    },
    {
      effect: { kind: 'bearing_wear', machine: 'LINE-D/COMP-1', severity: 0.3 },
      rule: 'vibration-severity',
      subject: 'LINE-D/COMP-1/vibration',
    },
  ]

  test.each(faults)(
    '$effect.kind at $subject raises $rule within 20 s, and nothing rings elsewhere',
    ({ effect, rule, subject }) => {
      // Begun at eight instants, so that it is no luck with a machine's cycle.
      for (let turn = 0; turn < 8; turn++) {
        const plant = newPlant(100 + turn)
        plant.advanceTo(startMs + 60_000 + turn * 3_400)
        plant.addEffect('f', effect)
        const watch = new RuleWatch(plant, starterRules())
        watch.run(20_000)
        expect(watch.alarms.map((alarm) => `${alarm.rule} ${alarm.subject}`)).toContain(`${rule} ${subject}`)
        const machine = 'machine' in effect ? effect.machine : effect.tag.split('/').slice(0, 2).join('/')
        expect(watch.alarms.filter((alarm) => !alarm.subject.startsWith(machine))).toEqual([])
      }
    },
  )

  test('a worn bearing goes on to raise the temperature and the defect ratio of its line within minutes', () => {
    const plant = newPlant()
    plant.addEffect('f', { kind: 'bearing_wear', machine: 'LINE-A/PRESS-1', severity: 0.7 })
    const watch = new RuleWatch(plant, starterRules())
    watch.run(5 * 60_000)
    const seen = new Set(watch.alarms.map((alarm) => `${alarm.rule} ${alarm.subject} ${alarm.status}`))
    expect(seen).toContain('temperature-high LINE-A/PRESS-1/temperature HIGH')
    expect(seen).toContain('defect-ratio LINE-A HIGH_DEFECT')
  })
})
