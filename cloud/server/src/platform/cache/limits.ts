/** Bounds of the cache, each with what would happen without it. REFERENCE: 1,000 entries, 60 s in the process. */
export const cacheLimits = {
  entriesMax: 1_000,
  localMsMax: 60_000,
  /** The longest that any kind is kept. Tags are remembered for twice as long, so that none is forgotten before what it has made void. */
  ttlMsMax: 3_600_000,
  tagKeptMs: 2 * 3_600_000,
  /** Values that were loaded together do not all end together: so much sooner or later, as a part of their time. */
  jitter: 0.1,
  /** A larger value takes longer to carry than most take to load, and a thousand of them would fill the memory. */
  valueBytesMax: 64 * 1024,
  /** A longer key is hashed. */
  keyCharsMax: 200,
  tagsMax: 8,
  /** One process loads a dear value and the others wait so long for it, looking so often; then each loads for itself. */
  lockMs: 5_000,
  lockLookMs: 25,
  /** Tags whose end Redis could not be told; beyond it nothing is read there until all that it may hold has ended. */
  untoldMax: 10_000,
} as const
