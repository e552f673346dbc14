import { httpLimits } from '../limits.ts'

/** Bounds of keys that senders choose, each with what would happen without it. */
export const idempotencyLimits = {
  /** Of a key: a UUID has 36. What is longer is no key but data, and would be an index of it. */
  keyCharactersMax: 255,
  /** Of a body that is sent under a key: it is read for its digest. The largest of any route of people's. */
  bodyBytesMax: httpLimits.desiredBodyBytesMax,
  /**
   * Of an answer that is kept. A larger one is given once; what repeats its request is told so, and nothing is done twice. With what a person may ask in a day it is
   * at most 160 MB of the database for each; what is answered to a POST has a few hundred bytes.
   */
  answerBytesMax: 16 * 1024,
  /** A service that keeps keys and does not answer is not waited for: the answer is then not kept. */
  sealMsMax: 1_000,
  /** How long a repeat is answered the same. */
  keptMs: 24 * 3_600_000,
  /** Beyond the time that a request has: then its process has died, and another attempt may begin. */
  claimGraceMs: 5_000,
  /** When to ask again for what is under way. */
  retryAfterS: 1,
} as const
