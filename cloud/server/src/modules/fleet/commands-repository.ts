import type { EdgeCommand } from '@jidoka/contract'
import { commandStateIsFinal, commandStates } from '@jidoka/domain'
import type { ReportedItem } from '@jidoka/domain'
import type { Transaction } from '../../platform/db/database.ts'

export interface CommandRow {
  key: string
  body: unknown
  deleted: boolean
  /** Null of one that the edge has not heard of. */
  reported: {
    state: ReportedItem['state']
    problem: string | null
    result: ReportedItem['result'] | null
    reported_at: string
  } | null
}

/** Shown of one edge; a rehearsal holds a rule of up to a megabyte, and more of them would make the list tens. */
const shownMax = 50

const openCommandStates = commandStates.filter((state) => !commandStateIsFinal[state])

/** Where a command stands, as people see it. */
export type CommandStanding = EdgeCommand['state']
export const shownStates = ['waiting', ...commandStates, 'refused'] as const satisfies readonly CommandStanding[]

/** An edge that cannot read a command, or does not know its kind, refuses it as it does any other item. */
export const stateOfReport = (state: ReportedItem['state'] | 'waiting'): CommandStanding =>
  shownStates.find((shown) => shown === state) ?? 'failed'

export const isOpen = (state: CommandStanding): boolean =>
  state === 'waiting' || (state !== 'refused' && !commandStateIsFinal[state])

interface FlatRow {
  key: string
  body: unknown
  deleted: boolean
  state: ReportedItem['state'] | null
  problem: string | null
  result: ReportedItem['result'] | null
  reported_at: string | null
}

const select = `select d.key, d.body, d.deleted, r.state, r.problem, r.result, r.reported_at
  from fleet.desired d left join fleet.reported r on r.edge_id = d.edge_id and r.kind = d.kind and r.key = d.key`

/** Also one that was taken back. */
export async function findCommand(tx: Transaction, edgeId: string, commandId: string): Promise<CommandRow | null> {
  const [row] = await tx.query<FlatRow>(`${select} where d.edge_id = $1 and d.kind = 'command' and d.key = $2`, [
    edgeId,
    commandId,
  ])
  return row === undefined ? null : commandOf(row)
}

/** Of a row of `select`, where $2 is the time and $3 the states that are not final: the edge has it before it, or may still hear of it. */
const isOpenNow = `coalesce(r.state = any($3::text[]), (d.body->>'expires_at_ms')::bigint >= $2)`

/** The newest first, without those taken back. Where there are too many to show, those that are done are left out before those that are open. */
export async function listCommands(tx: Transaction, edgeId: string, nowMs: number): Promise<CommandRow[]> {
  const rows = await tx.query<FlatRow>(
    `select * from (
       ${select} where d.edge_id = $1 and d.kind = 'command' and not d.deleted
       order by ${isOpenNow} desc, (d.body->>'issued_at_ms')::bigint desc, d.key limit $4
     ) shown order by (body->>'issued_at_ms')::bigint desc, key`,
    [edgeId, nowMs, openCommandStates, shownMax],
  )
  return rows.map(commandOf)
}

/** Commands of an edge that are not done, however many there are. */
export async function countOpenCommands(tx: Transaction, edgeId: string, nowMs: number): Promise<number> {
  const [row] = await tx.query<{ open: number }>(
    `select count(*)::int as open
     from fleet.desired d left join fleet.reported r on r.edge_id = d.edge_id and r.kind = d.kind and r.key = d.key
     where d.edge_id = $1 and d.kind = 'command' and not d.deleted and ${isOpenNow}`,
    [edgeId, nowMs, openCommandStates],
  )
  return row?.open ?? 0
}

export interface CommandCount {
  readonly state: ReportedItem['state'] | 'waiting'
  readonly count: number
  /** When the oldest of them was given. */
  readonly oldest_ms: number
}

/** All that are kept, by where they stand. */
export function countCommands(tx: Transaction, nowMs: number): Promise<CommandCount[]> {
  return tx.query<CommandCount>(
    `select coalesce(r.state, case when (d.body->>'expires_at_ms')::bigint < $1 then 'expired' else 'waiting' end) as state,
       count(*)::int as count, min((d.body->>'issued_at_ms')::bigint) as oldest_ms
     from fleet.desired d left join fleet.reported r on r.edge_id = d.edge_id and r.kind = d.kind and r.key = d.key
     where d.kind = 'command' and not d.deleted group by 1`,
    [nowMs],
  )
}

/** Commands that expired before a time, those taken back among them. */
export async function oldCommands(
  tx: Transaction,
  beforeMs: number,
  max: number,
): Promise<{ edge_id: string; key: string }[]> {
  return tx.query(
    `select edge_id, key from fleet.desired where kind = 'command' and (body->>'expires_at_ms')::bigint < $1
     order by edge_id, key limit $2`,
    [beforeMs, max],
  )
}

/**
 * What edges said of commands that are forgotten: an edge tells of them once more with a new epoch, and nothing would ever take it away.
 */
export async function dropReportsOfForgotten(tx: Transaction): Promise<void> {
  await tx.run(
    `delete from fleet.reported r where r.kind = 'command'
       and not exists (select from fleet.desired d where d.edge_id = r.edge_id and d.kind = r.kind and d.key = r.key)`,
    [],
  )
}

function commandOf({ key, body, deleted, state, problem, result, reported_at }: FlatRow): CommandRow {
  const reported = state === null || reported_at === null ? null : { state, problem, result, reported_at }
  return { key, body, deleted, reported }
}
