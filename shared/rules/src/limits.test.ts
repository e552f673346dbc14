import { describe, expect, test } from 'vitest'
import { RowBatch, ruleLimits } from './index.ts'
import { withLimits } from './limits.ts'
import { compiled, errorKind, fieldsOf, judged, mistakes, newEngine, someFields, someRow } from '../test/engine.ts'

const fill = 'let b = []; for i in 0..250 { b.push((i * 7919) % 251); }'

/** The clock of a test: each look at it lets 1 ms pass. */
function tickingClock() {
  let now = 0
  return { now: () => ++now, elapsed: () => now }
}

describe('a runaway rule ends', () => {
  // Without time: on a busy machine the limit of time would now and then come first.
  const engine = newEngine({ now: () => 0 })

  test.each([
    ['loop {}', 'loop { }', 'operations'],
    ['while true', 'while input.value > 0.0 { }', 'operations'],
    ['an endless for', 'let n = 0; for i in 0..9000000000000 { n += 1; } verdict("A", 1)', 'operations'],
    [
      'call-backs in call-backs',
      `${fill} let c = b; let d = b; b.map(|x| c.map(|y| d.map(|z| x))); verdict("A", 1)`,
      'operations',
    ],
    ['sorting with a call-back', `${fill} loop { let c = b; c.sort(|x, y| x - y); }`, 'operations'],
    ['recursion', 'fn f(n) { f(n + 1) } verdict("A", f(0))', 'size'],
    ['string growth', 'let s = "x"; loop { s += s; }', 'size'],
    ['string padding', 'let s = ""; s.pad(1000000000, "x"); verdict("A", 1)', 'size'],
    ['array growth', 'let a = []; loop { a.push(1); }', 'size'],
    ['array nesting', 'let a = [1]; loop { a = [a, a]; }', 'size'],
    ['array padding', 'let a = []; a.pad(1000000000, 1); verdict("A", 1)', 'size'],
    ['map growth', 'let m = #{}; let i = 0; loop { m["k" + i] = i; i += 1; }', 'operations'],
    ['growth of a map by maps', 'let m = #{}; let i = 0; loop { m = #{ a: m, b: m }; }', 'size'],
  ])('%s', (_, source, kind) => {
    // Without the limit it would be minutes or for ever.
    expect(errorKind(judged(engine, source))).toBe(kind)
    expect(engine.trapCount).toBe(0)
  })

  test.each([
    ['sorting in a loop', `${fill} loop { let c = b; c.sort(); }`],
    [
      'searching in long strings',
      'let s = "abcdefghij"; for i in 0..10 { s += s; } loop { let t = s.to_upper(); t.index_of("zzz"); }',
    ],
    ['splitting long strings', 'let s = "abcdefghij"; for i in 0..10 { s += s; } loop { let t = s.split("zz"); }'],
    [
      'copying large maps',
      `let m = #{}; for i in 0..250 { m["k" + i] = "${'x'.repeat(40)}"; } loop { let n = m; n.k1 = "b"; }`,
    ],
  ])('by the clock, which no script can see: %s', (_, source) => {
    const clock = tickingClock()
    const timed = newEngine({ now: clock.now, limits: { timeMsMax: 20 } })
    expect(errorKind(judged(timed, source))).toBe('time')
    // One look every 256 operations: 20 ms of this clock are some 5,500 operations.
    expect(clock.elapsed()).toBe(22)
  })

  test('and a rule of few operations never looks at the clock', () => {
    const clock = tickingClock()
    judged(newEngine({ now: clock.now }), 'let n = 0; for i in 0..20 { n += i; } verdict("A", 1)')
    expect(clock.elapsed()).toBe(0)
  })

  test('time and operations cannot be caught by the rule', () => {
    expect(errorKind(judged(engine, 'loop { try { loop { } } catch { } }'))).toBe('operations')
    const timed = newEngine({ now: tickingClock().now, limits: { timeMsMax: 20 } })
    expect(errorKind(judged(timed, 'loop { try { loop { } } catch { } }'))).toBe('time')
  })

  test('after some rows of a call its other rows are not tried', () => {
    const rule = compiled(engine, 'if input.value > 5.0 { loop { } } verdict("A", 1)')
    const batch = new RowBatch(rule.shape)
    for (let value = 0; value < 20; value++) batch.pushRow({ ...someRow, value })
    const kinds = engine
      .outcomes(rule, batch)
      .map((outcome) => (outcome.kind === 'error' ? outcome.error.kind : 'verdict'))
    expect(kinds).toEqual([
      ...Array.from({ length: 6 }, () => 'verdict'),
      ...Array.from({ length: ruleLimits.runawaysMax }, () => 'operations'),
      ...Array.from({ length: 14 - ruleLimits.runawaysMax }, () => 'stopped'),
    ])
    // The next call is a new chance: rows before may have been the odd ones.
    expect(engine.outcomes(rule, batch).filter(({ kind }) => kind === 'verdict')).toHaveLength(6)
  })
})

