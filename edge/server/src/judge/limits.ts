export const judgeLimits = {
  /** While the status stays the same, one record a second of an abnormal verdict: a sensor at 100 Hz beyond its limit would else fill the disk and the line to the cloud with one sentence. All are counted. */
  repeatedVerdictMsMin: 1_000,
  /** Failures in a row before a rule is taken out: fewer, and one odd reading stops a rule; more, and a broken one keeps costing its time budget. */
  strikesMax: 5,
  /** How often silence is looked for. The age at which a verdict becomes UNJUDGED is exact to this. */
  sweepMs: 1_000,
  /** NTP steps a clock by less, and what came just before is as fresh as it was. Set back by more, the appliance no longer knows how old is what it received "later than now". */
  clockSetBackMsMax: 5_000,
} as const
