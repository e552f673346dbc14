import { describe, expect, test } from 'vitest'
import type { FieldKind } from './index.ts'
import { compiled, fieldsOf, mistakes, newEngine, someFields } from '../test/engine.ts'

const engine = newEngine()
const params = { high: 80, name: 'press-1' }
const only = (source: string) => mistakes(engine, source, { params })

describe('a compile error names its place', () => {
  test.each([
    ['a missing operand', 'if input.value >\n}', 'syntax 2:1'],
    ['an unknown variable', 'let a = 1;\nverdict("A", b)', 'syntax 2:14'],
    ['a missing brace', 'if input.value > 1.0 {\n  verdict("A", 1)', 'syntax 2:18'],
    [
      'an unknown field',
      'if input.temperatur > 80.0 { verdict("A", 1) } else { verdict("B", 1) }',
      'unknown-field 1:10',
    ],
    [
      'an unknown field in brackets',
      'if input["temperatur"] > 80.0 { verdict("A", 1) } else { verdict("B", 1) }',
      'unknown-field 1:10',
    ],
    ['an unknown field inside of a template', 'verdict("A", 1,\n  `${input.valu}`)', 'unknown-field 2:12'],
    ['an unknown field before a method', 'verdict(input.machin.sub_string(1), 1)', 'unknown-field 1:15'],
    [
      'an unknown field in a closure',
      'if [1.0].some(|x| x > input.valu) { verdict("A", 1) } else { verdict("B", 1) }',
      'unknown-field 1:29',
    ],
    [
      'an unknown field as an argument of a method',
      'verdict(input.machine.sub_string(input.coun), 1)',
      'unknown-field 1:40',
    ],
    [
      'an unknown field in a loop',
      'for x in [1.0] { if x > input.valu { return verdict("A", 1); } } verdict("B", 1)',
      'unknown-field 1:31',
    ],
    ['an unknown field in a switch', 'switch input.machin { _ => verdict("A", 1) }', 'unknown-field 1:14'],
    [
      'an unknown parameter',
      'if input.value > params.hihg { verdict("A", 1) } else { verdict("B", 1) }',
      'unknown-parameter 1:25',
    ],
    ['an assignment to a field', 'verdict("A", 1);\ninput.value = 1.0;', 'read-only 2:1'],
    ['an assignment to a parameter', 'params.high += 1.0; verdict("A", 1)', 'read-only 1:1'],
    ['an assignment in brackets', 'input["value"] = 1.0; verdict("A", 1)', 'read-only 1:1'],
    ['a variable called input', 'let input = 1; verdict("A", 1)', 'reserved-name 1:1'],
    ['a loop over params', 'for params in [1] { } verdict("A", 1)', 'reserved-name 1:1'],
    ['a function that reads the input', 'fn high() { input.value > 80.0 }\nverdict("A", 1)', 'reserved-name 1:13'],
    [
      'a number compared with a text',
      'if input.value > "80" { verdict("A", 1) } else { verdict("B", 1) }',
      'type 1:16',
    ],
    [
      'a text compared with a number',
      'if input.machine == 1 { verdict("A", 1) } else { verdict("B", 1) }',
      'type 1:18',
    ],
    [
      'a parameter of another kind',
      'if input.value > params.name { verdict("A", 1) } else { verdict("B", 1) }',
      'type 1:16',
    ],
    ['a condition that is a number', 'if input.count { verdict("A", 1) } else { verdict("B", 1) }', 'type 1:10'],
    ['&& with a number', 'if input.running && input.count { verdict("A", 1) } else { verdict("B", 1) }', 'type 1:27'],
    [
      'a test of a chart on a number',
      'if nelson(input.value, 1) { verdict("A", 1) } else { verdict("B", 1) }',
      'type 1:4',
    ],
    [
      'a test that a chart does not have',
      'if nelson(input.count, 9) { verdict("A", 1) } else { verdict("B", 1) }',
      'type 1:24',
    ],
    [
      'a test of Western Electric above 4',
      'if western_electric(input.count, 5) { verdict("A", 1) } else { verdict("B", 1) }',
      'type 1:34',
    ],
    ['a function of the name of a chart test', 'fn nelson(a, b) { true } verdict("A", 1)', 'reserved-name 0:0'],
    ['arithmetic with a boolean', 'verdict("A", input.running * 2.0)', 'type 1:28'],
    ['a verdict without confidence', 'if input.running { #{ status: "A" } } else { verdict("B", 1) }', 'result 1:20'],
    ['a verdict with a misspelt key', '#{ status: "A", confidence: 1, explanaton: "" }', 'result 1:32'],
    ['a confidence above 1', 'return verdict("A", 95);', 'result 1:21'],
    ['a status of more than 64 bytes', `verdict("${'x'.repeat(65)}", 1)`, 'result 1:9'],
    ['an end that is no verdict', 'input.value > 1.0;\n"HIGH"', 'result 2:1'],
  ])('%s', (_, source, expected) => {
    const [first = 'no mistake'] = only(source)
    expect(first.split(' ').slice(0, 2).join(' ')).toBe(expected)
  })

  test('and says what is there instead', () => {
    expect(only('verdict("A", input.valu)')).toEqual([
      'unknown-field 1:20 the rule declares no field `valu`; its fields are `value`, `count`, `machine`, `running`',
    ])
    expect(only('verdict("A", params.hi)')).toEqual([
      'unknown-parameter 1:21 the rule has no parameter `hi`; its parameters are `high`, `name`',
    ])
  })

  test('all mistakes come at once, by place', () => {
    const source =
      'let a = input.a;\nlet b = params.b;\nif input.machine > 1 { verdict("A", 2) } else { verdict("B", 1) }'
    expect(only(source).map((mistake) => mistake.split(' ').slice(0, 2).join(' '))).toEqual([
      'unknown-field 1:15',
      'unknown-parameter 2:16',
      'type 3:18',
      'result 3:37',
    ])
  })
})

