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

/** The newest first, those taken back among them. */
export async function listCommands(tx: Transaction, edgeId: string): Promise<CommandRow[]> {
  const rows = await tx.query<FlatRow>(
    `${select} where d.edge_id = $1 and d.kind = 'command' order by (d.body->>'issued_at_ms')::bigint desc, d.key limit $2`,
    [edgeId, shownMax],
  )
  return rows.map(commandOf)
}

/** Commands that were issued before a time and are still part of a desired state. */
export async function oldCommands(
  tx: Transaction,
  beforeMs: number,
  max: number,
): Promise<{ edge_id: string; key: string }[]> {
  return tx.query(
    `select edge_id, key from fleet.desired where kind = 'command' and not deleted and (body->>'expires_at_ms')::bigint < $1
     order by edge_id, key limit $2`,
    [beforeMs, max],
  )
}

function commandOf({ key, body, deleted, state, problem, result, reported_at }: FlatRow): CommandRow {
  const reported = state === null || reported_at === null ? null : { state, problem, result, reported_at }
  return { key, body, deleted, reported }
}
