/** What windows may take of the worker's memory and time. A window that meets one gives no figure (`incomplete`), never a wrong one. */
export const windowBankLimits = {
  /** Readings held of one sensor: 8 h at 4/s, or 2 min at 1,000/s. Higher: one fast sensor under a long window takes what all others need. */
  readingsPerSeriesMax: 131_072,
  /** Readings held in all, some 120 bytes each with the figures over them: 60 MB of an appliance that is to stay below 200. */
  readingsMax: 500_000,
  /** Series (a sensor at one lateness), each at least some 2 kB. Higher: a rule over all of 10,000 tags takes the worker's memory before a reading has come. */
  seriesMax: 20_000,
  /** A count window looks back no further, so that its readings can be found again in the journal after a start. */
  countSpanMs: 86_400_000,
  /**
   * So long a window that grew too old is told as stale, with what it last said; then it is missing, as one that never had a reading. The journal is read
   * back further by this at a start. Lower: whoever looks why nothing was judged is told "missing" of a sensor that has just fallen silent.
   */
  staleKnownMs: 60_000,
  /** Readings of the same instant that are compared to find a repeated one: a batch without timestamps may have thousands. */
  sameInstantMax: 16,
} as const
