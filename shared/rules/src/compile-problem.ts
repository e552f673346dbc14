/** Why a rule cannot be compiled. `declaration` and `trap` come from the host, the others from the module. */
export type CompileErrorKind =
  | 'syntax'
  | 'limit'
  | 'unknown-field'
  | 'unknown-parameter'
  | 'reserved-name'
  | 'read-only'
  | 'type'
  | 'result'
  | 'declaration'
  | 'trap'

/** What is likely not meant, though the rule compiles. */
export type CompileWarningKind = 'integer-division' | 'no-verdict'

/** `line` and `column` count from 1 in the rule's source, columns in characters; 0 where there is no one place. */
export interface CompileProblem<Kind extends string> {
  readonly kind: Kind
  readonly message: string
  readonly line: number
  readonly column: number
}

export type RuleCompileError = CompileProblem<CompileErrorKind>
export type RuleCompileWarning = CompileProblem<CompileWarningKind>

/** The numbers of `ProblemKind` in `crate/src/problem.rs`. */
const errorKinds: ReadonlyMap<number, CompileErrorKind> = new Map([
  [1, 'syntax'],
  [2, 'limit'],
  [3, 'unknown-field'],
  [4, 'unknown-parameter'],
  [5, 'reserved-name'],
  [6, 'read-only'],
  [7, 'type'],
  [8, 'result'],
])
const warningKinds: ReadonlyMap<number, CompileWarningKind> = new Map([
  [32, 'integer-division'],
  [33, 'no-verdict'],
])

export interface CompileReport {
  readonly errors: readonly RuleCompileError[]
  readonly warnings: readonly RuleCompileWarning[]
}

/** Reads the module's report: for each problem four little-endian words (kind, line, column, bytes) and UTF-8. */
export function readReport(bytes: Uint8Array): CompileReport {
  const errors: RuleCompileError[] = []
  const warnings: RuleCompileWarning[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoder = new TextDecoder()
  for (let offset = 0; offset + 16 <= bytes.byteLength;) {
    const number = view.getUint32(offset, true)
    const line = view.getUint32(offset + 4, true)
    const column = view.getUint32(offset + 8, true)
    const length = view.getUint32(offset + 12, true)
    const message = decoder.decode(bytes.subarray(offset + 16, offset + 16 + length))
    offset += 16 + length
    const error = errorKinds.get(number)
    const warning = warningKinds.get(number)
    if (error) errors.push({ kind: error, message, line, column })
    else if (warning) warnings.push({ kind: warning, message, line, column })
    else throw new Error(`the rule module reported a problem of an unknown kind ${number}: ${message}`)
  }
  const byPlace = (left: CompileProblem<string>, right: CompileProblem<string>) =>
    left.line - right.line || left.column - right.column
  return { errors: errors.sort(byPlace), warnings: warnings.sort(byPlace) }
}
