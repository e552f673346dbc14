import type { Database } from '../db/database.ts'

/** Which ends of moves of tenants a database has that are not switched yet. What a move has read or written is not taken away under it. */
export interface OpenMoves {
  readonly isSource: boolean
  readonly isTarget: boolean
}

/** @param main has the directory of all databases */
export async function openMovesAt(main: Database, database: Database): Promise<OpenMoves> {
  const [here] = await database.asOwner<{ name: string }>('select name from jidoka.this_database')
  const [moves] = await main.asOwner<OpenMoves>(
    `select coalesce(bool_or(source = $1), false) as "isSource", coalesce(bool_or(target = $1), false) as "isTarget"
     from jidoka.tenant_moves where ended_at is null and step in ('copying', 'following')`,
    [here?.name ?? null],
  )
  return moves ?? { isSource: false, isTarget: false }
}
