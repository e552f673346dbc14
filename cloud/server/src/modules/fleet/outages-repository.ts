import type { EdgeOutage } from '@jidoka/contract'
import type { Transaction } from '../../platform/db/database.ts'
import type { PageKey } from '../../platform/paging.ts'

interface OutageRow {
  from_at: string
  to_at: string | null
  cause: string
  rows_waiting: number
  drained_at: string | null
  dropped: EdgeOutage['dropped']
  receipted: EdgeOutage['receipted']
}

/**
 * Outages of an edge, the latest first. An edge tells each up to three times (it began, it ended, everything that waited has arrived), with one
 * beginning: the last word is shown.
 * @returns one more than `limit` when there are more
 */
export async function listOutages(
  tx: Transaction,
  edgeId: string,
  page: { readonly after: PageKey | null; readonly limit: number },
): Promise<EdgeOutage[]> {
  const rows = await tx.query<OutageRow>(
    `select distinct on (from_at) from_at, to_at, cause, rows_waiting, drained_at, dropped, receipted
     from fleet.outages where edge_id = $1 and ($2::timestamptz is null or from_at < $2::timestamptz)
     order by from_at desc, seq desc limit $3`,
    [edgeId, page.after?.at ?? null, page.limit + 1],
  )
  return rows.map(({ from_at: from, to_at: to, ...rest }) => ({ from, to, ...rest }))
}
