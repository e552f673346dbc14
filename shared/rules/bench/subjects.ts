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
import { loadRuleModule } from '../src/load-node.ts'

/** One reading of a machine, as it arrives. */
export type Reading = {
  readonly temperature: number
  readonly pressure: number
  readonly vibration: number
  readonly machine: string
}

/**
 * The subjects and their peers. Each call judges `rows` readings (or one reading with 1,000 rules), from ready objects to
 * verdicts read back, and answers how many judgments that were. Peers are `jsonRulesEngine` and `parseAndClosure`.
 */
export interface RuleSubjects {
  fastPath(): number
  fastPathExplained(): number
  anyRule(): number
  anyRuleExplained(): number
  manyRulesFastPath(): number
  manyRulesAnyRule(): number
  oneRowFastPath(): number
  oneRowAnyRule(): number
  jsonRulesEngine(): Promise<number>
  parseAndClosure(): number
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

interface Decision {
  readonly status: string
  readonly confidence: number
}

function decide({ temperature, pressure, vibration }: Reading): Decision {
  if (temperature > 80 && pressure < 2.5) return { status: 'HIGH_DEFECT', confidence: 0.95 }
  if (vibration > 4) return { status: 'WARN', confidence: 0.7 }
  return { status: 'OK', confidence: 0.99 }
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
function jsonRulesEngineJudge(readings: readonly Reading[]): () => Promise<number> {
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
      tally.add(event?.type ?? 'OK', Number(event?.params?.['confidence'] ?? 0.99))
    }
    return tally.count
  }
}

export function makeSubjects(rows = 500): RuleSubjects {
  const readings = makeReadings(rows)
  const json = JSON.stringify(readings)
  const module = loadRuleModule()
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
  return {
    fastPath: batchJudge(fast, plain, readings),
    fastPathExplained: batchJudge(fast, explained, readings),
    anyRule: batchJudge(slow, plain, readings),
    anyRuleExplained: batchJudge(slow, explained, readings),
    manyRulesFastPath: manyRulesJudge(RuleEngine.create(module), readings),
    manyRulesAnyRule: manyRulesJudge(RuleEngine.create(module, { fastPath: false }), readings),
    oneRowFastPath: oneRowJudge(fast, plain, readings),
    oneRowAnyRule: oneRowJudge(slow, plain, readings),
    jsonRulesEngine: jsonRulesEngineJudge(readings),
    parseAndClosure: () => closureOver(JSON.parse(json) as Reading[]),
    closure: () => closureOver(readings),
  }
}
