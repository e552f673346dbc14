import type { Transaction } from '../../platform/db/database.ts'
import { storableInstant, storableText } from '../../platform/db/storable.ts'
import type { NumberedRun, RunSource } from './port.ts'

/** Stores runs; those that are there already stay as they are. */
export function insertVerdictRuns(tx: Transaction, source: RunSource, runs: readonly NumberedRun[]): void {
  tx.send(
    {
      name: 'insert-verdict-runs',
      text: `insert into core.verdict_runs (tenant_id, edge_id, epoch, received_at, seq, rule_id, rule_version, rule_hash, subject, line, status,
       first_reading_seq, last_reading_seq, first_at, last_at, count)
     select $1, $2, $3, $4, * from unnest($5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[],
       $12::bigint[], $13::bigint[], $14::timestamptz[], $15::timestamptz[], $16::bigint[])
     on conflict do nothing`,
    },
    [
      tx.tenantId,
      source.edgeId,
      source.epoch,
      source.receivedAt,
      runs.map(({ seq }) => seq),
      runs.map(({ rule_id }) => rule_id),
      runs.map(({ rule_version }) => rule_version),
      runs.map(({ rule_hash }) => rule_hash),
      runs.map(({ subject }) => storableText(subject)),
      runs.map(({ line }) => storableText(line)),
      runs.map(({ status }) => status),
      runs.map(({ first_reading_seq }) => first_reading_seq),
      runs.map(({ last_reading_seq }) => last_reading_seq),
      runs.map(({ first_at_ms }) => storableInstant(first_at_ms)),
      runs.map(({ last_at_ms }) => storableInstant(last_at_ms)),
      runs.map(({ count }) => count),
    ],
  )
}
