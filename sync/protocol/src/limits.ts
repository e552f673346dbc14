/**
 * Bounds of everything that crosses the line. Both ends hold to them: the edge never builds what the cloud would refuse.
 * Each says what would happen without it.
 */
export const segmentLimits = {
  /** Decoding takes 24 bytes of columns a reading: 1.6 MB at most for a segment. More, and one hostile header asks for gigabytes. */
  readingsMax: 65_536,
  /** Numbers take at most 28 bytes a reading (1.8 MB), texts `textBytesMax`; a length beyond the sum is not a segment. */
  bytesMax: 4 * 1024 * 1024,
  /** UTF-8 bytes of the distinct texts of a segment. Without it 65,536 texts of 1,024 characters make a commit of 200 MB. */
  textBytesMax: 2 * 1024 * 1024,
  /**
   * What a merged segment of at most `readingsMax` may unpack to: 28 bytes a reading (1.8 MB) and texts. zstd makes gigabytes out of a
   * kilobyte; the header says how much it will be, and nothing beyond is unpacked.
   */
  expandedBytesMax: 16 * 1024 * 1024,
  /** Readings of a merged segment that stays on the disk: 30 MB of columns while it is built. More, and merging alone breaks the memory of the appliance. */
  mergedReadingsMax: 1_048_576,
  /** Floats without any pattern take 12 bytes a reading; a longer file is none. */
  mergedBytesMax: 64 * 1024 * 1024,
  /** As `expandedBytesMax`, for one that stays on the disk. A damaged header could ask for all memory. */
  mergedExpandedBytesMax: 64 * 1024 * 1024,
} as const

export const batchLimits = {
  /** The header is read before anything is known about the sender's honesty. It has ten short fields. */
  headerBytesMax: 4_096,
  /** What one request may hold in memory before it is decoded; also the body limit of the cloud's route. Above it 100 edges fill 1 GB. */
  bytesMax: 8 * 1024 * 1024,
  /** After decompression. zstd expands 1 KB into megabytes of zeros; this is what stops it. A segment of the largest size fits. */
  expandedBytesMax: 16 * 1024 * 1024,
  /** A decoded segment costs about 1 KB beside its columns, and has 46 bytes at least: what 1 MB of the journal can hold still fits. */
  segmentsMax: 32_768,
  /** A boolean reading can take 1.2 bytes in the journal and always takes 24 decoded: without it 16 MB become 320. 1 MB of the journal fits. */
  readingsMax: 1_048_576,
  /** What all merged segments of a batch may unpack to. 30,000 small ones of long texts that pack well would be gigabytes without it. */
  segmentsExpandedBytesMax: 64 * 1024 * 1024,
  /** Records are parsed and checked one by one on the cloud's main thread. The shortest has 100 characters: 1 MB of the journal fits. */
  recordsMax: 16_384,
  /** A judgment with 32 text inputs of 1,024 characters, each escaped in JSON, stays under it. */
  recordLineBytesMax: 256 * 1024,
} as const

/** Limits of a receiver; tests and small machines may narrow them. */
export type BatchLimits = { readonly [Name in keyof typeof batchLimits]: number }

export const requestLimits = {
  /** A request older or newer than this is refused as stale: how long a copied request could be replayed if the nonce were forgotten. */
  clockSkewMsMax: 5 * 60_000,
  /** Nonces remembered of one edge: 6 requests a second over the whole window of ten minutes. See NonceMemory for what happens above. */
  noncesPerEdgeMax: 4_096,
  /** 22 characters are 128 random bits; a longer one would only fill the memory. */
  nonceLengthMax: 64,
  /** A catalogue of 10,000 tags is the largest desired item, about 4 MB of JSON. */
  desiredBodyBytesMax: 8 * 1024 * 1024,
} as const
