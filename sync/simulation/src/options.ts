/** Bugs that the simulated shells can be given, to show that the checks find them. The product has none of these switches. */
export type PlantedBug = 'receipt_before_commit' | 'cursor_off_by_one' | 'prune_before_receipt' | 'retry_drops_tail'
export const plantedBugs: readonly PlantedBug[] = [
  'receipt_before_commit',
  'cursor_off_by_one',
  'prune_before_receipt',
  'retry_drops_tail',
]

/** How bad the world is while it is bad. Probabilities are for each message, effect or commit. */
export interface Faults {
  readonly requestLost: number
  readonly answerLost: number
  readonly duplicated: number
  readonly longDelay: number
  readonly busy: number
  readonly strangeAnswer: number
  readonly edgeCrashAtEffect: number
  readonly cloudCrashBeforeCommit: number
  readonly cloudCrashAfterCommit: number
  readonly partitionEveryMs: number
  readonly spaceDrop: number
  readonly damage: number
  readonly newDisk: number
  /** Whether a cloud that crashes comes back without its last transactions, as a store that does not fsync. */
  readonly cloudLosesTail: boolean
}

export interface WorldOptions {
  readonly bug?: PlantedBug | null
  /** Given each line of the story. */
  readonly trace?: ((line: string) => void) | null
}

/** How long rows are produced and things go wrong; after it everything works, and the world must come to rest. */
export const chaosMs = 60_000
/** A disk is replaced within 90 s, a heartbeat follows within 60. */
export const restMsMin = 160_000
/** Halted lanes try again after five minutes, back-off ends at one: an hour is far beyond any rest that is still to come. */
export const restMsMax = 3_600_000
