import type { RuleCompileError, RuleCompileWarning } from './compile-problem.ts'
import type { RuleSource } from './rule-source.ts'
import { RowShape } from './row-batch.ts'

/** A rule of one engine. Made by `RuleEngine.compile`, given back with `RuleEngine.drop`. */
export class CompiledRule {
  readonly source: RuleSource
  /** `ruleHash(source)`: what a judgment names its rule by. */
  readonly hash: string
  /** The rule's own fields; a batch of this shape needs no matching of columns. */
  readonly shape: RowShape
  /** True when rows are judged by the flat program and Rhai is asked only where it cannot decide. */
  readonly fastPath: boolean
  readonly warnings: readonly RuleCompileWarning[]
  /** The engine's own: where the rule lies in which instance of the module; slot -1 once it is dropped. */
  readonly place: { slot: number; instance: number }

  constructor(
    source: RuleSource,
    hash: string,
    fastPath: boolean,
    warnings: readonly RuleCompileWarning[],
    place: { slot: number; instance: number },
  ) {
    this.source = source
    this.hash = hash
    this.shape = new RowShape(source.fields)
    this.fastPath = fastPath
    this.warnings = warnings
    this.place = place
  }

  get isDropped(): boolean {
    return this.place.slot < 0
  }
}

export type CompileOutcome =
  | { readonly ok: true; readonly rule: CompiledRule }
  /** `errors` holds all that were found, by place, and at least one; `error` is the first. */
  | { readonly ok: false; readonly error: RuleCompileError; readonly errors: readonly RuleCompileError[] }
