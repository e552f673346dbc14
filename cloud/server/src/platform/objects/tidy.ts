import type { Clock, Log } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { forEachTenant } from '../rounds.ts'
import type { ObjectStore } from './object-store.ts'
import { listLeftovers } from './repository.ts'

/** Nobody writes one object for so long; a process that died is dead. */
const writingMsMax = 24 * 3_600_000
/** Of one look at a tenant. */
const batchRows = 200

export interface TidyParts {
  readonly database: Database
  readonly store: ObjectStore
  readonly clock: Clock
  readonly log: Log
}

/** Erases what has expired, what was replaced or removed, and what was never finished. Killed anywhere, the next run goes on. */
export async function tidyObjects(
  { database, store, clock, log }: TidyParts,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  let erased = 0
  await forEachTenant(
    { database, log, action: 'objects.tidy' },
    async (tenantId) => {
      for (;;) {
        const nowMs = clock.nowMs()
        const at = new Date(nowMs).toISOString()
        const writtenBefore = new Date(nowMs - writingMsMax).toISOString()
        const rows = await database.withTenant(tenantId, async (tx) => {
          const leftovers = await listLeftovers(tx, { at, writtenBefore, limit: batchRows })
          await tx.run(`update core.objects set state = 'removing', state_at = $2 where id = any($1::uuid[])`, [
            leftovers.map(({ id }) => id),
            at,
          ])
          return leftovers
        })
        for (const { id } of rows) {
          if (signal.aborted) return
          await store.erase(tenantId, id)
          erased++
        }
        if (rows.length < batchRows) return
      }
    },
    () => signal.aborted,
  )
  return erased
}
