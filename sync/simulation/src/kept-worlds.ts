import type { PlantedBug } from './options.ts'

/**
 * For each planted bug a world that goes wrong with it and right without, from the last run of `--mutants --seed 1`. Seeds of mistakes that were mended are not
 * kept: once other worlds are drawn a seed says nothing any more, and only a bug that can be put back shows whether it still does.
 */
export const keptWorlds: Readonly<Record<PlantedBug, number>> = {
  receipt_before_commit: 2,
  cursor_off_by_one: 1,
  rows_before_cursor: 30,
  cursor_before_rows: 30,
  epochs_share_a_cursor: 1,
  overlap_stored_twice: 4,
  drop_not_trimmed: 79,
  dropped_rows_counted: 9,
  set_back_keeps_receipt: 9,
  base_not_checked: 16,
  trouble_not_noted: 8,
  sums_of_overlap: 36,
  sums_outside_transaction: 21,
  courier_skips_intake: 122,
  expected_base_is_proof: 89,
  prune_before_receipt: 2,
  prune_what_was_sent: 4,
  courier_counts_as_receipt: 15,
  retry_drops_tail: 6,
  sent_before_synced: 4,
  late_answer_taken: 2,
  signature_not_checked: 49,
  signature_is_proof: 34,
  doubt_forgotten: 288,
  base_left_out: 1092,
  troubles_not_read: 8,
  trust_not_taken: 9,
  clock_not_learned: 5,
  damage_not_noticed: 115,
  wrong_reason: 9,
  epoch_starts_at_one: 4,
  epoch_skips_a_row: 4,
}
