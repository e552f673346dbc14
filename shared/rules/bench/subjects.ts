import { Engine as JsonRulesEngine } from 'json-rules-engine'
import {
  RowBatch,
  RowShape,
  RuleEngine,
  type CompiledRule,
  type OutcomeSink,
  type RuleField,
  type RuleSource,
} from '../src/index.ts'
import { loadRuleModule, ruleModuleUrl } from '../src/load-node.ts'

/** One reading of a machine, as it arrives. */
export type Reading = {
  readonly temperature: number
  readonly pressure: number
  readonly vibration: number
  readonly machine: string
}

/**
 * The subjects and their peers. Each call judges `rows` readings (or one reading with 1,000 rules), from ready objects to
 * verdicts read back, and answers how many judgments that were. Peers are `jsonRulesEngine` and `parseAndClosure`; where the
 * rule says a sentence, its peer (`...Explained...`, `windows...`) says the same one.
 */
export interface RuleSubjects {
  fastPath(): number
  fastPathExplained(): number
  anyRule(): number
  anyRuleExplained(): number
  manyRulesFastPath(): number
  manyRulesAnyRule(): number
  windowsFastPath(): number
  manyWindowRulesFastPath(): number
  oneRowFastPath(): number
  oneRowAnyRule(): number
  jsonRulesEngine(): Promise<number>
  jsonRulesEngineExplained(): Promise<number>
  parseAndClosure(): number
  explainedParseAndClosure(): number
  windowsParseAndClosure(): number
  closure(): number
}

const fields: readonly RuleField[] = [
  { name: 'temperature', kind: 'number' },
  { name: 'pressure', kind: 'number' },
  { name: 'vibration', kind: 'number' },
  { name: 'machine', kind: 'text' },
]

const params = { hot: 80, low: 2.5, shaking: 4 }

const plain = `
if input.temperature > params.hot && input.pressure < params.low {
  #{ status: "HIGH_DEFECT", confidence: 0.95 }
} else if input.vibration > params.shaking {
  #{ status: "WARN", confidence: 0.7 }
} else {
  #{ status: "OK", confidence: 0.99 }
}`

const explained = `
if input.temperature > params.hot && input.pressure < params.low {
  verdict("HIGH_DEFECT", 0.95, \`\${input.temperature} > \${params.hot}\`)
} else if input.vibration > params.shaking {
  verdict("WARN", 0.7, \`\${input.machine}: \${input.vibration} > \${params.shaking}\`)
} else {
  verdict("OK", 0.99, "within limits")
}`

/** Windows and a chart as inputs, `let`, `switch` and templates: all that the fast path is to take. */
const windowFields: readonly RuleField[] = [
  { name: 'value', kind: 'number' },
  { name: 'mean', kind: 'number' },
  { name: 'spread', kind: 'number' },
  { name: 'chart', kind: 'integer' },
  { name: 'product', kind: 'text' },
]

const windows = `
let distance = (input.value - input.mean) / input.spread;
let limit = params.warn;
switch input.product {
  "machine-3" | "machine-7" => { limit = params.warn + 0.5; }
  "machine-11" => { limit = params.warn * 2.0; }
  _ => {}
}
if nelson(input.chart, 1) || distance > params.act {
  verdict("ACT", 0.95, \`\${input.value} is far from \${input.mean} (\${input.product})\`)
} else if violated(input.chart) || distance > limit {
  verdict("WARN", 0.8, \`\${input.value} > \${limit}\`)
} else {
  verdict("OK", 0.99)
}`

interface Decision {
  readonly status: string
  readonly confidence: number
  readonly explanation?: string
}

function decide({ temperature, pressure, vibration }: Reading): Decision {
  if (temperature > 80 && pressure < 2.5) return { status: 'HIGH_DEFECT', confidence: 0.95 }
  if (vibration > 4) return { status: 'WARN', confidence: 0.7 }
  return { status: 'OK', confidence: 0.99 }
}

/** The same with the sentences of `explained`. */
function explain({ temperature, pressure, vibration, machine }: Reading): Decision {
  if (temperature > params.hot && pressure < params.low)
    return { status: 'HIGH_DEFECT', confidence: 0.95, explanation: `${temperature} > ${params.hot}` }
  if (vibration > params.shaking)
    return { status: 'WARN', confidence: 0.7, explanation: `${machine}: ${vibration} > ${params.shaking}` }
  return { status: 'OK', confidence: 0.99, explanation: 'within limits' }
}

/** Readings from a fixed sequence, two decimals as sensors send them. */
export function makeReadings(count: number): Reading[] {
  let state = 42
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state / 0x8000_0000
  }
  const twoDecimals = (value: number) => Math.round(value * 100) / 100
  return Array.from({ length: count }, (_, index) => ({
    temperature: twoDecimals(40 + random() * 60),
    pressure: twoDecimals(1 + random() * 4),
    vibration: twoDecimals(random() * 6),
    machine: `machine-${index % 20}`,
  }))
}

