import { describe, expect, test } from 'vitest'
import { definitionMistakes, statusMistake } from './rule-checks.ts'
import { ruleDefinitionSchema } from './rule.ts'

const definitionOf = (changes: Record<string, unknown> = {}) =>
  ruleDefinitionSchema.parse({
    id: 'hot',
    version: 1,
    name: { ko: '고온', en: 'Hot' },
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: [{ name: 'value', from: 'trigger', kind: 'number' }],
    script: 'verdict("NORMAL", 1.0)',
    ...changes,
  })

const name = { ko: '값', en: 'value' }
const windowOf = (changes: Record<string, unknown>) => ({
  name: 'w',
  from: 'window',
  window: { by: 'time', seconds: 60 },
  stat: 'mean',
  kind: 'number',
  ...changes,
})
const chart = { name: 'c', from: 'chart', centre: 50, sigma: 2, tests: 'nelson', kind: 'integer' }

describe('I7: a definition', () => {
  test('with windows and a chart that hold together has no mistakes', () => {
    const inputs = [
      windowOf({ stat: 'ewma', half_life_s: 5 }),
      windowOf({ name: 'v', mode: 'tumbling', max_age_s: 120 }),
      { ...chart, centre: { parameter: 'middle' } },
    ]
    expect(definitionMistakes(definitionOf({ inputs, parameters: { middle: { value: 50, name } } }))).toEqual([])
  })

  test.each<[string, Record<string, unknown>]>([
    ['of more than 8 hours', { window: { by: 'time', seconds: 28_801 } }],
    ['of more than 10,000 readings', { window: { by: 'count', count: 10_001 } }],
    ['of texts', { kind: 'text' }],
    ['with a lateness beyond 5 minutes', { lateness_s: 301 }],
    ['with a figure that does not exist', { stat: 'median' }],
  ])('is refused with a window %s', (_what, changes) => {
    expect(() => definitionOf({ inputs: [windowOf(changes)] })).toThrow(/inputs/)
  })

  test('that holds together has no mistakes', () => {
    expect(definitionMistakes(definitionOf({ alarms: { HIGH: 'high' } }))).toEqual([])
  })

  test.each<[string, Record<string, unknown>, string]>([
    [
      'with an input twice',
      {
        inputs: [
          { name: 'value', from: 'trigger', kind: 'number' },
          { name: 'value', from: 'tag', sensor: 'x', kind: 'number' },
        ],
      },
      'The input "value" is declared twice.',
    ],
    [
      'on production counts that asks for the reading',
      { trigger: { on: 'mes' } },
      'The input "value" is taken from the triggering reading, but the rule is triggered by production counts. Take it from "tag" or "mes".',
    ],
    [
      'on the clock that asks for the reading',
      { trigger: { on: 'timer', every_s: 60, sensor: 'x' } },
      'The input "value" is taken from the triggering reading, but the rule is triggered by the clock. Take it from "tag" or "mes".',
    ],
    [
      'on the clock with equipment and no sensor',
      { trigger: { on: 'timer', every_s: 60, equipment: ['PRESS-1'] }, inputs: [windowOf({ sensor: 'x' })] },
      'The rule is triggered by the clock for whole lines, but names equipment. Name a sensor too.',
    ],
    [
      'on the clock of lines with a window of no sensor',
      { trigger: { on: 'timer', every_s: 60 }, inputs: [windowOf({})] },
      'The input "w" looks at the readings of the triggering sensor, but the rule is triggered by the clock. Name a sensor.',
    ],
    [
      'with an alarm on a normal status',
      { alarms: { NORMAL: 'low' } },
      'The status NORMAL is a normal one and cannot raise an alarm.',
    ],
    [
      'with an alarm on UNJUDGED',
      { alarms: { UNJUDGED: 'low' } },
      'UNJUDGED cannot raise an alarm: it says that nothing is known of the process.',
    ],
    [
      'with an EWMA without a weight',
      { inputs: [windowOf({ stat: 'ewma' })] },
      'The input "w" is an EWMA and needs either "alpha" or "half_life_s".',
    ],
    [
      'with an EWMA with two weights',
      { inputs: [windowOf({ stat: 'ewma', alpha: 0.2, half_life_s: 5 })] },
      'The input "w" is an EWMA and needs either "alpha" or "half_life_s".',
    ],
    [
      'with a weight on a mean',
      { inputs: [windowOf({ alpha: 0.2 })] },
      'The input "w" has "alpha" or "half_life_s", which only an EWMA has.',
    ],
    [
      'with a spread of one reading',
      { inputs: [windowOf({ stat: 'stddev', count_min: 1 })] },
      'The input "w" is a stddev, which needs 2 readings; "count_min" says 1.',
    ],
    [
      'with a window that is never full enough',
      { inputs: [windowOf({ window: { by: 'count', count: 5 }, count_min: 6 })] },
      'The input "w" has a window of 5 readings and needs 6 of them.',
    ],
    [
      'with a tumbling window that is too old before the next one',
      { inputs: [windowOf({ mode: 'tumbling', window: { by: 'time', seconds: 600 } })] },
      'The input "w" would be too old before the next window closes: "max_age_s" must be 610 or more (window and lateness).',
    ],
    [
      'on production counts with a window of no sensor',
      { trigger: { on: 'mes' }, inputs: [windowOf({})] },
      'The input "w" looks at the readings of the triggering sensor, but the rule is triggered by production counts. Name a sensor.',
    ],
    [
      'with a chart on a parameter that is not there',
      { inputs: [{ ...chart, centre: { parameter: 'middle' } }] },
      'The input "c" takes its centre from the parameter "middle", which the rule does not have.',
    ],
    [
      'with a chart on a parameter that is no number',
      { inputs: [{ ...chart, centre: { parameter: 'on' } }], parameters: { on: { value: true, name } } },
      'The input "c" takes its centre from the parameter "on", which is no number.',
    ],
    [
      'with a chart without a spread',
      { inputs: [{ ...chart, sigma: { parameter: 's' } }], parameters: { s: { value: 0, name } } },
      'The input "c" takes its sigma from the parameter "s", which must be above 0 and is 0.',
    ],
    ['that calls UNJUDGED normal', { normal_statuses: ['NORMAL', 'UNJUDGED'] }, 'UNJUDGED cannot be a normal status.'],
  ])('%s is told so in a sentence', (_what, changes, sentence) => {
    expect(definitionMistakes(definitionOf(changes))).toEqual([sentence])
  })
})

describe('I4: a status of a script', () => {
  test.each(['NORMAL', 'HIGH_2', 'A', 'A'.repeat(32)])('%s may stand', (status) => {
    expect(statusMistake(status)).toBeNull()
  })

  test.each(['', 'ok lower', 'high', '1A', 'HIGH ', 'A'.repeat(33), '높음'])('%j may not, and is named', (status) => {
    expect(statusMistake(status)).toContain(JSON.stringify(status))
  })

  test('UNJUDGED is the word of the program alone', () => {
    expect(statusMistake('UNJUDGED')).toContain('which only the program gives')
  })
})
