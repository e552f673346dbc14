/** Bounds of the way to Redis, each with what would happen without it. */
export const redisLimits = {
  /** A server that is behind a firewall which drops packets would be waited for two minutes. */
  connectMsMax: 3_000,
  /** Redis answers in less than a millisecond; whoever waits longer goes on without it. */
  commandMsMax: 1_000,
  /** No answer to anything for so long: the connection is dead though nobody said so, and is made anew. */
  silenceMsMax: 5_000,
  /** Between attempts to connect, doubled with each up to the second: a server that restarts is found within a second of its being back. */
  retryMsMin: 50,
  retryMsMax: 1_000,
  /** Redis that has not answered in its time is not asked for so long: a request must not wait for it again and again. */
  restMs: 1_000,
  /** The start of the program waits so long for Redis and goes on without it. */
  startMsMax: 2_000,
} as const