/** Counts and weighs, so that nothing of the work can be left out. */
class Tally implements OutcomeSink {
  count = 0
  weight = 0

  add(status: string, confidence: number): void {
    this.count += 1
    this.weight += status.length + confidence
  }

  decided({ status, confidence, explanation }: Decision): void {
    this.add(status, confidence)
    if (explanation !== undefined) this.weight += explanation.length
  }

  verdict(_row: number, _rule: CompiledRule, status: string, confidence: number, explanation?: string): void {
    this.add(status, confidence)
    if (explanation !== undefined) this.weight += explanation.length
  }

  error(row: number, _rule: CompiledRule, error: { readonly message: string }): void {
    throw new Error(`row ${row}: ${error.message}`)
  }
}

function compiled(engine: RuleEngine, source: RuleSource): CompiledRule {
  const outcome = engine.compile(source)
  if (!outcome.ok) throw new Error(outcome.error.message)
  return outcome.rule
}

function push(batch: RowBatch, { temperature, pressure, vibration, machine }: Reading): void {
  batch.pushNumber(temperature)
  batch.pushNumber(pressure)
  batch.pushNumber(vibration)
  batch.pushText(machine)
}

function batchJudge(engine: RuleEngine, source: string, readings: readonly Reading[]): () => number {
  const rule = compiled(engine, { source, fields, params })
  const batch = new RowBatch(rule.shape, { rowsHint: readings.length })
  const tally = new Tally()
  return () => {
    batch.reset()
    for (const reading of readings) push(batch, reading)
    tally.count = 0
    engine.evaluate(rule, batch, tally)
    return tally.count
  }
}

function oneRowJudge(engine: RuleEngine, source: string, readings: readonly Reading[]): () => number {
  const rule = compiled(engine, { source, fields, params })
  const batch = new RowBatch(rule.shape, { rowsHint: 1 })
  const tally = new Tally()
  return () => {
    tally.count = 0
    for (const reading of readings) {
      batch.reset()
      push(batch, reading)
      engine.evaluate(rule, batch, tally)
    }
    return tally.count
  }
}

function pushWindows(batch: RowBatch, { temperature, pressure, vibration, machine }: Reading): void {
  batch.pushNumber(temperature)
  batch.pushNumber(60)
  batch.pushNumber(10 + pressure)
  batch.pushNumber(chartOf(vibration))
  batch.pushText(machine)
}

function windowsJudge(engine: RuleEngine, readings: readonly Reading[]): () => number {
  const rule = compiled(engine, { source: windows, fields: windowFields, params: { warn: 2.2, act: 3 } })
  if (!rule.fastPath) throw new Error('the rule over windows is not on the fast path')
  const batch = new RowBatch(rule.shape, { rowsHint: readings.length })
  const tally = new Tally()
  return () => {
    batch.reset()
    for (const reading of readings) pushWindows(batch, reading)
    tally.count = 0
    engine.evaluate(rule, batch, tally)
    return tally.count
  }
}

function manyWindowRulesJudge(engine: RuleEngine, readings: readonly Reading[]): () => number {
  const rules = Array.from({ length: 1_000 }, (_, index) =>
    compiled(engine, {
      source: windows,
      fields: windowFields,
      params: { warn: 2 + (index % 20) / 10, act: 4 + (index % 3) },
    }),
  )
  const shape = new RowShape(windowFields)
  const set = engine.ruleSet(rules, shape)
  const batch = new RowBatch(shape, { rowsHint: 1 })
  const tally = new Tally()
  let next = 0
  return () => {
    const reading = readings[next++ % readings.length]
    if (reading === undefined) return 0
    batch.reset()
    pushWindows(batch, reading)
    tally.count = 0
    engine.evaluate(set, batch, tally)
    return tally.count
  }
}

function manyRulesJudge(engine: RuleEngine, readings: readonly Reading[]): () => number {
  const rules = Array.from({ length: 1_000 }, (_, index) =>
    compiled(engine, {
      source: plain,
      fields,
      params: { hot: 60 + (index % 40) + 0.5, low: 1 + (index % 37) / 10, shaking: (index % 6) + 0.25 },
    }),
  )
  const shape = new RowShape(fields)
  const set = engine.ruleSet(rules, shape)
  const batch = new RowBatch(shape, { rowsHint: 1 })
  const tally = new Tally()
  let next = 0
  return () => {
    const reading = readings[next++ % readings.length]
    if (reading === undefined) return 0
    batch.reset()
    push(batch, reading)
    tally.count = 0
    engine.evaluate(set, batch, tally)
    return tally.count
  }
}

