/** Bounds of commands and of what they make, each with what would happen without it. */
export const commandLimits = {
  /** Commands of an edge that are not done: an edge runs one after the other, and somebody's loop would queue days of work. */
  openMax: 20,
  /** Numbers that one command sends once more, 16 ranges: an edge sends them beside its live rows. */
  resentRowsMax: 1_048_576,
  /** A day judged anew takes an edge minutes; what it refuses itself, see its own bound, is better not sent. */
  rehearsedMsMax: 24 * 3_600_000,
  /** One bundle; kept in the database and read into memory as a whole. */
  bundleBytesMax: 16 * 1024 * 1024,
  /** Bundles in memory at once, in and out: 64 MB. */
  bundlesAtOnceMax: 4,
  /** An edge that began in time may still send what it made: a slow line takes hours for it. */
  bundleGraceMs: 24 * 3_600_000,
  /** Commands and bundles are forgotten after 30 days. Longer, and every edge that fetches anew gets all of them. */
  keptMs: 30 * 24 * 3_600_000,
  /** Commands forgotten in one transaction; the rest is for the next hour. */
  tidiedAtOnceMax: 200,
} as const
