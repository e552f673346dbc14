/** How much a fuzz test tries and from which seed: seconds in a test run, a million inputs in the long one. */
export interface FuzzRun {
  readonly seed: number
  readonly count: number
  /** Longest time of the test, ms. */
  readonly timeoutMs: number
}

export function fuzzRun(countInTestRun: number, countInLongRun = 1_000_000): FuzzRun {
  const isLong = process.env['JIDOKA_TEST_LONG'] === '1'
  return {
    seed: Number.parseInt(process.env['JIDOKA_TEST_SEED'] ?? '20261121', 10),
    count: isLong ? countInLongRun : countInTestRun,
    timeoutMs: isLong ? 1_800_000 : 120_000,
  }
}
