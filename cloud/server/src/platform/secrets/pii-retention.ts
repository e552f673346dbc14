import { z } from 'zod'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Clock } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import type { JobDefinition } from '../jobs/port.ts'
import { deleteOriginalsBefore } from './repository.ts'
import type { SecretMetrics } from './secret-metrics.ts'

/** Rows of one transaction: few enough that whoever reveals or keeps one meanwhile waits for nothing. */
export const forgetBatchRows = 500
const dayMs = 24 * 3_600_000

export interface PiiRetentionParts {
  readonly database: Database
  readonly clock: Clock
  readonly audit: AuditPort
  readonly metrics: SecretMetrics
  /** Originals are kept so long. */
  readonly days: number
}

/** Personal data is kept for a purpose and its time: the originals of masked texts go when it is over; what was made of the masked texts stays. */
export function piiRetention({
  database,
  clock,
  audit,
  metrics,
  days,
}: PiiRetentionParts): JobDefinition<Record<string, never>> {
  return {
    name: 'pii.expire',
    title: { ko: '개인정보 원문 파기', en: 'Forget originals of personal data' },
    about: {
      ko: `${days}일이 지난 마스킹 전 원문을 지웁니다. 보관 기간을 줄인 뒤 바로 지우려면 직접 시작하세요.`,
      en: `Deletes originals of masked texts that are older than ${days} days. Start it by hand after the time was made shorter.`,
    },
    scope: 'tenant',
    input: z.strictObject({}),
    schedule: '40 2 * * *',
    startedBy: 'secret:manage',
    concurrency: 1,
    retries: 3,
    retryDelaySeconds: 60,
    timeoutSeconds: 1_800,
    run: async (context) => {
      const { tenantId, signal } = context
      if (tenantId === null) throw new TypeError('originals belong to a tenant')
      const beforeMs = clock.nowMs() - days * dayMs
      let forgotten = 0
      for (let more = true; more && !signal.aborted;) {
        const gone = await database.withTenant(tenantId, async (tx) => {
          const count = await deleteOriginalsBefore(tx, beforeMs, forgetBatchRows)
          if (count > 0)
            await audit.append(tx, {
              actor: 'system: pii.expire',
              action: 'pii.expire',
              subject: 'core.pii_originals',
              detail: { forgotten: count, kept_before: new Date(beforeMs).toISOString(), days },
            })
          return count
        })
        forgotten += gone
        metrics.forgotten.inc(gone)
        more = gone === forgetBatchRows
        if (more) context.progress(forgotten, forgotten + forgetBatchRows, 'forgetting')
      }
      return { forgotten, days }
    },
  }
}
