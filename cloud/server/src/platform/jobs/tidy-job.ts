import type { Clock } from '@jidoka/base'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { allTenantsOf } from '../db/tenants.ts'
import { jobLimits } from './limits.ts'
import type { JobDefinition } from './port.ts'
import { deleteEnded } from './repository.ts'

const dayMs = 24 * 3_600_000

/** Forgets jobs that ended long ago. */
export function tidyJob({ database, clock }: { database: Database; clock: Clock }): JobDefinition<object> {
  return {
    name: 'jobs.tidy',
    title: { ko: '작업 기록 정리', en: 'Tidy the history of jobs' },
    about: {
      ko: `끝난 지 ${jobLimits.keptEndedDays}일이 지난 작업과 실패한 지 ${jobLimits.keptDeadDays}일이 지난 작업의 기록을 지웁니다.`,
      en: `Removes what ended ${jobLimits.keptEndedDays} days ago, and what failed for good ${jobLimits.keptDeadDays} days ago.`,
    },
    scope: 'platform',
    input: z.object({}),
    schedule: '40 2 * * *',
    startedBy: 'settings:manage',
    concurrency: 1,
    retries: 3,
    retryDelaySeconds: 60,
    timeoutSeconds: 1_800,
    run: async ({ signal, progress }) => {
      const nowMs = clock.nowMs()
      const before = (days: number) => new Date(nowMs - days * dayMs).toISOString()
      const ages = { endedBefore: before(jobLimits.keptEndedDays), deadBefore: before(jobLimits.keptDeadDays) }
      const tenants = await allTenantsOf(database)
      let removed = 0
      for (const [index, tenantId] of tenants.entries()) {
        for (let isMore = true; isMore;) {
          signal.throwIfAborted()
          const gone = await database.withTenant(tenantId, (tx) => deleteEnded(tx, ages))
          removed += gone
          isMore = gone === jobLimits.tidyRowsMax
        }
        progress(index + 1, tenants.length)
      }
      return { removed }
    },
  }
}
