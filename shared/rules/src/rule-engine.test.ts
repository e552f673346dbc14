import { describe, expect, test } from 'vitest'
import { RowBatch, RowShape } from './index.ts'
import { collected, compiled, fieldsOf, judged, newEngine, someFields, someRow } from '../test/engine.ts'

const engine = newEngine()
const slowEngine = newEngine({ fastPath: false })

describe.each([
  ['with the fast path', engine],
  ['with Rhai alone', slowEngine],
])('a rule %s', (_, engineUnderTest) => {
  const verdict = (source: string, row: Readonly<Record<string, unknown>> = someRow, params = {}) =>
    judged(engineUnderTest, source, row, { params })

  test('ends with a map', () => {
    expect(verdict('#{ status: "HIGH", confidence: 0.95 }')).toEqual({
      kind: 'verdict',
      verdict: { status: 'HIGH', confidence: 0.95 },
    })
  })

  test('ends with verdict(), whose confidence may be an integer', () => {
    expect(verdict('verdict("HIGH", 1)')).toEqual({ kind: 'verdict', verdict: { status: 'HIGH', confidence: 1 } })
  })

  test('explains itself with a template over fields and parameters', () => {
    const source =
      'verdict("HIGH", 0.95, `${input.machine}: ${input.value} > ${params.high}, ${input.count}, ${input.running}`)'
    expect(verdict(source, someRow, { high: 80 })).toEqual({
      kind: 'verdict',
      verdict: { status: 'HIGH', confidence: 0.95, explanation: 'press-1: 81.5 > 80.0, 3, true' },
    })
  })

  test('explains itself in a map', () => {
    const source = '#{ status: "HIGH", confidence: 0.95, explanation: `온도 ${input.value}` }'
    expect(verdict(source)).toEqual({
      kind: 'verdict',
      verdict: { status: 'HIGH', confidence: 0.95, explanation: '온도 81.5' },
    })
  })

  test('judges a defect ratio as the reference does', () => {
    const source = `if input.defect_count / input.production_count > 0.05 {
      #{ status: "HIGH_DEFECT", confidence: 0.95 }
    } else {
      #{ status: "NORMAL", confidence: 0.80 }
    }`
    const fields = fieldsOf({ defect_count: 'number', production_count: 'number' })
    const status = (defects: number, produced: number) =>
      judged(engineUnderTest, source, { defect_count: defects, production_count: produced }, { fields })
    expect(status(6, 100)).toMatchObject({ verdict: { status: 'HIGH_DEFECT', confidence: 0.95 } })
    expect(status(5, 100)).toMatchObject({ verdict: { status: 'NORMAL', confidence: 0.8 } })
  })

  test('reads fields with brackets and names that are no identifiers', () => {
    const fields = fieldsOf({ 온도: 'number', 'oil pressure': 'number' })
    const source = 'if input["온도"] > input["oil pressure"] { verdict("A", 1) } else { verdict("B", 1) }'
    expect(judged(engineUnderTest, source, { 온도: 2, 'oil pressure': 1 }, { fields })).toMatchObject({
      verdict: { status: 'A' },
    })
  })

  test('may return early, keep variables and assign to them', () => {
    const source = `
      let limit = 90.0;
      if input.running { limit = 80.0; }
      let over = input.value - limit;
      if over > 10.0 { return verdict("CRITICAL", 1); }
      if over > 0.0 { return verdict("HIGH", 0.5 + over / 10.0); }
      verdict("OK", 1)`
    expect(verdict(source)).toMatchObject({ verdict: { status: 'HIGH', confidence: 0.65 } })
    expect(verdict(source, { ...someRow, running: false })).toMatchObject({ verdict: { status: 'OK' } })
    expect(verdict(source, { ...someRow, value: 95 })).toMatchObject({ verdict: { status: 'CRITICAL' } })
  })

  test('compares texts with literals and parameters', () => {
    const source =
      'if input.machine == params.machine || input.machine == "press-9" { verdict("A", 1) } else { verdict("B", 1) }'
    const status = (machine: string) => verdict(source, { ...someRow, machine }, { machine: 'press-1' })
    expect(status('press-1')).toMatchObject({ verdict: { status: 'A' } })
    expect(status('press-9')).toMatchObject({ verdict: { status: 'A' } })
    expect(status('press-')).toMatchObject({ verdict: { status: 'B' } })
  })

  test('compares floats with the tolerance of one epsilon', () => {
    const over = 'if input.value > 80.0 { verdict("over", 1) } else { verdict("not over", 1) }'
    expect(verdict(over, { ...someRow, value: 80 + 2 ** -46 })).toMatchObject({ verdict: { status: 'not over' } })
    expect(verdict(over, { ...someRow, value: 80 + 2 ** -45 })).toMatchObject({ verdict: { status: 'over' } })
  })

  test('divides integers as integers', () => {
    expect(verdict('if 7 / 2 == 3 && input.count / 2 == 1 { verdict("A", 1) } else { verdict("B", 1) }')).toMatchObject(
      {
        verdict: { status: 'A' },
      },
    )
  })

  test('fails with line and column when an integer overflows', () => {
    const source =
      'let big = 9223372036854775807;\nif input.count + big > 0 { verdict("A", 1) } else { verdict("B", 1) }'
    expect(verdict(source)).toMatchObject({ kind: 'error', error: { kind: 'runtime', line: 2, column: 16 } })
  })

  test('fails when its confidence is computed outside of 0 to 1', () => {
    expect(verdict('verdict("A", input.value)')).toMatchObject({ kind: 'error', error: { kind: 'result' } })
    expect(verdict('verdict("A", 0.0 / (input.value - 81.5))')).toMatchObject({
      kind: 'error',
      error: { kind: 'result' },
    })
  })

  test('fails when it ends without a verdict', () => {
    expect(verdict('if input.value > 100.0 { verdict("A", 1) }')).toMatchObject({
      kind: 'error',
      error: { kind: 'result' },
    })
  })

  test('fails with what it throws', () => {
    expect(verdict('throw "no limits for " + input.machine;')).toMatchObject({
      error: { kind: 'runtime', message: 'the rule threw: no limits for press-1', line: 1 },
    })
  })
})

