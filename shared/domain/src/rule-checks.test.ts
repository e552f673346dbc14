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

describe('I7: a definition', () => {
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
      'with an alarm on a normal status',
      { alarms: { NORMAL: 'low' } },
      'The status NORMAL is a normal one and cannot raise an alarm.',
    ],
    [
      'with an alarm on UNJUDGED',
      { alarms: { UNJUDGED: 'low' } },
      'UNJUDGED cannot raise an alarm: it says that nothing is known of the process.',
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
