import type { CourierFile } from '@jidoka/contract'
import type { Lane } from '@jidoka/sync-protocol'
import type { Transaction } from '../../../platform/db/database.ts'
import { courierDeskLimits } from './limits.ts'
import type { CourierFileRow } from './repository.ts'
import { deletePieces, findFile } from './repository.ts'

// What is written of a file while it is worked on. Each change holds only while the file is in the state that was expected and nobody else has
// taken it: a process that was slow must not undo what another one has done since. Time is the database's, as processes' clocks differ.

/** Whose work a change is part of. */
export interface Holder {
  readonly fileId: string
  readonly owner: string
}

const isFree = '(leased_until is null or leased_until < now())'
const leaseEnd = `now() + interval '${courierDeskLimits.leaseMs} milliseconds'`

/** Files that can go on, the oldest first: of those that wait, the ones whose rows before them have come since. */
export async function listWorkable(tx: Transaction, owner: string): Promise<string[]> {
  const rows = await tx.query<{ file_id: string }>(
    `select f.file_id from fleet.courier_files f where (f.leased_by = $1 or ${isFree}) and (f.state in ('checking', 'applying') or f.state = 'waiting' and exists (
       select from fleet.cursors c where c.edge_id = f.edge_id and c.epoch = f.epoch
         and c.received_seq >= case c.lane when 'records' then f.records_missing_to else f.readings_missing_to end))
     order by f.begun_at, f.file_id`,
    [owner],
  )
  return rows.map(({ file_id }) => file_id)
}

/** Takes a file, and answers how it stands then; null when another process works on it, or nothing is left to do. */
export async function takeFile(tx: Transaction, { fileId, owner }: Holder): Promise<CourierFileRow | null> {
  const taken = await tx.run(
    `update fleet.courier_files set leased_by = $2, leased_until = ${leaseEnd}, problem = null, state = case state when 'waiting' then 'applying' else state end
     where file_id = $1 and state in ('checking', 'applying', 'waiting') and (leased_by = $2 or ${isFree})`,
    [fileId, owner],
  )
  return taken === 1 ? findFile(tx, fileId) : null
}

export async function renewLease(tx: Transaction, { fileId, owner }: Holder): Promise<boolean> {
  return (
    (await tx.run(
      `update fleet.courier_files set leased_until = ${leaseEnd} where file_id = $1 and leased_by = $2 and state in ('checking', 'applying')`,
      [fileId, owner],
    )) === 1
  )
}

export async function letGo(tx: Transaction, { fileId, owner }: Holder): Promise<void> {
  await tx.run(
    'update fleet.courier_files set leased_by = null, leased_until = null where file_id = $1 and leased_by = $2',
    [fileId, owner],
  )
}

/** What the file's end says of it; it is applied from here on. */
export async function describeFile(
  tx: Transaction,
  { fileId, owner }: Holder,
  {
    batches,
    records,
    readings,
  }: { batches: number; records: CourierFile['records']; readings: CourierFile['readings'] },
): Promise<boolean> {
  return (
    (await tx.run(
      `update fleet.courier_files set state = 'applying', batches = $3, records_from = $4, records_to = $5, readings_from = $6, readings_to = $7
       where file_id = $1 and leased_by = $2 and state = 'checking'`,
      [
        fileId,
        owner,
        batches,
        records?.from_seq ?? null,
        records?.to_seq ?? null,
        readings?.from_seq ?? null,
        readings?.to_seq ?? null,
      ],
    )) === 1
  )
}

/** @param progress with the rows that were new since the last time */
export async function noteProgress(
  tx: Transaction,
  { fileId, owner }: Holder,
  progress: { batchesApplied: number; rowsNew: number },
): Promise<boolean> {
  return (
    (await tx.run(
      `update fleet.courier_files set batches_applied = $3, rows_new = rows_new + $4 where file_id = $1 and leased_by = $2 and state = 'applying'`,
      [fileId, owner, progress.batchesApplied, progress.rowsNew],
    )) === 1
  )
}

export async function setWaiting(
  tx: Transaction,
  { fileId, owner }: Holder,
  problem: string,
  missingTo: Readonly<Record<Lane, number | null>>,
): Promise<boolean> {
  return (
    (await tx.run(
      `update fleet.courier_files set state = 'waiting', problem = $3, records_missing_to = $4, readings_missing_to = $5, leased_by = null, leased_until = null
       where file_id = $1 and leased_by = $2 and state = 'applying'`,
      [fileId, owner, problem, missingTo.records, missingTo.readings],
    )) === 1
  )
}

/** Ends a file, and lets go of its bytes. */
export async function endFile(
  tx: Transaction,
  { fileId, owner }: Holder,
  end: { readonly state: 'done' | 'refused'; readonly problem: string | null; readonly at: string },
): Promise<boolean> {
  const isEnded =
    (await tx.run(
      `update fleet.courier_files set state = $3, problem = $4, ended_at = $5, leased_by = null, leased_until = null
       where file_id = $1 and leased_by = $2 and state in ('checking', 'applying') and ($3 = 'refused' or state = 'applying')`,
      [fileId, owner, end.state, end.problem, end.at],
    )) === 1
  if (isEnded) await deletePieces(tx, fileId)
  return isEnded
}
