import { describe, expect, test } from 'vitest'
import { RowBatch, RowShape, ruleLimits, type CompiledRule, type OutcomeSink } from './index.ts'
import { compiled, fieldsOf, judged, newEngine, someFields, someRow } from '../test/engine.ts'

const engine = newEngine()
const slowEngine = newEngine({ fastPath: false })

describe('evaluate', () => {
  const threshold = (limit: number): CompiledRule =>
    compiled(engine, 'if input.value > params.limit { verdict(`over`, 1) } else { verdict("under", 1) }', {
      params: { limit },
    })

  test('gives every rule every row, rules first', () => {
    const shape = new RowShape(
      fieldsOf({ value: 'number', count: 'integer', machine: 'text', running: 'boolean', other: 'text' }),
    )
    const rules = [10, 20, 30].map(threshold)
    const batch = new RowBatch(shape)
    for (const value of [5, 15, 25, 35]) batch.pushRow({ ...someRow, value, other: 'x' })
    const seen: string[] = []
    engine.evaluate(engine.ruleSet(rules, shape), batch, {
      verdict: (row, rule, status) => seen.push(`${rules.indexOf(rule)}/${row} ${status}`),
      error: () => seen.push('error'),
    })
    expect(seen).toEqual([
      '0/0 under',
      '0/1 over',
      '0/2 over',
      '0/3 over',
      '1/0 under',
      '1/1 under',
      '1/2 over',
      '1/3 over',
      '2/0 under',
      '2/1 under',
      '2/2 under',
      '2/3 over',
    ])
  })

  test('finds a rule its columns in rows of another order', () => {
    const shape = new RowShape(someFields.toReversed())
    const batch = new RowBatch(shape)
    batch.pushRow(someRow)
    const rule = compiled(engine, 'verdict(`${input.machine} ${input.count} ${input.value} ${input.running}`, 1)')
    expect(engine.outcomes(rule, batch)).toMatchObject([{ verdict: { status: 'press-1 3 81.5 true' } }])
  })

  test('judges more rows than fit into one call of the module', () => {
    const shape = new RowShape(someFields)
    const rules = [threshold(10), threshold(1_000)]
    const batch = new RowBatch(shape)
    const rows = 150_000
    for (let row = 0; row < rows; row++) batch.pushRow({ ...someRow, value: row })
    const over = new Map<CompiledRule, number>()
    let last = -1
    engine.evaluate(engine.ruleSet(rules, shape), batch, {
      verdict: (row, rule, status) => {
        if (row !== (last + 1) % rows) throw new Error(`row ${row} after row ${last}`)
        last = row
        if (status === 'over') over.set(rule, (over.get(rule) ?? 0) + 1)
      },
      error: () => expect.unreachable(),
    })
    expect([...over.values()]).toEqual([rows - 11, rows - 1_001])
  })

  test('keeps nothing of the rows of an earlier call', () => {
    const rule = compiled(engine, 'verdict(input.machine, 1)')
    const batch = new RowBatch(rule.shape)
    for (const machine of ['a', 'b', 'a']) {
      batch.reset()
      batch.pushRow({ ...someRow, machine })
      expect(engine.outcomes(rule, batch)).toMatchObject([{ verdict: { status: machine } }])
    }
  })

  test('lets two engines judge the same batch', () => {
    const batch = new RowBatch(new RowShape(someFields))
    batch.pushRow(someRow)
    for (const one of [engine, slowEngine, engine]) {
      expect(one.outcomes(compiled(one, 'verdict(input.machine, 1)'), batch)).toMatchObject([
        { verdict: { status: 'press-1' } },
      ])
    }
  })

  test('refuses a set whose rows lack a field or have it as another kind', () => {
    const rule = threshold(1)
    expect(() => engine.ruleSet([rule], new RowShape(fieldsOf({ value: 'number' })))).toThrow(/"count".*no such column/)
    const shape = new RowShape(fieldsOf({ value: 'text', count: 'integer', machine: 'text', running: 'boolean' }))
    expect(() => engine.ruleSet([rule], shape)).toThrow(/"value" as number.*hold text/)
  })

  test('refuses a dropped rule, an unfinished row and a sink that calls back', () => {
    const rule = threshold(1)
    const batch = new RowBatch(rule.shape)
    batch.pushRow(someRow)
    const sink: OutcomeSink = { verdict: () => engine.outcomes(rule, batch), error: () => expect.unreachable() }
    expect(() => engine.evaluate(rule, batch, sink)).toThrow(/must not call it/)
    batch.pushNumber(1)
    expect(() => engine.outcomes(rule, batch)).toThrow(/not complete/)
    engine.drop(rule)
    batch.reset()
    batch.pushRow(someRow)
    expect(() => engine.outcomes(rule, batch)).toThrow(/dropped/)
  })

  test('a slot that is used again does not serve the rule that had it before', () => {
    const first = threshold(1)
    const batch = new RowBatch(first.shape)
    batch.pushRow(someRow)
    engine.outcomes(first, batch)
    engine.drop(first)
    compiled(engine, 'verdict("another", 1)')
    expect(() => engine.outcomes(first, batch)).toThrow(/dropped/)
  })

  test('gives the same outcomes for the same rows in every engine, I3', () => {
    const rule = 'let r = sqrt(input.value) + sin(input.value) ** 2.0; verdict(`r ${r}`, (r / 100.0).abs())'
    const outcome = judged(newEngine(), rule)
    for (let round = 0; round < 5; round++) expect(judged(newEngine(), rule)).toEqual(outcome)
    expect(outcome).toMatchObject({ kind: 'verdict' })
  })

  test('holds no more rules than its limit', () => {
    const small = newEngine({ limits: { rulesMax: 2 } })
    const [first] = [compiled(small, 'verdict("A", 1)'), compiled(small, 'verdict("B", 1)')]
    expect(small.compile({ source: 'verdict("C", 1)', fields: someFields })).toMatchObject({
      ok: false,
      error: { kind: 'limit' },
    })
    if (first) small.drop(first)
    expect(small.ruleCount).toBe(1)
    compiled(small, 'verdict("C", 1)')
  })

  test('cuts an explanation at its limit, between characters', () => {
    const outcome = judged(engine, 'verdict("A", 1, params.long)', someRow, { params: { long: '온도'.repeat(500) } })
    if (outcome.kind !== 'verdict') throw new Error(outcome.error.message)
    const { explanation = '' } = outcome.verdict
    expect(explanation).toBe(`${'온도'.repeat(170)}온…`)
    expect(new TextEncoder().encode(explanation).length).toBeLessThanOrEqual(ruleLimits.explanationBytesMax + 3)
  })
})
