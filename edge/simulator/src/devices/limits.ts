/** Bounds of one device, each with what goes wrong without it. */
export const deviceLimits = {
  /** Readings that wait while the broker is away: ten seconds of the fastest device at the plant's own rate. More would be a store, which sensors are not. */
  waitingMax: 500,
  /** Unacknowledged at once: a broker that answers slowly would otherwise be handed everything. */
  inFlightMax: 200,
  /** A message at which the broker hangs up three times is the reason for it, and would keep the device away for ever. */
  attemptsMax: 3,
  connectMs: 5_000,
  keepaliveS: 30,
  /** Pauses between attempts double from the first to the last: a restarted broker is found soon, a dead one is not hammered. */
  retryMsMin: 500,
  retryMsMax: 8_000,
} as const
