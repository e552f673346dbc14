/**
 * Limits of rules. Each stands for a crash or a standstill that it prevents; a rule that meets one is stopped and
 * reported while the others go on. All are whole numbers >= 1.
 */
export interface RuleLimits {
  readonly operationsMax: number
  readonly timeMsMax: number
  readonly callLevelsMax: number
  readonly expressionDepthMax: number
  readonly functionExpressionDepthMax: number
  readonly stringBytesMax: number
  readonly arrayItemsMax: number
  readonly mapItemsMax: number
  readonly variablesMax: number
  readonly functionsMax: number
  readonly sourceBytesMax: number
  readonly tokensMax: number
  readonly switchCasesMax: number
  readonly runawaysMax: number
  readonly explanationBytesMax: number
  readonly rulesMax: number
  readonly textBytesMax: number
}

export const ruleLimits: RuleLimits = {
  /** A row's steps in Rhai. `loop {}` ends after about a millisecond; real rules take some 10 to 1,000. */
  operationsMax: 100_000,
  /** A row's time. Steps on the largest values cost 10 us, so the steps alone would allow a second. Counted from the 256th step. */
  timeMsMax: 50,
  /** Nested calls of script functions. Each takes about 10 kB of a stack of 1 MB, and recursion is where a rule could pass the size limits. */
  callLevelsMax: 16,
  /** Nested brackets and `else if`s (two levels each: 60 of them). Parser and interpreter recurse over them, on one stack. */
  expressionDepthMax: 128,
  /** The same inside of functions, where recursion multiplies it: 16 calls of 64 levels take half of the stack. */
  functionExpressionDepthMax: 64,
  /** The longest text that a rule may build. Concatenation in a loop copies it every time. */
  stringBytesMax: 16_384,
  /** Items of an array, nested ones included. Sorting 4,000 items in a loop held the line for 5 s; 256 stay under the time limit. */
  arrayItemsMax: 256,
  /** Entries of a map, nested ones included. */
  mapItemsMax: 256,
  /** Variables alive at once: with the sizes above it bounds a row's memory below the module's 64 MB. */
  variablesMax: 64,
  /** Functions that one rule may define. */
  functionsMax: 32,
  /** Compiling is quadratic in places; 16 kB are some 400 lines, more than anybody can answer for. */
  sourceBytesMax: 16_384,
  /** Words and signs of a source: dense sources of 16 kB have some 8,000. */
  tokensMax: 8_192,
  /** Cases of `switch` in one rule: their parsing is quadratic, 5,000 took 4 s. */
  switchCasesMax: 256,
  /** Rows of one call that may end by operations, time or size before the rule's other rows are not tried: bounds a call's time. */
  runawaysMax: 4,
  /** An explanation is a line on a board; longer ones are cut with an ellipsis. */
  explanationBytesMax: 1_024,
  /** Rules of one engine: about 6 kB of the module's memory each. */
  rulesMax: 5_000,
  /** The longest text of a row. Texts are names, lots and codes; a document in a cell is somebody's mistake. */
  textBytesMax: 1_024,
}

/** The limits that the module keeps, in the order of `Limits` in `crate/src/limits.rs`. */
export const moduleLimitNames = [
  'operationsMax',
  'timeMsMax',
  'callLevelsMax',
  'expressionDepthMax',
  'functionExpressionDepthMax',
  'stringBytesMax',
  'arrayItemsMax',
  'mapItemsMax',
  'variablesMax',
  'functionsMax',
  'sourceBytesMax',
  'tokensMax',
  'switchCasesMax',
  'runawaysMax',
  'explanationBytesMax',
] as const satisfies readonly (keyof RuleLimits)[]

/** The defaults with some replaced. Throws a RangeError for a limit that is no whole number >= 1. */
export function withLimits(some: Partial<RuleLimits>): RuleLimits {
  const limits = { ...ruleLimits, ...some }
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isInteger(value) || value < 1 || value > 0xffff_ffff) {
      throw new RangeError(`the rule limit ${name} must be a whole number from 1 on, not ${value}`)
    }
  }
  return limits
}
