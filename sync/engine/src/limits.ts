/** All numbers of the uplink, each with what goes wrong beside it. */
export const uplinkLimits = {
  /** Below it a batch is mostly header and signature, and a long backlog takes for ever. */
  batchBytesMin: 16 * 1024,
  /** Bytes as they lie in the journal, about 80,000 readings. A line of 1 Mbit/s carries it in under a second. */
  batchBytesAtFirst: 256 * 1024,
  /** More makes no difference on a fast line, keeps more in memory, and could exceed the counts of `batchLimits` of the protocol. */
  batchBytesMax: 1024 * 1024,
  /**
   * Readings of this time leave together. Sooner, and a busy line makes hundreds of requests a second, each of which the cloud
   * signs, commits and stores as small rows; later, and the cloud's live view lags.
   */
  gatherMs: 1_000,
  /** As many rows do not wait for it: a full batch is there. */
  gatherRowsMax: 20_000,
  /** An answer faster than this to a batch that was at least half full: the next may be twice as large. */
  answerFastMs: 250,
  /** An answer slower than this: half. A bulk batch on the line delays an urgent one by at most about this. */
  answerSlowMs: 1_000,
  /** Longer, and a dead connection holds the lane; shorter, and a slow line never finishes its smallest batch (16 KB at 5 kbit/s). */
  requestTimeoutMs: 30_000,
  /** First wait after a failure, doubled each time. */
  retryDelayMsMin: 500,
  /** A line that comes back is used within a quarter of a minute. A thousand edges make 70 requests a second against a dead cloud. */
  retryDelayMsMax: 15_000,
  /** What only a person can mend (revoked, wrong epoch, different rows) is asked again every five minutes, so that it heals without a restart. */
  haltedRetryMs: 300_000,
  /** Longer waits are not taken from the other end, whatever it asks for. */
  retryAfterMsMax: 600_000,
  /**
   * A lane with nothing to send asks where the cloud stands: a cut line, a revocation and a cloud that was restored from a backup are
   * noticed within it. Shorter, and a thousand idle edges keep the cloud busy for nothing.
   */
  heartbeatMs: 60_000,
  /** A hiccup is no outage: the ledger would fill with noise. */
  outageAfterMs: 10_000,
  /**
   * Outages whose rows are not all receipted yet. A line that flaps for weeks in front of a backlog would fill the memory; of those beyond it the ledger
   * has beginning and end, and not when they were drained.
   */
  outagesDrainingMax: 100,
  /** A row that the cloud cannot read is sent so often before it is set aside: less, and one garbled answer of a proxy costs a row. */
  poisonTriesMax: 6,
  /** And for so long since the lane last got through: a cloud that was upgraded with a bug is mended, or put back, within it. Longer, and an alarm waits behind it. */
  poisonAfterMs: 3_600_000,
  /** Rows of a lane set aside in a day; beyond it the lane halts. More, and a cloud that refuses everything empties its edges over a weekend. */
  poisonPerDayMax: 50,
  /** The day of the limit above. */
  poisonDayMs: 86_400_000,
  /** By how much a batch shrinks that cannot be read: three tries lead from the largest to the smallest, in which the row is looked for one by one. */
  poisonShrinkBy: 8,
  /** A person who presses "try now" for ever would otherwise make a request with each press. */
  pokeEveryMs: 1_000,
  /** The rate of a drain is that of the last minute: over less it jumps, over more it does not follow a line that got slower. */
  progressMs: 60_000,
  /** Where the lane stands is noted so often, 30 numbers at most. */
  progressEveryMs: 2_000,
} as const
