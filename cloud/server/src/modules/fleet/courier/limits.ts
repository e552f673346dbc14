/** Bounds of courier files in the cloud, each with what would happen without it. */
export const courierDeskLimits = {
  /** Files of a tenant that are not done. An edge's weeks in files of 1 GiB are fewer; more is somebody's script. */
  filesOpenMax: 128,
  /** Bytes of them in the database: 64 GiB. Without it one administrator fills the disk of all tenants. */
  stagedBytesMax: 64 * 1024 * 1024 * 1024,
  /** Files that are done or refused, for who asks what became of one. */
  filesKept: 200,
  /** A file that is not whole and was not heard of for a week is somebody's who has given up. */
  receivingDaysMax: 7,
  /** A process that works on a file says so again within this time; one that has died is taken to be so after it. */
  leaseMs: 60_000,
  /** How often it is looked at what waits: a file whose rows before it came over the line goes on within half a minute. */
  lookEveryMs: 30_000,
  /** How often the progress of a file is written: each costs a row version, and nobody looks more often. */
  progressEveryMs: 2_000,
  /** Of a piece read at once: a whole one of 4 MB is in memory a dozen times on its way out of the database, which writes bytes as text. */
  sliceBytes: 512 * 1024,
  /** Names of missing pieces in one answer. */
  missingNamedMax: 1_000,
} as const
