/** What bounds the directory and a move, each with what it keeps from happening. */
export const tenancyLimits = {
  /** Of a switch that was not heard of. Until then a transaction finds out by itself and goes where its tenant is. */
  pollMs: 10_000,
  /** For a database that was away when this process started. */
  reopenMs: 5_000,
  /** Numbers of a database, see `jidoka.databases`: a million lives of edges each, 2,047 databases in a 32-bit number. */
  numbersEach: 1_048_576,
  /** A mover that has not said for so long that it goes on is dead: another may take its move over. */
  leaseMs: 30_000,
  /** Rows in one statement: the next are what the event loop and the server do meanwhile. */
  batchRowsMin: 8,
  batchRowsMax: 2_000,
  /** Letters of a batch that is aimed at; more is held three times over in memory. */
  batchLetters: 1_000_000,
  /** Rows whose digests are held against each other at once. Their keys are held in memory, and a range of large ones is read for seconds. */
  rangeRowsMin: 64,
  rangeRowsMax: 20_000,
  /** Letters of a range that is aimed at: a server hashes them in well below a second, and is given ten minutes. */
  rangeLetters: 32_000_000,
  /** Rows of a table that came to the target before both databases are told to count: of fewer, all may be gone through. Then each time that there are so many times more. */
  countedRowsMin: 1_000,
  countedAgainAfter: 8,
  /** Where somebody had the table: soon, as none is counted at the end of a copy, and not so soon that each batch waits for its lock. */
  countedAgainWhereBusy: 2,
  /** Changes that are taken over at once: what they write on the target is one transaction. */
  changesMax: 10_000,
  /** So few changes are left before writes are made to wait: taking over as many takes a fraction of the pause. */
  changesAtSwitchMax: 500,
  /** For whoever has written and is not done yet. Behind the mover others wait meanwhile: longer, and the pause is longer than promised. */
  switchWaitMsMax: 500,
  /** A switch that is not done by then is given up and tried again: writes wait for no longer than this and the commit. */
  switchMsMax: 1_500,
  /** Then somebody holds his transaction open for minutes: the move stops and says so. */
  switchAttemptsMax: 20,
  switchPauseMs: 1_000,
  /** For a lock on a table, to watch its changes; whoever wants the table waits behind it. */
  watchWaitMsMax: 1_000,
  watchAttemptsMax: 30,
  /** Rows that are removed in one transaction: for as long the log of audit takes no entry of anybody. */
  removedRows: 1_000,
  /** What is left behind, for a person who finds that something is missing. */
  graceMs: 7 * 24 * 3_600_000,
  movesShown: 100,
  /** For a tenant to be made; what comes later is not written. Hashing a password and one transaction take a second. */
  makingMsMax: 60_000,
  /** Of a making that nothing came of its names are free then. Far behind its end, so that clocks may differ and the last transaction may hang. */
  makingForgottenMs: 600_000,
} as const
