import { tenancyLimits } from './limits.ts'
import type { Carrying, MoverParts } from './move-parts.ts'
import { asOwnerOf } from './owner-transaction.ts'
import type { Batch } from './transfer.ts'
import { digestOfTables, Verification } from './verification.ts'
import { commonOrder } from './word-order.ts'

const snapshot = 'repeatable read' as const

/** Each batch in a snapshot of its own, with what has changed by then in all that was copied before: rows that others point to are always there. */
export async function copyTables({ move, lease, source, transfer, tables }: Carrying): Promise<void> {
  if (move.step !== 'copying') return
  const { tenant } = move
  const first = Math.max(
    0,
    tables.findIndex(({ name }) => name === move.table_name),
  )
  let after = tables[first]?.name === move.table_name ? move.after_key : null
  let rows = move.rows_copied
  for (const [index, table] of tables.entries()) {
    if (index < first) continue
    for (;;) {
      const batch: Batch | null = await asOwnerOf(source, { tenant, isolation: snapshot }, async (query) => {
        const begun = tables.slice(0, index + 1)
        for (let isMore = true; isMore;) ({ isMore } = await transfer.takeOver(query, begun, null))
        const next = await transfer.next(query, table, after)
        await transfer.takeOver(query, begun, next)
        return next
      })
      await transfer.makeKnown()
      rows += batch?.count ?? 0
      if (batch === null || batch.isEnd) break
      after = batch.last
      await lease.note({ table_name: table.name, after_key: after, rows_copied: rows })
    }
    after = null
    await lease.note({
      table_name: tables[index + 1]?.name ?? table.name,
      after_key: null,
      tables_done: index + 1,
      rows_copied: rows,
    })
  }
  await lease.note({ step: 'following' })
}

/** Until so little is left that it fits into the pause. */
export async function catchUp({ move, lease, source, transfer, tables }: Carrying): Promise<void> {
  for (;;) {
    const { changes } = await asOwnerOf(source, { tenant: move.tenant, isolation: snapshot }, (query) =>
      transfer.takeOver(query, tables, null),
    )
    await transfer.makeKnown()
    await lease.note({})
    if (changes <= tenancyLimits.changesAtSwitchMax) return
  }
}

/**
 * Range by range, each in a snapshot of its own with everything taken over that is in it, while writes go on. What changes behind that in a range that is
 * verified is noted, and read back key by key when it is taken over: so nothing has to stand still, and a verification that was stopped goes on where it was.
 */
export async function verifyTables(
  { move, lease, source, target, transfer, tables }: Carrying,
  { reached }: Pick<MoverParts, 'reached'>,
): Promise<void> {
  const { tenant } = move
  const words = await commonOrder(tenant, source, target)
  const verification = new Verification({ target, tenant, words })
  const verifiedOf = digestOfTables(tables, words)
  const goesOn = move.step === 'following' && move.verified_of === verifiedOf
  let at = goesOn ? move.tables_done : 0
  let after = goesOn ? move.after_key : null
  let rows = goesOn ? (move.rows_verified ?? 0) : 0
  while (at < tables.length) {
    const from = { at, after }
    const verified = await asOwnerOf(source, { tenant, isolation: snapshot }, async (query) => {
      for (let isMore = true; isMore;) ({ isMore } = await transfer.takeOver(query, tables, null))
      return verification.nextOf(query, tables, from)
    })
    await transfer.makeKnown()
    at = verified.at
    after = verified.after
    rows += verified.rows
    await lease.note({
      verified_of: verifiedOf,
      table_name: tables[at]?.name ?? null,
      after_key: after,
      tables_done: at,
      rows_verified: rows,
    })
    await reached?.('range_verified')
  }
}
