import { ruleSource, statusMistake } from '@jidoka/domain'
import type { RuleDefinition, Value } from '@jidoka/domain'
import { RowBatch } from '@jidoka/rules'
import type { CompiledRule, RuleEngine, RuleRunError } from '@jidoka/rules'
import { recordText } from './record-text.ts'

/** What a rule said to one row. A failure is never a verdict: the caller makes it UNJUDGED. */
export type RowOutcome =
  | {
      readonly kind: 'verdict'
      readonly status: string
      readonly confidence: number
      readonly explanation: string | null
    }
  | { readonly kind: 'failed'; readonly problem: string; readonly counts: boolean }

export type PrepareOutcome = { readonly rule: PreparedRule } | { readonly problem: string }

/** Compiles rules of the domain for the one engine of this thread. */
export class RuleRunner {
  readonly #engine: RuleEngine

  constructor(engine: RuleEngine) {
    this.#engine = engine
  }

  prepare(definition: RuleDefinition): PrepareOutcome {
    const outcome = this.#engine.compile(ruleSource(definition))
    if (!outcome.ok) return { problem: outcome.errors.map(atPlace).join(' ') }
    return { rule: new PreparedRule(this.#engine, outcome.rule) }
  }
}

/** A compiled rule with a batch of its own for its rows. */
export class PreparedRule {
  readonly hash: string
  readonly fastPath: boolean
  readonly #engine: RuleEngine
  readonly #compiled: CompiledRule
  readonly #batch: RowBatch

  constructor(engine: RuleEngine, compiled: CompiledRule) {
    this.#engine = engine
    this.#compiled = compiled
    this.#batch = new RowBatch(compiled.shape)
    this.hash = compiled.hash
    this.fastPath = compiled.fastPath
  }

  /** Adds a cell in the order of the rule's inputs. Its kind was checked by `fitsKind`. */
  push(value: Value): void {
    if (typeof value === 'number') this.#batch.pushNumber(value)
    else if (typeof value === 'boolean') this.#batch.pushBoolean(value)
    else this.#batch.pushText(value)
  }

  /** Judges the rows pushed, calls `each` for every one of them in order, and forgets them. */
  evaluate(each: (row: number, outcome: RowOutcome) => void): void {
    if (this.#batch.rowCount === 0) return
    try {
      this.#engine.evaluate(this.#compiled, this.#batch, {
        verdict(row, _rule, status, confidence, explanation) {
          const mistake = knownMistake(status)
          each(
            row,
            mistake === null
              ? {
                  kind: 'verdict',
                  status,
                  confidence,
                  explanation: explanation === undefined ? null : recordText(explanation),
                }
              : { kind: 'failed', problem: mistake, counts: true },
          )
        },
        error(row, _rule, error) {
          each(row, { kind: 'failed', problem: atPlace(error), counts: error.kind !== 'stopped' })
        },
      })
    } finally {
      this.#batch.reset()
    }
  }

  drop(): void {
    this.#engine.drop(this.#compiled)
  }
}

const knownStatuses = new Map<string, string | null>()

/** `statusMistake`, remembered: a rule has few statuses and gives one a row. */
function knownMistake(status: string): string | null {
  const known = knownStatuses.get(status)
  if (known !== undefined) return known
  const mistake = statusMistake(status)
  // A script can make up statuses without end; the memory of them has one.
  if (knownStatuses.size < 10_000) knownStatuses.set(status, mistake)
  return mistake
}

function atPlace(error: Pick<RuleRunError, 'message' | 'line' | 'column'>): string {
  return error.line > 0 ? `Line ${error.line}, column ${error.column}: ${error.message}` : error.message
}
