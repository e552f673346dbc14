export const rehearsalLimits = {
  /** One day: what a shift needs, and a span whose sweeps are 86,400. */
  spanMsMax: 86_400_000,
  /** Some minutes of one core at the rate of a small appliance. */
  readingsMax: 20_000_000,
  /** 15 min; the thread competes with the journal's on a machine of two cores. */
  timeMsMax: 900_000,
  /** Statuses that are counted by name; a script may make one up each time. */
  statusesMax: 64,
} as const