describe('the fast path takes', () => {
  test.each([
    ['switch', 'switch input.machine { "press-1" => verdict("A", 1), _ => verdict("B", 1) }'],
    [
      'cases with several values, conditions and ranges',
      'switch input.count { 1 | 2 => verdict("B", 1), 3 if !input.running => verdict("C", 1), 0..=9 => verdict("A", 1), _ => verdict("D", 1) }',
    ],
    [
      'a switch that sets a variable',
      'let limit = 90.0; switch input.machine { "press-1" => { limit = 80.0; } "press-2" => { limit = 1e9; } } if input.value > limit { verdict("A", 1) } else { verdict("B", 1) }',
    ],
    [
      'cases with negative numbers',
      'switch input.count - 7 { -4 => verdict("A", 1), 4 => verdict("B", 1), _ => verdict("C", 1) }',
    ],
    [
      'tests of a chart',
      'if nelson(input.count, 2) && !western_electric(input.count, 3) { verdict("A", 1) } else { verdict("B", 1) }',
    ],
    [
      'whether a chart is violated at all',
      'let news = violated(input.count); if news { verdict("A", 1) } else { verdict("B", 1) }',
    ],
  ])('%s', (_, source) => {
    const rule = compiled(engine, source)
    expect(rule.fastPath).toBe(true)
    expect(engine.judge(rule, someRow)).toMatchObject({ verdict: { status: 'A' } })
  })

  test('numbers in a template as Rhai writes them', () => {
    const slow = newEngine({ fastPath: false })
    const source = 'verdict("A", 1, `${input.value}`)'
    const [fast, rhai] = [compiled(engine, source), compiled(slow, source)]
    const values = [
      0,
      -0,
      1,
      -1,
      0.1,
      12.34,
      1e-4,
      9.9e-5,
      1e-7,
      0.1234567,
      1 / 3,
      999_999_999,
      1e9,
      1e15,
      1e300,
      -273.15,
      5e-324,
      0.30000000000000004,
      80.00000000000001,
      100,
      123456.789012,
    ]
    for (let index = 0; index < 2_000; index++) values.push((index * 7919) / 10 ** (index % 9) - index)
    for (const value of values) {
      const row = { ...someRow, value }
      expect(engine.judge(fast, row)).toEqual(slow.judge(rhai, row))
    }
  })

  test('templates in every language, many of them in one call', () => {
    const rule = compiled(engine, 'verdict("A", 1, `${input.machine} ${input.value}`)')
    const batch = new RowBatch(rule.shape)
    const machines = ['press-1', '온도 ', 'x'.repeat(900), '', 'ö']
    const expected = Array.from({ length: 200 }, (_, index) => {
      const row = { ...someRow, machine: machines[index % machines.length] ?? '', value: index / 4 }
      batch.pushRow(row)
      return `${row.machine} ${Number.isInteger(row.value) ? row.value.toFixed(1) : row.value}`
    })
    const read = engine
      .outcomes(rule, batch)
      .map((outcome) => (outcome.kind === 'verdict' ? outcome.verdict.explanation : outcome))
    expect(read).toEqual(expected)
  })
})