describe('the compiler refuses', () => {
  const engine = newEngine()
  const verdict = 'verdict("A", 1)'

  test.each([
    ['a source of more than 16 kB', `${verdict} //${'x'.repeat(16_384)}`],
    ['a source of more words and signs than 8,192', `${';'.repeat(8_200)}${verdict}`],
    [
      'a switch of more than 256 cases',
      `switch input.count { ${Array.from({ length: 300 }, (_, at) => `${at} => ${at},`).join(' ')} _ => 0 }`,
    ],
    ['deep brackets', `${'('.repeat(500)}1${')'.repeat(500)}`],
    ['deep blocks', `${'{'.repeat(500)}${'}'.repeat(500)}`],
    ['deep negation', `let x = ${'!'.repeat(500)}true; ${verdict}`],
    ['long sums', `let x = 1${' + 1'.repeat(2_000)}; ${verdict}`],
    ['long arrays', `let x = [${'1, '.repeat(300)}]; ${verdict}`],
    ['long maps', `let x = #{${Array.from({ length: 300 }, (_, at) => `k${at}: 1`).join(', ')}}; ${verdict}`],
    ['many functions', `${Array.from({ length: 40 }, (_, at) => `fn f${at}() { ${at} }`).join('\n')} ${verdict}`],
    ['deep brackets in a function', `fn f(x) { ${'-('.repeat(70)}x${')'.repeat(70)} } ${verdict}`],
  ])('%s', (_, source) => {
    expect(mistakes(engine, source)[0]).toMatch(/^limit /)
  })

  test('no chain of 50 else-ifs and no rule of 300 early returns', () => {
    const chain = `${Array.from({ length: 50 }, (_, at) => `if input.count == ${at} { verdict("A${at}", 1) }`).join(' else ')} else { verdict("Z", 1) }`
    expect(judged(engine, chain, { ...someRow, count: 49 })).toMatchObject({ verdict: { status: 'A49' } })
    const returns = `${Array.from({ length: 300 }, (_, at) => `if input.count == ${at} { return verdict("A${at}", 1); }`).join('\n')} verdict("Z", 1)`
    expect(judged(engine, returns, { ...someRow, count: 299 })).toMatchObject({ verdict: { status: 'A299' } })
  })

  test('nothing that makes it take long: the worst sources within the limits compile in a moment', () => {
    const sources = [
      `switch input.count { ${Array.from({ length: 255 }, (_, at) => `${at} => verdict("A${at}", 1),`).join(' ')} _ => ${verdict} }`,
      `${Array.from({ length: 60 }, (_, at) => `const X${at} = ${at} + ${at === 0 ? 0 : `X${at - 1}`};`).join(' ')} ${verdict}`,
      `verdict("A", 1, \`${'${input.value}'.repeat(1_100)}\`)`,
      `${';'.repeat(8_100)}${verdict}`,
    ]
    const compileMs = (source: string): number => {
      const begin = performance.now()
      engine.drop(compiled(engine, source))
      return performance.now() - begin
    }
    // A machine that stands still in the middle of one of three does not in all of them.
    for (const source of sources)
      expect(Math.min(compileMs(source), compileMs(source), compileMs(source))).toBeLessThan(1_000)
  })

  test('more variables at once than 64, when it runs', () => {
    const many = Array.from({ length: 70 }, (_, at) => `let x${at} = input.value + ${at};`).join(' ')
    expect(errorKind(judged(engine, `${many} ${verdict}`))).toBe('size')
  })
})

test('a limit must be a whole number from 1 on', () => {
  expect(() => withLimits({ operationsMax: 0 })).toThrow(/operationsMax/)
  expect(() => withLimits({ timeMsMax: 0.5 })).toThrow(/timeMsMax/)
  expect(withLimits({ timeMsMax: 5 })).toEqual({ ...ruleLimits, timeMsMax: 5 })
})

// Two seconds alone, but 40,000 compilations on a machine that others use take their time.
describe('memory', { timeout: 180_000 }, () => {
  test('stays bounded over 20,000 rules compiled, judged and dropped', () => {
    const engine = newEngine()
    let early = 0
    for (let at = 0; at < 20_000; at++) {
      const source = `if input.value > ${at} && input.machine == "m${at}" { verdict("S${at}", 1) } else { verdict(\`T\${input.count}\`, 0.5) }`
      const rule = compiled(engine, source)
      engine.judge(rule, { ...someRow, machine: `m${at}`, count: at })
      engine.drop(rule)
      if (at === 5_000) early = engine.memoryBytes
    }
    expect(engine.ruleCount).toBe(0)
    // The table of texts is emptied at 4 MB; beyond that nothing may stay.
    expect(engine.memoryBytes - early).toBeLessThanOrEqual(8 * 1024 * 1024)
    expect(engine.memoryBytes).toBeLessThan(24 * 1024 * 1024)
  })

  test('stays bounded when every row brings a text that was never seen', () => {
    const engine = newEngine()
    const rule = compiled(engine, 'if input.lot == "never" { verdict("A", 1) } else { verdict("B", 1) }', {
      fields: fieldsOf({ lot: 'text' }),
    })
    const batch = new RowBatch(rule.shape)
    let judgedRows = 0
    for (let round = 0; round < 200; round++) {
      batch.reset()
      for (let row = 0; row < 1_000; row++) batch.pushText(`lot-${round}-${row}-${'x'.repeat(40)}`)
      judgedRows += engine.outcomes(rule, batch).filter(({ kind }) => kind === 'verdict').length
    }
    expect(judgedRows).toBe(200_000)
    expect(engine.memoryBytes).toBeLessThan(24 * 1024 * 1024)
  })

  test('of an engine starts small', () => {
    const engine = newEngine()
    compiled(engine, 'verdict("A", 1)', { fields: someFields })
    expect(engine.memoryBytes).toBeLessThan(4 * 1024 * 1024)
  })
})
