export const replayLimits = {
  /** Differences that are listed; more say nothing new, and the number of all of them is told. */
  differencesListedMax: 100,
  /** Readings before the stretch that the last values and their order come from, at least. Ages of inputs reach further where a rule allows it. */
  warmUpMsMin: 600_000,
  /** Records of a rule from which is made out what stood at the beginning: enough for the longest hysteresis. */
  recordsBeforeMax: 2_000,
  /** A run is written at the latest an hour after it began; whoever has not found the end of one by then will not. */
  runEndMsMax: 2 * 3_600_000,
} as const
