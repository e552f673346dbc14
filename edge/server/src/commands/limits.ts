export const commandLimits = {
  /** Pause before the journal is asked again after it could not write: a full disk is mended by its own thread within seconds, or by a person. */
  retryDelayMs: 5_000,
  /** An hour for one command: the largest repair of a slow line takes half of it. One that hangs would keep all others from their turn. */
  runTimeMsMax: 3_600_000,
  /** Attempts at an upload, 5 s doubling to 5 min between them, 20 min in all: longer, and others wait for a line that may be away for weeks. */
  uploadTriesMax: 8,
  uploadDelayMsMin: 5_000,
  uploadDelayMsMax: 300_000,
  /** 2 min for one attempt: 16 MiB over a line of 1 Mbit/s. */
  uploadTimeoutMs: 120_000,
} as const
