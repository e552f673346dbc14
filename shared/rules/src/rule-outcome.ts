import type { CompiledRule } from './compiled-rule.ts'

export interface Verdict {
  /** 1 to 64 bytes. */
  readonly status: string
  /** 0 to 1. */
  readonly confidence: number
  readonly explanation?: string
}

/**
 * Why a row got no verdict.
 * - `runtime`: the script failed (a `throw`, an integer overflow, an unknown function...)
 * - `operations`, `time`, `size`: a limit of `ruleLimits`
 * - `result`: the script ended with something that is no verdict, or with a status that may not stand
 * - `input`: not tried, because a value is missing or of another kind (`judgeValues`)
 * - `trap`, `memory`: the module broke down (stack, memory) and was replaced
 * - `stopped`: not tried, because the rule met its limits too often in this call
 */
export type RunErrorKind =
  | 'runtime'
  | 'operations'
  | 'time'
  | 'size'
  | 'result'
  | 'trap'
  | 'memory'
  | 'stopped'
  | 'input'

/** `line` and `column` count from 1; 0 where there is no one place. */
export interface RuleRunError {
  readonly kind: RunErrorKind
  readonly message: string
  readonly line: number
  readonly column: number
}

export type RowOutcome =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'error'; readonly error: RuleRunError }

/**
 * Receives outcomes: for each rule in order, each row in order, exactly one call. Must not call the engine.
 * Nothing is allocated for a verdict without explanation: `status` is one string object per distinct status.
 */
export interface OutcomeSink {
  verdict(row: number, rule: CompiledRule, status: string, confidence: number, explanation: string | undefined): void
  error(row: number, rule: CompiledRule, error: RuleRunError): void
}

/** The numbers of `FailureKind` in `crate/src/verdict.rs`. */
const runErrorKinds: ReadonlyMap<number, RunErrorKind> = new Map([
  [1, 'runtime'],
  [2, 'operations'],
  [3, 'time'],
  [4, 'result'],
  [5, 'size'],
  [6, 'stopped'],
])

export function runErrorKind(code: number): RunErrorKind {
  const kind = runErrorKinds.get(code)
  if (kind === undefined) throw new Error(`the rule module answered with an unknown code ${code}`)
  return kind
}

export const stoppedError: RuleRunError = {
  kind: 'stopped',
  message: 'not judged: the rule met its limits too often in this call; see the errors of its earlier rows and mend it',
  line: 0,
  column: 0,
}
