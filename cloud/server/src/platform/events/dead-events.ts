import type { Clock } from '@jidoka/base'
import type { DeadEvent as Shown } from '@jidoka/contract'
import type { JSONValue } from 'hono/utils/types'
import type { Database } from '../db/database.ts'
import { ProblemError } from '../http/problem.ts'
import type { PageKey } from '../paging.ts'
import { pageOf } from '../paging.ts'

/** As the contract shows it; a payload comes from a column that holds JSON and nothing else. */
export type DeadEvent = Omit<Shown, 'payload'> & { payload: Record<string, JSONValue> }

/** Events that a consumer could not take, for people. */
export class DeadEvents {
  readonly #parts: { database: Database; clock: Clock; wake: (tenantId: string) => void }

  constructor(parts: { database: Database; clock: Clock; wake: (tenantId: string) => void }) {
    this.#parts = parts
  }

  /** The one that was given up last first. */
  list(
    tenantId: string,
    { after, limit }: { after: PageKey | null; limit: number },
  ): Promise<{ rows: DeadEvent[]; next: string | null }> {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const rows = await tx.query<DeadEvent>(
        `select event_id as id, consumer, channel, subject, payload, created_at, attempts, error, died_at from core.dead_events
         where $1::timestamptz is null or (died_at, event_id) < ($1, $2::uuid)
         order by died_at desc, event_id desc limit $3`,
        [after?.at ?? null, after?.id ?? null, limit + 1],
      )
      return pageOf(rows, limit, (row) => ({ at: row.died_at, id: row.id }))
    })
  }

  /**
   * Hands an event on once more. Consumers that have taken it know it by its id and do nothing.
   * @throws ProblemError `not_found`
   */
  retry(tenantId: string, eventId: string): Promise<void> {
    const { database, clock, wake } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      const nowAt = new Date(clock.nowMs()).toISOString()
      const moved = await tx.run(
        `with dead as (delete from core.dead_events where event_id = $1 returning *)
         insert into core.outbox (tenant_id, id, channel, subject, payload, trace, created_at, due_at)
         select distinct on (event_id) tenant_id, event_id, channel, subject, payload, trace, created_at, $2::timestamptz from dead
         on conflict (tenant_id, id) do update set sent_at = null, attempts = 0, due_at = excluded.due_at`,
        [eventId, nowAt],
      )
      if (moved === 0)
        throw new ProblemError('not_found', 'There is no such event; somebody may have sent it again. Reload the list.')
      tx.afterCommit(() => wake(tenantId))
    })
  }
}