/** The same decision in json-rules-engine 7: priorities make the first match win. */
function jsonRulesEngineJudge(readings: readonly Reading[], isExplained: boolean): () => Promise<number> {
  const engine = new JsonRulesEngine([], { allowUndefinedFacts: true })
  engine.addRule({
    priority: 3,
    conditions: {
      all: [
        { fact: 'temperature', operator: 'greaterThan', value: 80 },
        { fact: 'pressure', operator: 'lessThan', value: 2.5 },
      ],
    },
    event: { type: 'HIGH_DEFECT', params: { confidence: 0.95 } },
  })
  engine.addRule({
    priority: 2,
    conditions: { all: [{ fact: 'vibration', operator: 'greaterThan', value: 4 }] },
    event: { type: 'WARN', params: { confidence: 0.7 } },
  })
  const tally = new Tally()
  return async () => {
    tally.count = 0
    for (const reading of readings) {
      const { events } = await engine.run(reading)
      const [event] = events
      const status = event?.type ?? 'OK'
      const confidence = Number(event?.params?.['confidence'] ?? 0.99)
      // It has no templates: whoever hears the event makes the sentence.
      if (isExplained) tally.decided({ status, confidence, explanation: sentenceOf(status, reading) })
      else tally.add(status, confidence)
    }
    return tally.count
  }
}

function sentenceOf(status: string, { temperature, vibration, machine }: Reading): string {
  if (status === 'HIGH_DEFECT') return `${temperature} > ${params.hot}`
  return status === 'WARN' ? `${machine}: ${vibration} > ${params.shaking}` : 'within limits'
}

/** The rule over windows as JSON.parse and a closure: the same decisions, the same sentences. */
function windowsClosureJudge(readings: readonly Reading[]): () => number {
  type Row = {
    readonly value: number
    readonly mean: number
    readonly spread: number
    readonly chart: number
    readonly product: string
  }
  const rows = readings.map(({ temperature, pressure, vibration, machine }): Row => ({
    value: temperature,
    mean: 60,
    spread: 10 + pressure,
    chart: chartOf(vibration),
    product: machine,
  }))
  const json = JSON.stringify(rows)
  const tally = new Tally()
  const [warn, act] = [2.2, 3]
  const limitOf = (product: string) => {
    switch (product) {
      case 'machine-3':
      case 'machine-7':
        return warn + 0.5
      case 'machine-11':
        return warn * 2
      default:
        return warn
    }
  }
  const judge = ({ value, mean, spread, chart, product }: Row): Decision => {
    const distance = (value - mean) / spread
    const limit = limitOf(product)
    if ((chart & 1) !== 0 || distance > act)
      return { status: 'ACT', confidence: 0.95, explanation: `${value} is far from ${mean} (${product})` }
    if (chart !== 0 || distance > limit) return { status: 'WARN', confidence: 0.8, explanation: `${value} > ${limit}` }
    return { status: 'OK', confidence: 0.99 }
  }
  return () => {
    tally.count = 0
    for (const row of JSON.parse(json) as Row[]) tally.decided(judge(row))
    return tally.count
  }
}

const chartOf = (vibration: number): number => (vibration > 5.8 ? 1 : vibration > 5.5 ? 4 : 0)

export function makeSubjects(rows = 500): RuleSubjects {
  const readings = makeReadings(rows)
  const json = JSON.stringify(readings)
  const module = loadRuleModule(process.env['JIDOKA_RULES_WASM'] ?? ruleModuleUrl)
  const fast = RuleEngine.create(module)
  const slow = RuleEngine.create(module, { fastPath: false })
  const tally = new Tally()
  const closureOver = (source: readonly Reading[]) => {
    tally.count = 0
    for (const reading of source) {
      const { status, confidence } = decide(reading)
      tally.add(status, confidence)
    }
    return tally.count
  }
  const explainedClosureOver = (source: readonly Reading[]) => {
    tally.count = 0
    for (const reading of source) tally.decided(explain(reading))
    return tally.count
  }
  return {
    fastPath: batchJudge(fast, plain, readings),
    fastPathExplained: batchJudge(fast, explained, readings),
    anyRule: batchJudge(slow, plain, readings),
    anyRuleExplained: batchJudge(slow, explained, readings),
    manyRulesFastPath: manyRulesJudge(RuleEngine.create(module), readings),
    manyRulesAnyRule: manyRulesJudge(RuleEngine.create(module, { fastPath: false }), readings),
    windowsFastPath: windowsJudge(fast, readings),
    manyWindowRulesFastPath: manyWindowRulesJudge(RuleEngine.create(module), readings),
    oneRowFastPath: oneRowJudge(fast, plain, readings),
    oneRowAnyRule: oneRowJudge(slow, plain, readings),
    jsonRulesEngine: jsonRulesEngineJudge(readings, false),
    jsonRulesEngineExplained: jsonRulesEngineJudge(readings, true),
    parseAndClosure: () => closureOver(JSON.parse(json) as Reading[]),
    explainedParseAndClosure: () => explainedClosureOver(JSON.parse(json) as Reading[]),
    windowsParseAndClosure: windowsClosureJudge(readings),
    closure: () => closureOver(readings),
  }
}
