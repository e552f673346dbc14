import { definitionMistakes, ruleDefinitionSchema, type RuleDefinition, type RuleInput } from '@jidoka/domain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defectRatio, pressTemperature } from '../../test/fixture-data.ts'
import { definitionOfForm, inputValue, parseNumber, type FormProblemKind } from './definition.ts'
import { formOfDefinition, nextRow, sourcesOf, withTrigger, type RuleForm } from './form.ts'
import { newRuleForm } from './template.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,11}$/)
const status = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,11}$/)
const code = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,11}$/)
const text = fc.stringMatching(/^[가-힣A-Za-z°/%-]([가-힣A-Za-z °/%-]{0,18}[가-힣A-Za-z°/%-])?$/u)
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
const localText = fc.record({ ko: text, en: text })
const kind = fc.constantFrom('number' as const, 'integer' as const, 'text' as const, 'boolean' as const)
const age = fc.double({ min: 0.001, max: 86_400, noNaN: true })

const anyInput: fc.Arbitrary<RuleInput> = fc.oneof(
  fc.record({ name, from: fc.constant('trigger' as const), kind, max_age_s: age }),
  fc.record({ name, from: fc.constant('tag' as const), kind, sensor: code, max_age_s: age }),
  fc.record({
    name,
    from: fc.constant('mes' as const),
    kind,
    field: fc.constantFrom('lot' as const, 'defect_count' as const),
    max_age_s: age,
  }),
  fc
    .record({
      name,
      sensor: fc.option(code, { nil: undefined }),
      span: fc.oneof(
        fc.record({ by: fc.constant('time' as const), seconds: fc.double({ min: 0.001, max: 28_800, noNaN: true }) }),
        fc.record({ by: fc.constant('count' as const), count: fc.integer({ min: 10, max: 10_000 }) }),
      ),
      mode: fc.constantFrom('sliding' as const, 'tumbling' as const),
      stat: fc.constantFrom('mean' as const, 'slope' as const, 'last_age' as const),
      weight: fc.constantFrom({ stat: 'ewma' as const, alpha: 0.3 }, { stat: 'ewma' as const, half_life_s: 12.5 }, {}),
      count: fc.constantFrom({ count_min: 3 }, {}),
      lateness_s: fc.double({ min: 0, max: 300, noNaN: true }).map((value) => value + 0),
      max_age_s: age,
    })
    .map(({ span, weight, count, sensor, ...rest }) => ({
      ...rest,
      ...weight,
      ...count,
      ...(sensor === undefined ? {} : { sensor }),
      from: 'window' as const,
      window: span,
      kind: 'number' as const,
    })),
  fc.record({
    name,
    from: fc.constant('chart' as const),
    centre: fc.oneof(number, fc.record({ parameter: name })),
    sigma: fc.oneof(fc.constant(0.25), fc.record({ parameter: name })),
    tests: fc.constantFrom('nelson' as const, 'western_electric' as const),
    lateness_s: fc.constant(10),
    max_age_s: age,
    kind: fc.constant('integer' as const),
  }),
  fc.record({ name, from: fc.constant('previous_status' as const), kind: fc.constant('text' as const) }),
)

const valueOf = (of: RuleInput['kind']): fc.Arbitrary<number | boolean | string> =>
  of === 'number'
    ? number
    : of === 'integer'
      ? fc.maxSafeInteger()
      : of === 'boolean'
        ? fc.boolean()
        : fc.string({ maxLength: 20 })

const parameter = fc.oneof(
  fc
    .record({ value: number, name: localText, unit: text }, { requiredKeys: ['value', 'name'] })
    .map((made) => ({ ...made, min: made.value, max: made.value })),
  fc.record({ value: fc.boolean(), name: localText }),
  fc.record({ value: fc.string({ maxLength: 20 }), name: localText }),
)