describe('beyond the fast path', () => {
  test.each([
    ['a switch as a value', 'let x = switch input.count { 3 => "A", _ => "B" }; verdict(x, 1)'],
    ['a switch over an array', 'switch [input.count] { [3] => verdict("A", 1), _ => verdict("B", 1) }'],
    ['loops', 'let n = 0; for i in 0..10 { n += i; } if n == 45 { verdict("A", 1) } else { verdict("B", 1) }'],
    [
      'functions',
      'fn ratio(a, b) { a / b } if ratio(input.value, 2.0) > 40.0 { verdict("A", 1) } else { verdict("B", 1) }',
    ],
    [
      'closures over the input',
      'if [70.0, 90.0].some(|x| x > input.value) { verdict("A", 1) } else { verdict("B", 1) }',
    ],
    ['methods', 'if input.machine.starts_with("press") { verdict("A", 1) } else { verdict("B", 1) }'],
    ['computed keys', 'let key = "val" + "ue"; if input[key] > 80.0 { verdict("A", 1) } else { verdict("B", 1) }'],
    ['the input as a whole', 'if input.len() == 4 && "count" in input { verdict("A", 1) } else { verdict("B", 1) }'],
    ['the parameters as a whole', 'if params.len() == 1 { verdict("A", 1) } else { verdict("B", 1) }'],
    ['computed statuses', 'verdict("A" + "bc".sub_string(5), 1)'],
  ])('Rhai judges %s', (_, source) => {
    const rule = compiled(engine, source, { params: { high: 80 } })
    expect(rule.fastPath).toBe(false)
    expect(engine.judge(rule, someRow)).toMatchObject({ verdict: { status: 'A' } })
  })

  test('constant verdicts with and without an explanation come out whole, wherever the rule ends', () => {
    const slow = newEngine({ fastPath: false })
    const source = `
      if input.count == 1 { return #{ status: "A", confidence: 0.5, explanation: "온도" }; }
      if input.count == 2 { #{ status: "B", confidence: 1 } } else { switch input.count { 3 => verdict("C", 0.25, "three"), 4 => verdict("D", 0, ""), _ => verdict("E", 1) } }`
    const rule = compiled(slow, source)
    const verdictOf = (count: number) => {
      const outcome = slow.judge(rule, { ...someRow, count })
      return outcome.kind === 'verdict' ? outcome.verdict : outcome
    }
    expect([1, 2, 3, 4, 5].map(verdictOf)).toEqual([
      { status: 'A', confidence: 0.5, explanation: '온도' },
      { status: 'B', confidence: 1 },
      { status: 'C', confidence: 0.25, explanation: 'three' },
      { status: 'D', confidence: 0 },
      { status: 'E', confidence: 1 },
    ])
  })

  test('a rule cannot pass nothing off as a verdict', () => {
    const outcome = engine.judge(
      compiled(engine, 'let x = (); x.tag = 1; if input.count == 9 { return verdict("A", 1); } x'),
      someRow,
    )
    expect(outcome).toMatchObject({ error: { kind: 'runtime', message: 'the rule threw: a rule cannot tag values' } })
  })

  test('a rule cannot change a row for another rule', () => {
    const set = engine.ruleSet(
      [
        compiled(engine, 'input.machine.make_upper(); verdict(input.machine, 1)'),
        compiled(engine, 'verdict(input.machine, 1)'),
      ],
      new RowShape(someFields),
    )
    const batch = new RowBatch(set.shape)
    batch.pushRow(someRow)
    expect(collected((sink) => engine.evaluate(set, batch, sink)).at(-1)).toBe('press-1')
  })
})
