export const tracingLimits = {
  /** Spans that wait for the collector; more are dropped and counted. At a kilobyte each this is 8 MB, in a program of 300. */
  waitingMax: 8_192,
  /** One request to the collector, which takes 4 MB at most by default. */
  batchMax: 512,
  batchDelayMs: 1_000,
  /** A collector that does not answer within it has not got them. */
  answerMsMax: 5_000,
  /** What is waited for at the end: traces are no reason to be killed. */
  stopMsMax: 2_000,
  /** Longer texts are cut; ours are names. */
  factLettersMax: 200,
  linksMax: 32,
} as const