const anyRule: fc.Arbitrary<RuleDefinition> = fc
  .uniqueArray(anyInput, { minLength: 1, maxLength: 5, selector: (input) => input.name })
  .chain((inputs) =>
    fc.record({
      id: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
      version: fc.constant(3),
      name: localText,
      enabled: fc.boolean(),
      trigger: fc.oneof(
        fc.record(
          {
            on: fc.constant('reading' as const),
            sensor: code,
            lines: fc.array(code, { minLength: 1, maxLength: 3 }),
            equipment: fc.array(code, { minLength: 1, maxLength: 3 }),
          },
          { requiredKeys: ['on', 'sensor'] },
        ),
        fc.record(
          {
            on: fc.constant('timer' as const),
            every_s: fc.integer({ min: 5, max: 3_600 }),
            sensor: code,
            lines: fc.array(code, { minLength: 1, maxLength: 3 }),
            equipment: fc.array(code, { minLength: 1, maxLength: 3 }),
          },
          { requiredKeys: ['on', 'every_s'] },
        ),
        fc.record(
          { on: fc.constant('mes' as const), lines: fc.array(code, { minLength: 1, maxLength: 3 }) },
          { requiredKeys: ['on'] },
        ),
      ),
      inputs: fc.constant(inputs),
      parameters: fc.dictionary(name, parameter, { maxKeys: 4 }),
      script: fc.string({ minLength: 1, maxLength: 200 }),
      normal_statuses: fc.uniqueArray(status, { minLength: 1, maxLength: 4 }),
      alarms: fc.dictionary(status, fc.constantFrom('critical' as const, 'low' as const), { maxKeys: 3 }),
      hysteresis: fc.record({
        raise_after_count: fc.integer({ min: 1, max: 1_000 }),
        return_after_count: fc.integer({ min: 1, max: 1_000 }),
      }),
      cool_down_s: fc.double({ min: 0, max: 86_400, noNaN: true }).map((value) => value + 0),
      confidence_min: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
      examples: fc.array(
        fc.record({
          input: fc.record(Object.fromEntries(inputs.map((input) => [input.name, valueOf(input.kind)]))),
          status,
        }),
        { maxLength: 3 },
      ),
    }),
  )

const { version: _version, ...newTemperature } = pressTemperature

describe('the form and the rule', () => {
  test('whatever a rule is, opening and saving it changes nothing', () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        // What the schema takes is what the cloud can have sent.
        const { version: _, ...expected } = ruleDefinitionSchema.parse(rule)
        expect(definitionOfForm(formOfDefinition(rule))).toEqual({ ok: true, definition: expected })
      }),
      { numRuns: 300 },
    )
  })

  test('the rules of the fixture go through unchanged', () => {
    const { version: _, ...newRatio } = defectRatio
    expect(definitionOfForm(formOfDefinition(pressTemperature))).toEqual({ ok: true, definition: newTemperature })
    expect(definitionOfForm(formOfDefinition(defectRatio))).toEqual({ ok: true, definition: newRatio })
  })

  test('a changed limit changes the limit and nothing else', () => {
    const form = formOfDefinition(pressTemperature)
    const outcome = definitionOfForm({
      ...form,
      parameters: form.parameters.map((row) => (row.key === 'high' ? { ...row, value: ' 85.5 ' } : row)),
    })
    expect(outcome).toEqual({
      ok: true,
      definition: {
        ...newTemperature,
        parameters: { ...newTemperature.parameters, high: { ...newTemperature.parameters['high'], value: 85.5 } },
      },
    })
  })

  test('a new rule lacks nothing but its name', () => {
    const outcome = definitionOfForm(newRuleForm)
    expect(outcome.ok ? [] : outcome.problems.map(({ at }) => at).sort()).toEqual(['id', 'name.en', 'name.ko'])
    expect(definitionOfForm({ ...newRuleForm, id: 'new-rule', nameKo: '새 규칙', nameEn: 'New rule' }).ok).toBe(true)
  })
})

