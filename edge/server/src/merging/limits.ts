const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** What one level of merging takes and when. Levels 0 and 1 are rows of the database, 2 and 3 are files. */
export interface MergeRule {
  readonly level: 1 | 2 | 3
  /** Highest level of a part. */
  readonly partLevelMax: 0 | 1 | 2
  /** A part of more readings is left to the next level: it gains nothing here and would only be written twice. */
  readonly partReadingsMax: number
  /** A run of so many readings is merged at once. */
  readonly readingsFull: number
  /** A run takes no part that would carry it beyond. */
  readonly readingsMax: number
  readonly partsMax: number
  /** Bytes of all parts as they lie: bounds what a step reads. */
  readonly bytesMax: number
  /**
   * What all parts may unpack to, as their headers say: bounds what a step holds. Texts that all differ pack 300 to 1, and without it 3 MB of files
   * take 700 MB. A million numbers unpack to 29 MB and must pass.
   */
  readonly expandedBytesMax: number
  /** A run whose first part is older than this is merged though it is small. */
  readonly ageMs: number
}

/** In the order in which they are tried: what lightens the database most comes first. */
export const mergeRules: readonly MergeRule[] = [
  {
    level: 1,
    partLevelMax: 0,
    partReadingsMax: 2_047,
    readingsFull: 4_096,
    readingsMax: 6_144,
    // A plant of one reading a commit: 512 rows make a chart slow before 4,096 readings are there.
    partsMax: 512,
    bytesMax: 1024 * 1024,
    expandedBytesMax: 16 * 1024 * 1024,
    ageMs: 10 * minuteMs,
  },
  {
    level: 2,
    partLevelMax: 1,
    partReadingsMax: 65_536,
    // Seven eighths: the next row of a busy plant is up to 8,192 readings and would seldom fit what is left.
    readingsFull: 57_344,
    // What one segment may hold on the line to the cloud (`segmentLimits.readingsMax`).
    readingsMax: 65_536,
    partsMax: 1_024,
    bytesMax: 3 * 1024 * 1024,
    expandedBytesMax: 16 * 1024 * 1024,
    ageMs: 6 * hourMs,
  },
  {
    level: 3,
    partLevelMax: 2,
    partReadingsMax: 1_048_576,
    readingsFull: 917_504,
    // 9 minutes at 2,000 readings/s: a day's chart opens 165 files, and 20,000 files hold what fits on 64 GB.
    readingsMax: 1_048_576,
    partsMax: 1_024,
    bytesMax: 24 * 1024 * 1024,
    expandedBytesMax: 48 * 1024 * 1024,
    ageMs: 24 * hourMs,
  },
]

export const mergingLimits = {
  /** Pieces that one plan looks at, oldest first: 20 ms of the merging thread. What is behind them comes when they are merged. */
  candidatesMax: 8_192,
  /** A row so large that no second one of its kind fits beside it becomes a file by itself: bulk does not stay in the database. */
  aloneReadingsMin: 32_769,
  /** While commits are frequent merging waits, until this much lies in rows: some 10 MB of database, and 20 ms more of a chart. */
  backlogRowsMax: 2_048,
  backlogReadingsMax: 524_288,
  /** Commits a second above which the appliance counts as busy: two thirds of a core is then the journal's. */
  busyCommitsPerSecond: 200,
  busyReadingsPerSecond: 50_000,
  /** Where nothing was worth a merge, the next look comes so much later. */
  lookEveryMs: 1_000,
  /** Where nothing was committed either: what grows old has time. */
  lookWhenIdleMs: 60_000,
  /** After a step the thread rests for as long as it worked, times this: at most a third of one core while readings come in. */
  restFactor: 2,
  /** A backlog is worked off with no more rest than this, so that it cannot grow for ever. */
  restMsMin: 5,
  /** Merges remembered that broke the merging thread down. Each costs readings that stay in smaller pieces until the next start, nothing more. */
  brokenMax: 1_000,
  /** After a failure (a full disk, a busy store) it is left alone for so long. */
  retryMs: 10_000,
} as const
