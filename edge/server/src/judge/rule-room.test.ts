import { ruleDefinitionSchema } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WindowBank } from '../windows/window-bank.ts'
import type { Plant, Tag } from './plant.ts'
import { RuleRoom } from './rule-room.ts'

const name = { ko: '이름', en: 'Name' }

const tagAt = (tagNo: number, line: string, equipment: string | null, sensor = 'temperature'): Tag => ({
  tagNo,
  key: [line, ...(equipment === null ? [] : [equipment]), sensor].join('/'),
  place: { line, equipment, sensor },
  kind: 'number',
  unit: 'C',
  last: undefined,
  lastIsDirty: false,
  windows: undefined,
})

const mean = { name: 'mean', from: 'window', window: { by: 'time', seconds: 60 }, stat: 'mean', kind: 'number' }

const ruleOf = (id: string, more: object = {}): RuleDefinition =>
  ruleDefinitionSchema.parse({
    id,
    version: 1,
    name,
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: [mean],
    script: 'verdict("NORMAL", 1)',
    ...more,
  })

const plantOf = (tags: Tag[], seriesMax = 1_000): Plant => ({
  tag: (key) => tags.find((tag) => tag.key === key),
  tags: () => tags,
  facts: () => undefined,
  factLines: () => [],
  windows: new WindowBank({ seriesMax }),
})

const five = () => Array.from({ length: 5 }, (_, index) => tagAt(index + 1, 'LINE-A', `P${index}`))

test('I7: rules that would look at windows of more sensors than there is room for are refused with a sentence', () => {
  const tags = five()
  const room = new RuleRoom(plantOf(tags, 4))
  expect(room.refusal(ruleOf('a'), [])).toContain('windows of 5 sensors; the appliance keeps 4')
  tags.pop()
  expect(room.refusal(ruleOf('a'), [])).toBeNull()
  expect(room.refusal(ruleOf('b'), [ruleOf('a')])).toBeNull()
  const late = ruleOf('b', { inputs: [{ ...mean, lateness_s: 7 }] })
  expect(room.refusal(late, [ruleOf('a')])).toContain('windows of 8 sensors')
})

test('I7: rules that would judge at more places than there is room for are refused with a sentence', () => {
  const room = new RuleRoom(plantOf(five()), 9)
  const plain = { inputs: [{ name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 }] }
  const first = ruleOf('a', plain)
  expect(room.refusal(first, [])).toBeNull()
  expect(room.refusal(ruleOf('b', plain), [first])).toContain('judge at 10 places')
  expect(room.refusal(ruleOf('b', { ...plain, enabled: false }), [first])).toBeNull()
  const narrow = ruleOf('b', {
    ...plain,
    trigger: { on: 'reading', sensor: 'temperature', equipment: ['P1', 'P2', 'P3', 'P4'] },
  })
  expect(room.refusal(narrow, [first])).toBeNull()
})

test('a rule that takes no more than its older version may come where sensors have become too many', () => {
  const tags = five()
  const room = new RuleRoom(plantOf(tags, 4), 4)
  const standing = ruleOf('a')
  expect(room.refusal(ruleOf('a', { version: 2 }), [standing])).toBeNull()
  expect(room.refusal(ruleOf('b'), [standing])).toContain('judge at 10 places')
})

test('a change of many rules looks at the tags of each rule once', () => {
  let looks = 0
  const tags = Array.from({ length: 40 }, (_, index): Tag => {
    const tag = tagAt(index + 1, 'LINE-A', `P${index}`)
    const { place } = tag
    return Object.defineProperty({ ...tag }, 'place', { get: () => (looks++, place) })
  })
  const room = new RuleRoom(plantOf(tags))
  const inForce: RuleDefinition[] = []
  for (let index = 0; index < 50; index++) {
    const rule = ruleOf(`rule-${index}`)
    expect(room.refusal(rule, inForce)).toBeNull()
    inForce.push(rule)
  }
  expect(looks).toBeLessThan(50 * 40 * 5)
})

test('what was counted on says what counting anew says', () => {
  const places = fc.record({
    line: fc.constantFrom('L1', 'L2'),
    equipment: fc.constantFrom(null, 'E1', 'E2', 'E3'),
    sensor: fc.constantFrom('temperature', 'pressure'),
  })
  const rules = fc
    .record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      lines: fc.constantFrom(undefined, ['L1'], ['L1', 'L2']),
      equipment: fc.constantFrom(undefined, ['E1'], ['E2', 'E3']),
      lateness: fc.constantFrom(0, 5),
      sensor: fc.constantFrom(undefined, 'pressure'),
    })
    .map(({ id, lines, equipment, lateness, sensor }) =>
      ruleOf(id, {
        trigger: {
          on: 'reading',
          sensor: 'temperature',
          ...(lines === undefined ? {} : { lines }),
          ...(equipment === undefined ? {} : { equipment }),
        },
        inputs: [{ ...mean, lateness_s: lateness, ...(sensor === undefined ? {} : { sensor }) }],
      }),
    )
  const steps = fc.array(fc.oneof(places, rules), { maxLength: 30 })
  fc.assert(
    fc.property(steps, fc.nat({ max: 8 }), fc.nat({ max: 12 }), (all, seriesMax, pairsMax) => {
      const tags: Tag[] = []
      const plant = plantOf(tags, seriesMax)
      const room = new RuleRoom(plant, pairsMax)
      const inForce = new Map<string, RuleDefinition>()
      for (const step of all) {
        if (!('id' in step)) {
          tags.push(tagAt(tags.length + 1, step.line, step.equipment, step.sensor))
          continue
        }
        const answer = room.refusal(step, [...inForce.values()])
        expect(answer).toBe(new RuleRoom(plant, pairsMax).refusal(step, [...inForce.values()]))
        if (answer === null) inForce.set(step.id, step)
        else if (tags.length % 2 === 0) inForce.delete(step.id)
      }
    }),
  )
})
