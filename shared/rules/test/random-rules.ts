import { fieldsOf } from './engine.ts'

/** A small seeded generator (mulberry32): the same seed draws the same rules and rows, everywhere. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0]
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }
}

export const randomRuleFields = fieldsOf({
  a: 'number',
  b: 'number',
  n: 'integer',
  m: 'integer',
  s: 'text',
  t: 'text',
  p: 'boolean',
  q: 'boolean',
})

export const randomRuleParams = { high: 80, tiny: 1e-9, zero: -0, name: 'x', on: true }

type Kind = 'number' | 'integer' | 'text' | 'boolean'

/** Draws rules of the fast path's kind: well-typed, loop-free, full of corners. */
export class RuleWriter {
  readonly #random: Random
  #locals: { readonly name: string; readonly kind: Kind }[] = []
  #count = 0

  constructor(random: Random) {
    this.#random = random
  }

  rule(): string {
    this.#locals = []
    this.#count = 0
    return this.#block(1 + this.#random.below(3), true)
  }

  #local(kind: Kind): string[] {
    return this.#locals.filter((local) => local.kind === kind).map(({ name }) => name)
  }

  #number(depth: number): string {
    const random = this.#random
    if (depth <= 0 || random.chance(35)) {
      const fixed = [
        'input.a',
        'input.b',
        'input.a',
        'params.high',
        'params.tiny',
        'params.zero',
        '80.0',
        '2.5',
        '0.0',
        '0.3',
        '1e300',
        '-3.5',
      ]
      return random.pick([...fixed, ...this.#local('number')] as [string, ...string[]])
    }
    if (random.chance(12)) return `(-(${this.#number(depth - 1)}))`
    const [left, right] = [
      this.#number(depth - 1),
      random.chance(30) ? this.#integer(depth - 1) : this.#number(depth - 1),
    ]
    const sides = random.chance(50) ? [left, right] : [right, left]
    return `(${sides.join(` ${random.pick(['+', '-', '*', '/', '%'])} `)})`
  }

  #integer(depth: number): string {
    const random = this.#random
    if (depth <= 0 || random.chance(40)) {
      const fixed = ['input.n', 'input.m', 'input.n', '0', '1', '80', '-7', '9007199254740991', '4611686018427387904']
      return random.pick([...fixed, ...this.#local('integer')] as [string, ...string[]])
    }
    if (random.chance(12)) return `(-(${this.#integer(depth - 1)}))`
    return `(${this.#integer(depth - 1)} ${random.pick(['+', '-', '*', '/', '%'])} ${this.#integer(depth - 1)})`
  }

  #text(): string {
    return this.#random.pick(['input.s', 'input.t', 'params.name', '"x"', '""', '"온도"', ...this.#local('text')])
  }

  #boolean(depth: number): string {
    const random = this.#random
    const order = ['>', '>=', '<', '<=', '==', '!='] as const
    if (depth <= 0 || random.chance(55)) {
      const compare = (left: string, right: string) => `${left} ${random.pick(order)} ${right}`
      return random.pick([
        () => compare(this.#number(2), this.#number(2)),
        () => compare(this.#number(1), this.#number(1)),
        () => compare(this.#integer(2), this.#integer(1)),
        () => compare(this.#number(1), this.#integer(1)),
        () => compare(this.#integer(1), this.#number(1)),
        () => `${this.#text()} ${random.pick(['==', '!='])} ${this.#text()}`,
        () => random.pick(['input.p', 'input.q', 'params.on', 'true', 'false', ...this.#local('boolean')]),
        () => `input.p ${random.pick(['==', '!='])} input.q`,
        () => this.#chart(),
      ])()
    }
    return random.pick([
      () => `(${this.#boolean(depth - 1)} && ${this.#boolean(depth - 1)})`,
      () => `(${this.#boolean(depth - 1)} || ${this.#boolean(depth - 1)})`,
      () => `!(${this.#boolean(depth - 1)})`,
      () => `(${this.#boolean(depth - 1)} && ${this.#boolean(depth - 1)} && ${this.#boolean(depth - 1)})`,
    ])()
  }

  #chart(): string {
    const random = this.#random
    return random.pick([
      () => `nelson(${this.#integer(1)}, ${1 + random.below(8)})`,
      () => `western_electric(${this.#integer(1)}, ${1 + random.below(4)})`,
      () => `violated(${this.#integer(1)})`,
      // A test that is known only when the rule runs is left to Rhai, and may not exist.
      () => (random.chance(3) ? 'nelson(input.n, input.m)' : 'violated(input.n)'),
    ])()
  }

  /** The `switch` with bodies made by `body`; with a case for any other value where there must be one. */
  #switch(body: () => string, isEnding: boolean): string {
    const random = this.#random
    const kind = random.pick<Kind>(['integer', 'text', 'number', 'boolean', 'integer'])
    const literals: Record<Kind, readonly [string, ...string[]]> = {
      integer: ['0', '1', '-7', '80', '3', '"x"', '2.5'],
      text: ['"x"', '""', '"온도"', '"y"', '1'],
      number: ['80.0', '-3.5', '0.0', '0.3', '1', '2.5'],
      boolean: ['true', 'false', '"x"'],
    }
    const cases: string[] = []
    for (let left = random.below(4); left > 0; left--) {
      const values = [random.pick(literals[kind]), ...(random.chance(30) ? [random.pick(literals[kind])] : [])]
      const guard = random.chance(25) ? ` if ${this.#boolean(1)}` : ''
      cases.push(`${values.join(' | ')}${guard} => { ${body()} }`)
    }
    if (kind === 'integer' && random.chance(40)) {
      const start = random.below(10) - 5
      const guard = random.chance(25) ? ` if ${this.#boolean(1)}` : ''
      cases.push(`${start}${random.pick(['..', '..='])}${start + random.below(90)}${guard} => { ${body()} }`)
    }
    if (random.chance(isEnding ? 90 : 60)) cases.push(`_ => { ${body()} }`)
    const scrutinee = kind === 'boolean' ? random.pick(['input.p', 'input.q']) : this.#value(kind)
    return `switch ${scrutinee} { ${cases.join(', ')} }`
  }

  #value(kind: Kind): string {
    const write = {
      number: () => this.#number(2),
      integer: () => this.#integer(2),
      text: () => this.#text(),
      boolean: () => this.#boolean(1),
    }
    return write[kind]()
  }

  #verdict(): string {
    const random = this.#random
    const status = `"R${random.below(5)}"`
    const confidence = random.pick<() => string>([
      () => '1',
      () => '0.5',
      () => '0',
      () => random.pick(['input.a', 'input.n', 'input.b']),
      () => `input.a ${random.pick(['+', '-', '*', '/'])} ${this.#number(1)}`,
    ])()
    const piece = () => `\${${this.#value(random.pick(['number', 'integer', 'text', 'boolean']))}}`
    const explanation = random.pick<() => string | undefined>([
      () => undefined,
      () => '"a plain one"',
      () => 'input.s',
      () => `\`${piece()} and ${piece()}\``,
      () => `\`${piece()}\``,
    ])()
    if (random.chance(50))
      return `verdict(${[status, confidence, explanation].filter((part) => part !== undefined).join(', ')})`
    const entries = [`status: ${status}`, `confidence: ${confidence}`]
    if (explanation !== undefined) entries.push(`explanation: ${explanation}`)
    return `#{ ${entries.join(', ')} }`
  }

  #block(depth: number, isEnding: boolean): string {
    const random = this.#random
    const outer = this.#locals
    this.#locals = [...outer]
    const statements: string[] = []
    for (let left = random.below(3); left > 0; left--) statements.push(this.#statement(depth))
    if (isEnding) statements.push(this.#ending(depth))
    this.#locals = outer
    return statements.join(' ')
  }

  #statement(depth: number): string {
    const random = this.#random
    const assignable = this.#locals.filter(({ name }) => name.startsWith('v'))
    if (assignable.length > 0 && random.chance(30)) {
      const { name, kind } = random.pick(assignable as [(typeof assignable)[0], ...typeof assignable])
      const isNumeric = kind === 'number' || kind === 'integer'
      return `${name} ${isNumeric ? random.pick(['=', '=', '+=', '-=', '*=', '/=', '%=']) : '='} ${this.#value(kind)};`
    }
    if (depth > 0 && random.chance(40)) {
      const body = random.chance(50) ? `return ${this.#verdict()};` : this.#block(depth - 1, false)
      const otherwise = random.chance(40) ? ` else { ${this.#block(depth - 1, false)} }` : ''
      return `if ${this.#boolean(2)} { ${body} }${otherwise}`
    }
    if (depth > 0 && random.chance(15)) return `${this.#switch(() => this.#block(depth - 1, false), false)};`
    const kind = random.pick<Kind>(['number', 'integer', 'text', 'boolean'])
    const isConstant = random.chance(20)
    const name = `${isConstant ? 'c' : 'v'}${random.chance(20) ? 0 : ++this.#count}`
    const text = `${isConstant ? 'const' : 'let'} ${name} = ${this.#value(kind)};`
    this.#locals = [...this.#locals.filter((local) => local.name !== name), { name, kind }]
    return text
  }

  #ending(depth: number): string {
    const random = this.#random
    if (depth <= 0 || random.chance(20)) return this.#verdict()
    if (random.chance(15)) return this.#switch(() => this.#block(depth - 1, true), true)
    const otherwise = random.pick<() => string>([
      () => ` else { ${this.#block(depth - 1, true)} }`,
      () => ` else { ${this.#block(depth - 1, true)} }`,
      () => ` else if ${this.#boolean(1)} { ${this.#block(depth - 1, true)} } else { ${this.#block(depth - 1, true)} }`,
      () => '',
    ])()
    return `if ${this.#boolean(2)} { ${this.#block(depth - 1, true)} }${otherwise}`
  }
}

const numbers = [
  0, -0, 1, -1, 0.5, 2.5, 80, 80.00000000000001, 80.00000000000003, 79.99999999999999, 1e300, -1e300,
  1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, 1e-160, -3, 0.1, 0.3, 0.30000000000000004, 1e-9,
  123456789.123,
] as const
const integers = [0, 1, -1, 2, 3, -7, 80, 1_000_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER] as const
const texts = ['', 'x', 'y', '온도', 'x '] as const

export function randomRow(random: Random): Record<string, number | string | boolean> {
  return {
    a: random.pick(numbers),
    b: random.chance(20) ? (random.below(20_000) - 10_000) / 100 : random.pick(numbers),
    n: random.pick(integers),
    m: random.pick(integers),
    s: random.pick(texts),
    t: random.pick(texts),
    p: random.chance(50),
    q: random.chance(50),
  }
}
