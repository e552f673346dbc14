import { ruleSource, statusMistake } from '@jidoka/domain'
import type { RuleDefinition, Value } from '@jidoka/domain'
import { RowBatch } from '@jidoka/rules'
import type { CompiledRule, RuleEngine, RuleRunError, RuleSet } from '@jidoka/rules'

/** What a rule said to one row. A failure is never a verdict: the caller makes it UNJUDGED. */
export type RowOutcome =
  | {
      readonly kind: 'verdict'
      readonly status: string
      readonly confidence: number
      readonly explanation: string | null
    }
  | { readonly kind: 'failed'; readonly problem: string; readonly counts: boolean }

/**
 * Hears what the rules of a group say: for each rule in order, each row in order, exactly one call. `rule` is the place in
 * the group. `counts`: the failure is one of the rule, and not that it was not tried any more.
 */
export interface GroupSink {
  verdict(rule: number, row: number, status: string, confidence: number, explanation: string | null): void
  failed(rule: number, row: number, problem: string, counts: boolean): void
}

export type PrepareOutcome = { readonly rule: PreparedRule } | { readonly problem: string }

/** Compiles rules of the domain for the one engine of this thread. */
export class RuleRunner {
  readonly #engine: RuleEngine

  constructor(engine: RuleEngine) {
    this.#engine = engine
  }

  prepare(definition: RuleDefinition): PrepareOutcome {
    const outcome = this.#engine.compile(ruleSource(definition))
    if (!outcome.ok) return { problem: outcome.errors.map(atPlace).join('\n') }
    return { rule: new PreparedRule(this.#engine, outcome.rule) }
  }

  /** Rules with the same inputs, to be judged over the same rows. */
  group(rules: readonly PreparedRule[]): PreparedGroup {
    return new PreparedGroup(
      this.#engine,
      rules.map(({ compiled }) => compiled),
    )
  }
}

/** A compiled rule. */
export class PreparedRule {
  readonly compiled: CompiledRule
  readonly #engine: RuleEngine
  #alone: PreparedGroup | null = null

  constructor(engine: RuleEngine, compiled: CompiledRule) {
    this.#engine = engine
    this.compiled = compiled
  }

  get fastPath(): boolean {
    return this.compiled.fastPath
  }

  /** Judges one row of cells in the order of the rule's inputs. */
  judge(cells: readonly Value[]): RowOutcome {
    this.#alone ??= new PreparedGroup(this.#engine, [this.compiled])
    for (const cell of cells) this.#alone.push(cell)
    let outcome: RowOutcome = { kind: 'failed', problem: 'the rule gave no answer.', counts: false }
    this.#alone.evaluate({
      verdict(_rule, _row, status, confidence, explanation) {
        outcome = { kind: 'verdict', status, confidence, explanation }
      },
      failed(_rule, _row, problem, counts) {
        outcome = { kind: 'failed', problem, counts }
      },
    })
    return outcome
  }

  drop(): void {
    this.#engine.drop(this.compiled)
  }
}

/** Compiled rules with one batch for the rows that all of them judge, in as few calls into WebAssembly as there can be. */
export class PreparedGroup {
  readonly #engine: RuleEngine
  readonly #rules: readonly CompiledRule[]
  readonly #set: RuleSet | null
  readonly #batch: RowBatch | null

  constructor(engine: RuleEngine, rules: readonly CompiledRule[]) {
    this.#engine = engine
    this.#rules = rules
    const shape = rules[0]?.shape
    this.#set = shape === undefined ? null : engine.ruleSet(rules, shape)
    // A thousand groups are a thousand batches: they begin small.
    this.#batch = shape === undefined ? null : new RowBatch(shape, { rowsHint: 8 })
  }

  /** Adds a cell in the order of the rules' inputs. Its kind was checked by `fitsKind`. */
  push(value: Value): void {
    if (typeof value === 'number') this.#batch?.pushNumber(value)
    else if (typeof value === 'boolean') this.#batch?.pushBoolean(value)
    else this.#batch?.pushText(value)
  }

  /** Judges the rows pushed and forgets them. */
  evaluate(sink: GroupSink): void {
    const [set, batch, rules] = [this.#set, this.#batch, this.#rules]
    if (set === null || batch === null || batch.rowCount === 0) return
    let place = 0
    let current = rules[0]
    // Each rule has all its rows in one piece.
    const placeOf = (rule: CompiledRule): number => {
      if (rule !== current) {
        place = rules.indexOf(rule, place)
        current = rule
      }
      return place
    }
    try {
      this.#engine.evaluate(set, batch, {
        verdict(row, rule, status, confidence, explanation) {
          const mistake = knownMistake(status)
          if (mistake === null) sink.verdict(placeOf(rule), row, status, confidence, explanation ?? null)
          else sink.failed(placeOf(rule), row, mistake, true)
        },
        error(row, rule, error) {
          sink.failed(placeOf(rule), row, atPlace(error), error.kind !== 'stopped')
        },
      })
    } finally {
      batch.reset()
    }
  }
}

let lastStatus = ''
let lastMistake: string | null = null
const knownStatuses = new Map<string, string | null>()

/** `statusMistake`, remembered: a rule has few statuses and gives one a row. */
function knownMistake(status: string): string | null {
  if (status === lastStatus) return lastMistake
  let mistake = knownStatuses.get(status)
  if (mistake === undefined) {
    mistake = statusMistake(status)
    // A script can make up statuses without end; the memory of them has one.
    if (knownStatuses.size < 10_000) knownStatuses.set(status, mistake)
  }
  lastStatus = status
  lastMistake = mistake
  return mistake
}

function atPlace(error: Pick<RuleRunError, 'message' | 'line' | 'column'>): string {
  return error.line > 0 ? `Line ${error.line}, column ${error.column}: ${error.message}` : error.message
}
