/** Bounds of the way of events, each with what would happen without it. */
export const eventLimits = {
  /** Events handed on at once: one statement and one round trip to Redis for all of them. */
  batchMax: 200,
  /** The oldest waiting events of a tenant that are looked at for a batch: beyond it those behind a failing one would have to be searched for. */
  windowMax: 500,
  /** Time to gather: a busy hour is twenty batches a second at most, and people see no delay. */
  gatherMs: 50,
  /** How often waiting events are looked for that nobody announced: those of a process that was killed after its commit. */
  pollMs: 5_000,
  /** A process that took events and died has not handed them on: another does after this. Longer than Redis may take to answer. */
  leaseMs: 30_000,
  /** The pause after a failure, doubled with each up to the second: a consumer that is broken for a minute is not asked a thousand times. */
  retryMsMin: 1_000,
  retryMsMax: 300_000,
  /** Attempts after which a consumer is not asked any more and a person is: nine minutes of pauses, which a database that fails over takes less than. */
  attemptsMax: 10,
  /** Handed on by Redis and still not taken: handed on again, as Redis may have lost it. Doubles with each attempt up to an hour. */
  resendMs: 60_000,
  /** Events that all have taken are kept this long, to be looked at. */
  keptMs: 3_600_000,
  /** Dead events wait this long for a person, and what was taken is remembered longer than that, so that one that is sent again has no effect twice. */
  deadKeptMs: 30 * 24 * 3_600_000,
  consumedKeptMs: 35 * 24 * 3_600_000,
  /** How often what is lost or old is looked for. */
  sweepMs: 60_000,
  /** How often what was taken and what is dead is looked through for what is too old: it goes through all tenants. */
  forgetMs: 3_600_000,
  /** Rows of one such look at one tenant. */
  sweepRowsMax: 1_000,
  /** Entries of a Redis stream: what was cut away unread is handed on again from the outbox. 17 KB each is 85 MB at worst. */
  streamLengthMax: 5_000,
  /** Entries read at once. */
  readMax: 50,
  /** One read waits so long for an entry; stopping waits no longer for it. */
  readWaitMs: 1_000,
  /** An entry that was read and not done within this is taken over, from a process that died or for another try. */
  claimAfterMs: 5_000,
  /** The text of an error that is kept. */
  errorCharsMax: 2_000,
} as const
