import type { CourierFile } from '@jidoka/contract'
import type { MissingRows } from './apply.ts'
import type { CourierFileRow } from './repository.ts'

export function fileView(row: CourierFileRow, piecesMissing: number[]): CourierFile {
  const { records_from, records_to, readings_from, readings_to, ...rest } = row
  return {
    file_id: rest.file_id,
    edge_id: rest.edge_id,
    edge_name: rest.edge_name,
    state: rest.state,
    problem: rest.problem,
    bytes: rest.bytes,
    pieces: rest.pieces,
    pieces_missing: piecesMissing,
    batches_applied: rest.batches_applied,
    batches: rest.batches,
    rows_new: rest.rows_new,
    records: stretch(records_from, records_to),
    readings: stretch(readings_from, readings_to),
    created_at: rest.created_at,
    begun_at: rest.begun_at,
    begun_by: rest.begun_by,
    ended_at: rest.ended_at,
  }
}

const stretch = (from: number | null, to: number | null): CourierFile['records'] =>
  from === null || to === null ? null : { from_seq: from, to_seq: to }

/** What a file waits for, and what to do. */
export function sentenceOfMissing(missing: readonly MissingRows[]): string {
  const stretches = missing.map(({ lane, fromSeq, toSeq }) => `${lane} ${grouped(fromSeq)} to ${grouped(toSeq)}`)
  return `The file waits for ${stretches.join(' and ')}: import the file before this one. It goes on by itself then.`
}

const grouped = (seq: number): string => seq.toLocaleString('en-US')
