import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { forEachTenant } from '../rounds.ts'
import type { ObjectStore } from './object-store.ts'
import { listLeftovers } from './repository.ts'
import { deleteEndedUploads } from './upload-repository.ts'

/** Nobody writes one object for so long; a process that died is dead. */
const writingMsMax = 24 * 3_600_000
/** What was begun by a link before it ended has come or failed by then. */
const linkGraceMs = 3_600_000
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
      const endedBefore = new Date(clock.nowMs() - linkGraceMs).toISOString()
      await database.withTenant(tenantId, (tx) => deleteEndedUploads(tx, endedBefore))
      let failed = 0
      for (;;) {
        const nowMs = clock.nowMs()
        const at = new Date(nowMs).toISOString()
        const writtenBefore = new Date(nowMs - writingMsMax).toISOString()
        const rows = await database.withTenant(tenantId, async (tx) => {
          const leftovers = await listLeftovers(tx, { at, writtenBefore, limit: batchRows })
          // One that was finished since it was looked for is somebody's object.
          return tx.query<{ id: string }>(
            `update core.objects set state = 'removing', state_at = $2
             where id = any($1::uuid[]) and (state <> 'stored' or expires_at <= $2) returning id`,
            [leftovers.map(({ id }) => id), at],
          )
        })
        for (const { id } of rows) {
          if (signal.aborted) return
          try {
            await store.erase(tenantId, id)
            erased++
          } catch (error) {
            failed++
            log.error({ action: 'objects.tidy', success: false, tenant: tenantId, object: id }, describeError(error))
          }
        }
        // Of those that stay the next batch would be made again.
        if (rows.length < batchRows || failed > 0) return
      }
    },
    () => signal.aborted,
  )
  return erased
}
