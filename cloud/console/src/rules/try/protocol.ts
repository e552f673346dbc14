import type { CompileErrorKind, CompileWarningKind, RowOutcome, RuleSource } from '@jidoka/rules'

export type InputValues = Readonly<Record<string, number | boolean | string>>

/** What the page asks of the worker. The newest question is the one that counts. */
export interface TryRequest {
  readonly number: number
  readonly rule: RuleSource
  /** Null while what was typed is no complete input. */
  readonly input: InputValues | null
  readonly examples: readonly { readonly input: InputValues; readonly status: string }[]
}

/** A place in the script, counted from 1; 0 where there is no one place. */
export interface ScriptProblem {
  readonly kind: CompileErrorKind | CompileWarningKind
  readonly message: string
  readonly line: number
  readonly column: number
}

export type TryOutcome =
  | { readonly kind: 'refused'; readonly errors: readonly ScriptProblem[] }
  | {
      readonly kind: 'judged'
      readonly fastPath: boolean
      readonly warnings: readonly ScriptProblem[]
      readonly verdict: RowOutcome | null
      readonly examples: readonly ExampleOutcome[]
    }

export interface ExampleOutcome {
  readonly expected: string
  readonly passed: boolean
  readonly outcome: RowOutcome
}

export type TryAnswer =
  | { readonly kind: 'outcome'; readonly number: number; readonly outcome: TryOutcome }
  /** The rules' module could not be loaded or broke down in a way that is not the script's fault. */
  | { readonly kind: 'failed'; readonly number: number; readonly message: string }
