/** Bounds of keys that senders choose, each with what would happen without it. */
export const idempotencyLimits = {
  /** Of a key: a UUID has 36. What is longer is no key but data, and would be an index of it. */
  keyCharactersMax: 255,
  /** Of an answer that is kept. A larger one is given once; what repeats its request is told so, and nothing is done twice. */
  answerBytesMax: 256 * 1024,
  /** How long a repeat is answered the same. */
  keptMs: 24 * 3_600_000,
  /** Beyond the time that a request has: then its process has died, and another attempt may begin. */
  claimGraceMs: 5_000,
  /** When to ask again for what is under way. */
  retryAfterS: 1,
} as const
