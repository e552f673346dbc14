/**
 * A rule that breaks the module down (a stack overflow, no memory left) must cost itself a verdict and nobody else
 * anything. The default limits leave one way that we know of (a map that grows by index is not measured until it is
 * copied); the other engines here have limits that open more.
 */
import { describe, expect, test } from 'vitest'
import { RowBatch, RowShape } from './index.ts'
import { compiled, newEngine, someFields, someRow } from '../test/engine.ts'

const unlimited = { operationsMax: 100_000_000 }
const deep = { limits: { ...unlimited, callLevelsMax: 1_000_000 } }
const large = { limits: { ...unlimited, stringBytesMax: 4_000_000_000 } }

const recursion = 'fn f(n) { 1 + f(n + 1) }'

describe('a rule that overflows the stack', () => {
  test('is an error of its row, and every other row and rule is judged', () => {
    const engine = newEngine(deep)
    const shape = new RowShape(someFields)
    const before = compiled(engine, 'verdict("B" + input.count, 1)')
    const bad = compiled(engine, `${recursion} if input.count == 3 { f(0); } verdict("X", 1)`)
    const after = compiled(
      engine,
      'if input.count > 3 { verdict("over", 1) } else { verdict("under", 1, `${input.machine}`) }',
    )
    const batch = new RowBatch(shape)
    for (let count = 0; count < 6; count++) batch.pushRow({ ...someRow, count })
    const seen: string[] = []
    const names = new Map([
      [before, 'before'],
      [bad, 'bad'],
      [after, 'after'],
    ])
    engine.evaluate(engine.ruleSet([before, bad, after], shape), batch, {
      verdict: (row, rule, status) => seen.push(`${names.get(rule)} ${row} ${status}`),
      error: (row, rule, error) => seen.push(`${names.get(rule)} ${row} ${error.kind}`),
    })
    expect(seen).toEqual([
      'before 0 B0',
      'before 1 B1',
      'before 2 B2',
      'before 3 B3',
      'before 4 B4',
      'before 5 B5',
      'bad 0 X',
      'bad 1 X',
      'bad 2 X',
      'bad 3 trap',
      'bad 4 X',
      'bad 5 X',
      'after 0 under',
      'after 1 under',
      'after 2 under',
      'after 3 under',
      'after 4 over',
      'after 5 over',
    ])
    expect(engine.trapCount).toBe(1)
  })

  test('in every row is not tried in all of them', () => {
    const engine = newEngine(deep)
    const bad = compiled(engine, `${recursion} verdict("A", f(input.count))`)
    const batch = new RowBatch(bad.shape)
    for (let count = 0; count < 200; count++) batch.pushRow({ ...someRow, count })
    const kinds = engine
      .outcomes(bad, batch)
      .map((outcome) => (outcome.kind === 'error' ? outcome.error.kind : 'verdict'))
    expect(kinds).toEqual(['trap', 'trap', ...Array.from({ length: 198 }, () => 'stopped')])
    expect(engine.trapCount).toBe(2)
  })

  test('leaves the other rules of the engine usable, one by one and in sets made before', () => {
    const engine = newEngine(deep)
    const shape = new RowShape(someFields)
    const rules = Array.from({ length: 50 }, (_, at) => compiled(engine, `verdict("R${at}", 1)`))
    const set = engine.ruleSet(rules, shape)
    const bad = compiled(engine, `${recursion} verdict("A", f(1))`)
    const batch = new RowBatch(shape)
    batch.pushRow(someRow)
    engine.outcomes(bad, batch)
    expect(engine.trapCount).toBe(1)
    const statuses: string[] = []
    engine.evaluate(set, batch, {
      verdict: (_row, _rule, status) => statuses.push(status),
      error: () => expect.unreachable(),
    })
    expect(statuses).toEqual(rules.map((_, at) => `R${at}`))
    expect(rules.map((rule) => engine.outcomes(rule, batch)[0])).toMatchObject(
      statuses.map((status) => ({ verdict: { status } })),
    )
    for (const rule of [...rules, bad]) engine.drop(rule)
    expect(engine.ruleCount).toBe(0)
  })
})

describe('a rule that takes all memory', () => {
  test('within the default limits is an error of its row', () => {
    const engine = newEngine()
    const source =
      'let s = "x"; for i in 0..14 { s += s; } let m = #{}; let i = 0; loop { m["k" + i] = s.to_upper(); i += 1; }'
    const bad = compiled(engine, source)
    expect(engine.judge(bad, someRow)).toMatchObject({ kind: 'error', error: { kind: 'memory' } })
    expect(engine.judge(compiled(engine, 'verdict("A", 1)'), someRow)).toMatchObject({ kind: 'verdict' })
  })

  test('is an error of its row, and the engine starts again small', () => {
    const engine = newEngine(large)
    const bad = compiled(engine, 'let s = "xxxxxxxxxxxxxxxx"; while input.count == 1 { s += s; } verdict("A", 1)')
    const batch = new RowBatch(bad.shape)
    for (const count of [0, 1, 2]) batch.pushRow({ ...someRow, count })
    expect(engine.outcomes(bad, batch)).toMatchObject([
      { kind: 'verdict' },
      { kind: 'error', error: { kind: 'memory' } },
      { kind: 'verdict' },
    ])
    expect(engine.memoryBytes).toBeLessThan(8 * 1024 * 1024)
  })

  test('while it is compiled is a compile error', () => {
    const engine = newEngine({
      limits: { ...unlimited, expressionDepthMax: 1_000_000, tokensMax: 1_000_000, sourceBytesMax: 10_000_000 },
    })
    const kept = compiled(engine, 'verdict("kept", 1)')
    const source = `let x = ${'('.repeat(100_000)}1${')'.repeat(100_000)}; verdict("A", 1)`
    expect(engine.compile({ source, fields: someFields })).toMatchObject({ ok: false, error: { kind: 'trap' } })
    expect(engine.judge(kept, someRow)).toMatchObject({ verdict: { status: 'kept' } })
  })
})
