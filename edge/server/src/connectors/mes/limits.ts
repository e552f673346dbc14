export const mesLimits = {
  /** 500 rows a page: some 100 KB in memory and one commit of a few milliseconds, so that readings do not wait behind a catch-up. */
  pageRows: 500,
  /** 10 s to connect and 20 s for a page: a MES that hangs must not look as if it were up. */
  connectTimeoutMs: 10_000,
  queryTimeoutMs: 20_000,
  /** 1 s doubling to 60 s: back within a minute of the MES, and no storm on a server that just comes up. */
  retryDelayMsMin: 1_000,
  retryDelayMsMax: 60_000,
  /** 100,000 row versions remembered, some 10 MB. Beyond it the journal alone tells what is new, only more slowly. */
  seenMax: 100_000,
} as const
