import type { outageSchema } from '@jidoka/contract'
import { dropReasons } from '@jidoka/domain'

/** A line of the outage ledger. */
export type Outage = (typeof outageSchema)['_zod']['output']

type DropReason = (typeof dropReasons)[number] | 'other'
const isKnown = (reason: string): reason is (typeof dropReasons)[number] =>
  (dropReasons as readonly string[]).includes(reason)

/** What was dropped, by reasons that this page has words for: an appliance that is newer than the page may know more. */
export function droppedOf({ dropped = {} }: Pick<Outage, 'dropped'>): { reason: DropReason; rows: number }[] {
  const rowsOf = new Map<DropReason, number>()
  for (const [told, rows] of Object.entries(dropped)) {
    const reason = isKnown(told) ? told : 'other'
    if (rows > 0) rowsOf.set(reason, (rowsOf.get(reason) ?? 0) + rows)
  }
  return [...rowsOf].map(([reason, rows]) => ({ reason, rows }))
}
