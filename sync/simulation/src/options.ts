/**
 * Bugs that the simulated shells can be given one by one, to show that the checks find them: each is one that somebody could write. The product
 * has none of these switches.
 */
export const plantedBugs = {
  receipt_before_commit: 'the cloud answers, and commits a moment later',
  cursor_off_by_one: 'the cloud expects one number too many',
  rows_before_cursor: 'the cloud commits rows and cursor in two transactions, and dies between them',
  cursor_before_rows: 'the same, the cursor first',
  epochs_share_a_cursor: 'the cloud keys its cursor by edge and lane, and forgets the epoch',
  overlap_stored_twice: 'the cloud stores all of a batch that begins before its cursor',
  drop_not_trimmed: 'the cloud lists all of a dropped range that begins before its cursor',
  dropped_rows_counted: 'the cloud counts dropped rows into its point',
  set_back_keeps_receipt: 'a cloud that was restored keeps the receipts of what it lost',
  base_not_checked: 'the cloud does not look at what a batch builds upon',
  trouble_not_noted: 'the cloud refuses a copy and tells nobody',
  sums_of_overlap: 'the cloud adds all rows of a trimmed batch to the sums of its ranges',
  sums_outside_transaction: 'the cloud does not take its sums back with a lost transaction',
  courier_skips_intake: 'the cloud stores what a courier file brings without asking whether it continues the lane',
  expected_base_is_proof:
    'the cloud takes what a courier file says of dropped rows for two histories where they had arrived',
  prune_before_receipt: 'the edge prunes what no receipt covers',
  prune_what_was_sent: 'the edge prunes what has left, receipted or not',
  courier_counts_as_receipt: 'the edge prunes what has left in a courier file',
  retry_drops_tail: 'the edge loses the last record of a batch that it sends again',
  sent_before_synced: 'the edge sends rows that are not on its disk yet',
  late_answer_taken: 'the edge takes an answer to an earlier request for one to the last',
  signature_not_checked: 'the edge takes any receipt',
  signature_is_proof: 'the edge takes a receipt of rows that it has no more for proof that they were its own',
  doubt_forgotten: 'the edge does not remember over a restart that it knows of two histories',
  base_left_out: 'the edge takes a cloud that refuses a batch for one that knows no base',
  troubles_not_read: 'the edge does not read what a cursor says of two histories',
  trust_not_taken: 'the edge keeps its list of keys for ever',
  clock_not_learned: 'the edge goes on to sign with its own clock',
  damage_not_noticed: 'the edge sends segments without looking at their checksum',
  wrong_reason: 'the edge tells of any gap as dropped for space',
  epoch_starts_at_one: 'a new epoch does not tell the number that it begins with',
  epoch_skips_a_row: 'a new epoch begins one number too late',
} as const
export type PlantedBug = keyof typeof plantedBugs
export const plantedBugNames = Object.keys(plantedBugs) as readonly PlantedBug[]

export interface WorldOptions {
  readonly bug?: PlantedBug | null
  /** Numbers of disturbances that are left out. */
  readonly without?: ReadonlySet<number>
  /** Given each line of the story. */
  readonly trace?: ((line: string) => void) | null
}
