export const judgeLimits = {
  /**
   * Records that repeat the verdict before, per second, rule and subject. A sensor at 1,000 Hz beyond its limit would fill the
   * disk and the line to the cloud with one sentence; what comes on top is counted in a run, none is lost. A change of verdict
   * is always a record.
   */
  repeatedRecordsPerSecondMax: 50,
  /** A run of equal verdicts is written at the latest after this: longer, and a crash of the disk takes more than an hour's proof with it. */
  runMsMax: 3_600_000,
  /**
   * Pairs of a rule and a sensor or line where it judges, some 0.9 kB each with what stands there: 180 MB of an appliance that must stay below 512.
   * Lower: a rule for everything is refused at a plant of 10,000 sensors with twenty of them.
   */
  pairsMax: 200_000,
  /** Rows that wait to be judged: some 4 MiB. A flight of arrays holds a million readings; they are judged as they come. */
  rowsMax: 16_384,
  /** Strikes before a rule is taken out; each failure is one. Fewer, and one odd reading stops a rule; more, and a broken one keeps costing its time budget. */
  strikesMax: 5,
  /**
   * So many verdicts since the last strike, or the last one taken off, take one strike off. Were one enough, a rule that breaks at four readings of
   * five would run for ever, some 7 ms each; one that stays in force fails at one reading in 250, which comes to 30 µs a reading. Higher, and a
   * rule of a reading an hour is taken out for one odd reading a week.
   */
  verdictsPerStrikeOff: 250,
  /** How often silence is looked for. The age at which a verdict becomes UNJUDGED is exact to this. */
  sweepMs: 1_000,
  /** NTP steps a clock by less, and what came just before is as fresh as it was. Set back by more, the appliance no longer knows how old is what it received "later than now". */
  clockSetBackMsMax: 5_000,
} as const