describe('what a rule may not use', () => {
  test.each(['eval("1")', 'print("x")', 'debug("x")', 'import "x" as y;', 'export x;'])(
    '%s does not compile',
    (source) => {
      expect(only(`${source}; verdict("A", 1)`)[0]).toMatch(/^syntax 1:1 /)
    },
  )

  test.each(['timestamp()', 'rand()', 'sleep(1)', 'open_file("x")', 'input.value.elapsed', 'Fn("eval").call("1")'])(
    '%s is no function that there is',
    (source) => {
      const rule = compiled(engine, `let x = ${source}; verdict("A", 1)`)
      expect(engine.judge(rule, { value: 1, count: 1, machine: 'm', running: true })).toMatchObject({
        error: { kind: 'runtime' },
      })
    },
  )
})

describe('a warning', () => {
  const warnings = (source: string) =>
    compiled(engine, source, { params }).warnings.map(({ kind, line, column }) => `${kind} ${line}:${column}`)

  test('tells that a division of integers truncates', () => {
    const fields = fieldsOf({ defect_count: 'integer', production_count: 'integer' })
    const source = 'if input.defect_count / input.production_count > 0.05 { verdict("A", 1) } else { verdict("B", 1) }'
    expect(compiled(engine, source, { fields }).warnings).toMatchObject([
      { kind: 'integer-division', line: 1, column: 23 },
    ])
    expect(warnings('if input.count / 2.0 > 1 { verdict("A", 1) } else { verdict("B", 1) }')).toEqual([])
  })

  test('tells where a rule may end without a verdict', () => {
    expect(warnings('if input.value > 1.0 { verdict("A", 1) }')).toEqual(['no-verdict 1:1'])
    expect(
      warnings('if input.running { verdict("A", 1) } else if input.count == 1 { }  else { verdict("B", 1) }'),
    ).toEqual(['no-verdict 1:43'])
    expect(warnings('switch input.machine { "a" => verdict("A", 1) }')).toEqual(['no-verdict 1:1'])
  })
})

describe('a declaration', () => {
  const declared = (more: object) => mistakes(engine, 'verdict("A", 1)', more).map((mistake) => mistake.split(' ')[0])

  test('is refused when it cannot be meant', () => {
    expect(declared({ fields: [] })).toEqual(['declaration'])
    expect(declared({ fields: [...someFields, ...someFields] })).toEqual(['declaration'])
    expect(declared({ fields: [{ name: '', kind: 'number' }] })).toEqual(['declaration'])
    expect(declared({ fields: [{ name: 'a', kind: 'date' as FieldKind }] })).toEqual(['declaration'])
    expect(declared({ fields: Array.from({ length: 65 }, (_, at) => ({ name: `f${at}`, kind: 'number' })) })).toEqual([
      'declaration',
    ])
    expect(declared({ params: { high: Number.NaN } })).toEqual(['declaration'])
    expect(declared({ params: { high: null as unknown as number } })).toEqual(['declaration'])
  })

  test('may have 64 fields', () => {
    const fields = Array.from({ length: 64 }, (_, at) => ({ name: `f${at}`, kind: 'number' as const }))
    const rule = compiled(engine, `verdict(\`\${${fields.map(({ name }) => `input.${name}`).join(' + ')}}\`, 1)`, {
      fields,
    })
    const row = Object.fromEntries(fields.map(({ name }, at) => [name, at]))
    expect(engine.judge(rule, row)).toMatchObject({ verdict: { status: '2016.0' } })
  })
})