describe('mistakes are marked where they are', () => {
  const form = formOfDefinition(pressTemperature)
  const [high] = form.parameters
  const [value] = form.inputs
  const [example] = form.examples
  if (high === undefined || value === undefined || example === undefined) throw new Error('the fixture has one of each')

  test.each<[string, Partial<RuleForm>, string, FormProblemKind]>([
    ['a decimal comma', { parameters: [{ ...high, value: '80,5' }] }, 'parameters.0.value', 'number'],
    ['an empty limit', { parameters: [{ ...high, value: '' }] }, 'parameters.0.value', 'required'],
    ['a limit above its own bound', { parameters: [{ ...high, value: '121' }] }, 'parameters.0.value', 'most'],
    ['a limit below its own bound', { parameters: [{ ...high, value: '39' }] }, 'parameters.0.value', 'least'],
    ['two parameters of one name', { parameters: [high, { ...high, row: 9 }] }, 'parameters.1.key', 'twice'],
    ['a parameter with a capital', { parameters: [{ ...high, key: 'High' }] }, 'parameters.0.key', 'name'],
    ['a parameter without a name', { parameters: [{ ...high, nameEn: ' ' }] }, 'parameters.0.name.en', 'required'],
    ['an input named twice', { inputs: [value, { ...value, row: 9 }] }, 'inputs.1.name', 'twice'],
    ['an age of nothing', { inputs: [{ ...value, maxAgeS: '0' }] }, 'inputs.0.max_age_s', 'least'],
    ['an age of a week', { inputs: [{ ...value, maxAgeS: '604800' }] }, 'inputs.0.max_age_s', 'most'],
    ['no input at all', { inputs: [] }, 'inputs', 'required'],
    [
      'an example with a word for a number',
      { examples: [{ ...example, input: { ...example.input, value: 'hot' } }] },
      'examples.0.input.value',
      'number',
    ],
    [
      'an example with half a piece',
      { inputs: [{ ...value, kind: 'integer' }], examples: [{ ...example, input: { value: '5e-1' } }] },
      'examples.0.input.value',
      'number',
    ],
    ['an example without a status', { examples: [{ ...example, status: '' }] }, 'examples.0.status', 'status'],
    [
      'a status in small letters',
      { alarms: [{ row: 0, status: 'high', priority: 'high' }] },
      'alarms.0.status',
      'status',
    ],
    ['a line with a slash', { lines: 'LINE-A, LINE/B' }, 'trigger.lines', 'code'],
    ['no sensor', { sensor: '' }, 'trigger.sensor', 'code'],
    ['a clock without a period', { on: 'timer', everyS: '' }, 'trigger.every_s', 'required'],
    ['a clock of every second', { on: 'timer', everyS: '1' }, 'trigger.every_s', 'least'],
    ['a clock of every day', { on: 'timer', everyS: '86400' }, 'trigger.every_s', 'most'],
    ['an empty script', { script: '' }, 'script', 'required'],
    ['half a verdict in a row', { raiseAfterCount: '1.5' }, 'hysteresis.raise_after_count', 'number'],
    ['more than certain', { confidenceMin: '1.2' }, 'confidence_min', 'most'],
    ['a cool-down of minus one second', { coolDownS: '-1' }, 'cool_down_s', 'least'],
    ['no normal status', { normalStatuses: ' , ' }, 'normal_statuses', 'required'],
    ['an identifier with a space', { id: 'press temperature' }, 'id', 'id'],
  ])('%s', (_name, change, at, expected) => {
    const outcome = definitionOfForm({ ...form, ...change })
    expect(outcome.ok).toBe(false)
    expect(outcome.ok ? null : outcome.problems.find((problem) => problem.at === at)).toMatchObject({
      at,
      kind: expected,
    })
  })
})

test('reads numbers as people write them and nothing else', () => {
  expect(['80', ' 80.5 ', '-1e3', '.5', '+2', '1.'].map(parseNumber)).toEqual([80, 80.5, -1000, 0.5, 2, 1])
  expect(['', ' ', '0x10', '1,5', '1 000', 'NaN', 'Infinity', '1e999', '--1'].map(parseNumber)).toEqual(
    Array(9).fill(null),
  )
  expect(inputValue('1.5', 'integer')).toBeNull()
  expect(inputValue('9007199254740993', 'integer')).toBeNull()
  expect(inputValue('', 'text')).toBe('')
  expect(inputValue('yes', 'boolean')).toBeNull()
})

test('a rule that the clock triggers looks at the last reading of its sensor, and not at one that triggers', () => {
  const form = formOfDefinition(newTemperature)
  const timed = definitionOfForm({ ...form, ...withTrigger(form, 'timer') })
  expect(timed).toMatchObject({ ok: true, definition: { trigger: { on: 'timer', every_s: 60, sensor: form.sensor } } })
  expect(timed.ok && definitionMistakes({ ...timed.definition, version: 1 })).toEqual([])
  expect([sourcesOf(form).includes('trigger'), sourcesOf({ ...form, on: 'timer' }).includes('trigger')]).toEqual([
    true,
    false,
  ])
})

test('a row that is added gets a number that no row has', () => {
  expect(nextRow([])).toBe(0)
  expect(nextRow([{ row: 4 }, { row: 2 }])).toBe(5)
})
