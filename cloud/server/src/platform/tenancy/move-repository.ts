import type { Pool } from 'pg'
import type { AfterKey } from './transfer.ts'

export type MoveStep = 'copying' | 'following' | 'switched' | 'dropped' | 'cancelled'

/** What a mover is at, for people: a step of its own is only what another release must know of. */
export const phaseOf = ({ step, rows_verified: verified }: Pick<MoveRow, 'step' | 'rows_verified'>) =>
  step === 'following' && verified !== null ? 'verifying' : step

export interface MoveRow {
  readonly id: string
  readonly tenant: string
  readonly source: string
  readonly target: string
  readonly version: number
  readonly step: MoveStep
  readonly cancel_asked: boolean
  readonly cancel_asked_by: string | null
  readonly table_name: string | null
  readonly after_key: AfterKey | null
  readonly tables_done: number
  readonly tables_total: number
  readonly rows_copied: number
  /** As the source's catalogue lets expect. */
  readonly rows_expected: number | null
  /** Null before any range was. From then on `table_name`, `after_key` and `tables_done` say how far that is. */
  readonly rows_verified: number | null
  /** Of which tables that is said, see `digestOfTables`. */
  readonly verified_of: string | null
  readonly pause_ms: number | null
  readonly problem: string | null
  readonly begun_at: string
  readonly begun_by: string
  readonly switched_at: string | null
  readonly ended_at: string | null
  readonly leased_by: string | null
  readonly leased_until: string | null
}

/** What a mover writes down as it goes. */
export type MoveChanges = Partial<
  Omit<
    MoveRow,
    'id' | 'tenant' | 'source' | 'target' | 'version' | 'begun_at' | 'begun_by' | 'cancel_asked' | 'cancel_asked_by'
  >
>

const columns = `id, tenant, source, target, version, step, cancel_asked, cancel_asked_by, table_name, after_key, tables_done, tables_total, rows_copied, rows_expected, rows_verified, verified_of, pause_ms,
  problem, begun_at, begun_by, switched_at, ended_at, leased_by, leased_until`

export async function listMoves(main: Pool, limit: number): Promise<MoveRow[]> {
  const { rows } = await main.query<MoveRow>(
    `select ${columns} from jidoka.tenant_moves order by ended_at is not null, begun_at desc, id limit $1`,
    [limit],
  )
  return rows
}

export async function findMove(main: Pool, id: string): Promise<MoveRow | null> {
  const { rows } = await main.query<MoveRow>(`select ${columns} from jidoka.tenant_moves where id = $1`, [id])
  return rows[0] ?? null
}

/** The one of a tenant that is not over, up to the end of what it left behind. */
export async function openMoveOf(main: Pool, tenant: string): Promise<MoveRow | null> {
  const { rows } = await main.query<MoveRow>(
    `select ${columns} from jidoka.tenant_moves where tenant = $1 and ended_at is null`,
    [tenant],
  )
  return rows[0] ?? null
}

export type NewMove = Pick<MoveRow, 'id' | 'tenant' | 'source' | 'target' | 'version' | 'begun_at' | 'begun_by'>

/** @returns false where one of the tenant is not over */
export async function insertMove(main: Pool, move: NewMove): Promise<boolean> {
  const { rowCount } = await main.query(
    `insert into jidoka.tenant_moves (id, tenant, source, target, version, step, begun_at, begun_by)
     values ($1, $2, $3, $4, $5, 'copying', $6, $7) on conflict (tenant) where ended_at is null do nothing`,
    [move.id, move.tenant, move.source, move.target, move.version, move.begun_at, move.begun_by],
  )
  return rowCount === 1
}

/** Of one that was not to begin, and that nobody works on. */
export async function withdrawMove(main: Pool, id: string): Promise<void> {
  await main.query('delete from jidoka.tenant_moves where id = $1 and leased_by is null', [id])
}

/** @returns the move as it stands; null where another program works on it */
export async function leaseMove(
  main: Pool,
  id: string,
  { mover, now, until }: { mover: string; now: string; until: string },
): Promise<MoveRow | null> {
  const { rows } = await main.query<MoveRow>(
    `update jidoka.tenant_moves set leased_by = $2, leased_until = $4
     where id = $1 and (leased_until is null or leased_until <= $3 or leased_by = $2) returning ${columns}`,
    [id, mover, now, until],
  )
  return rows[0] ?? null
}

/** @returns the move as it stands; null where the lease is somebody else's by now */
export async function noteMove(
  main: Pool,
  id: string,
  { mover, until, changes }: { mover: string; until: string | null; changes: MoveChanges },
): Promise<MoveRow | null> {
  const all: Record<string, unknown> = { ...changes, leased_until: until }
  const names = Object.keys(all)
  const values = names.map((name) => (name === 'after_key' ? JSON.stringify(all[name] ?? null) : all[name]))
  const sets = names.map((name, index) => `${name} = $${index + 3}`).join(', ')
  const { rows } = await main.query<MoveRow>(
    `update jidoka.tenant_moves set ${sets} where id = $1 and leased_by = $2 returning ${columns}`,
    [id, mover, ...values],
  )
  return rows[0] ?? null
}

export async function askToCancel(main: Pool, id: string, by: string): Promise<boolean> {
  const { rowCount } = await main.query(
    `update jidoka.tenant_moves set cancel_asked = true, cancel_asked_by = coalesce(cancel_asked_by, $2)
     where id = $1 and step in ('copying', 'following')`,
    [id, by],
  )
  return rowCount === 1
}

/** @returns how many moves that are not over have this database as one of their ends, without this one */
export async function othersAt(main: Pool, id: string, database: string): Promise<number> {
  const { rows } = await main.query<{ n: number }>(
    'select count(*)::int as n from jidoka.tenant_moves where ended_at is null and id <> $1 and $2 in (source, target)',
    [id, database],
  )
  return rows[0]?.n ?? 0
}

/** What all processes hold on to; an older version changes nothing. */
export async function putPlace(
  main: Pool,
  { tenant, database, version, channel }: { tenant: string; database: string; version: number; channel: string },
): Promise<void> {
  await main.query(
    `with put as (
       insert into jidoka.tenant_places (tenant, database, version) values ($1, $2, $3)
       on conflict (tenant) do update set database = excluded.database, version = excluded.version where tenant_places.version < excluded.version)
     select pg_notify($4, $1)`,
    [tenant, database, version, channel],
  )
}
