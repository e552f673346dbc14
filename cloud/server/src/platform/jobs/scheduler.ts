import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { jobLimits } from './limits.ts'
import type { AnyJob, JobRegistry } from './registry.ts'
import { nextDueMs } from './schedule.ts'
import type { JobsPort } from './port.ts'

/** One of its kind and tenant waits or runs: a schedule that is due again meanwhile is not piled up. */
export const scheduledKey = 'schedule'
export const platformZone = 'UTC'

interface DueRow {
  readonly tenant_id: string
  readonly kind: string
  readonly zone: string
  /** Null: never seen before. */
  readonly rule: string | null
  readonly next_at: string | null
}

export interface SchedulerParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly registry: JobRegistry
  readonly platformTenantId: string
  readonly start: JobsPort['start']
}

/**
 * Starts what is due by the clock, once, whichever process looks first: the row that says when is moved on in the transaction that starts the job. What came
 * due while no process ran is started once, when one runs again.
 */
export class Scheduler {
  readonly #parts: SchedulerParts

  constructor(parts: SchedulerParts) {
    this.#parts = parts
  }

  async look(): Promise<void> {
    const { registry, log } = this.#parts
    const scheduled = registry.all.filter(({ schedule }) => schedule !== undefined)
    if (scheduled.length === 0) return
    for (const row of await this.#due(scheduled)) {
      const job = registry.find(row.kind)
      if (job === undefined) continue
      try {
        await this.#moveOn(row, job)
      } catch (error) {
        // One tenant that cannot be reached keeps nobody else's schedules back; the next look tries again.
        log.error(
          { action: 'jobs.schedule', success: false, tenant: row.tenant_id, kind: row.kind },
          describeError(error),
        )
      }
    }
  }

  /** Of all tenants, what is due, or was never seen, or was seen under another rule. */
  #due(scheduled: readonly AnyJob[]): Promise<DueRow[]> {
    const { database, clock, platformTenantId } = this.#parts
    return database.asDirectory((directory) =>
      directory.query<DueRow>(
        `select t.id as tenant_id, k.kind, case when k.is_platform then $5 else t.time_zone end as zone, s.rule, s.next_at
         from unnest($1::text[], $2::text[], $3::bool[]) k (kind, schedule, is_platform)
         join core.tenants t on not k.is_platform or t.id = $6
         left join core.job_schedules s on s.tenant_id = t.id and s.kind = k.kind
         where s.rule is null or s.next_at <= $4
           or s.rule <> k.schedule || ' ' || case when k.is_platform then $5 else t.time_zone end
         order by s.next_at nulls first limit $7`,
        [
          scheduled.map(({ name }) => name),
          scheduled.map(({ schedule }) => schedule),
          scheduled.map(({ scope }) => scope === 'platform'),
          new Date(clock.nowMs()).toISOString(),
          platformZone,
          platformTenantId,
          jobLimits.schedulesMax,
        ],
      ),
    )
  }

  async #moveOn(row: DueRow, job: AnyJob): Promise<void> {
    const { database, clock, start } = this.#parts
    const { tenant_id: tenantId, kind, zone } = row
    const rule = `${job.schedule} ${zone}`
    const nowMs = clock.nowMs()
    const nextAt = new Date(nextDueMs(job.schedule ?? '', zone, nowMs)).toISOString()
    const isDue = row.rule === rule && row.next_at !== null
    await database.withTenant(tenantId, async (tx) => {
      if (!isDue) {
        // A rule that is new counts from now on: nothing of it was missed.
        await tx.run(
          `insert into core.job_schedules (tenant_id, kind, rule, next_at) values ($1, $2, $3, $4)
           on conflict (tenant_id, kind) do update set rule = excluded.rule, next_at = excluded.next_at
           where core.job_schedules.rule <> excluded.rule`,
          [tenantId, kind, rule, nextAt],
        )
        return
      }
      const isMine = await tx.run(
        `update core.job_schedules set last_at = next_at, next_at = $3 where kind = $1 and next_at = $2 and rule = $4`,
        [kind, row.next_at, nextAt, rule],
      )
      if (isMine === 0) return
      await start(kind, { tenantId, input: {}, by: 'schedule', onceKey: scheduledKey, tx })
    })
  }
}
