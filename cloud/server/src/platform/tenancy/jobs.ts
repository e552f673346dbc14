import type { Clock } from '@jidoka/base'
import { describeError, OperationalError } from '@jidoka/base'
import { loginSchema, tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'
import { JobUndoneError } from '../jobs/port.ts'
import type { JobsPort } from '../jobs/port.ts'
import { tenancyLimits } from './limits.ts'
import { phaseOf } from './move-repository.ts'
import type { TenantMover } from './mover.ts'
import type { TenantDesk } from './tenant-desk.ts'

const oneDatabase = 'This process has one database. Give it the settings that the others have.'

export const moveJob = 'tenants.move'
export const dropJob = 'tenants.drop_old'

/** A tenant of a terabyte; what is killed by then goes on where it was. */
const moveSeconds = 24 * 3_600

/** Works on moves, and drops what they have left behind when its time is over. */
export function registerTenantJobs(jobs: JobsPort, { desk, clock }: { desk: TenantDesk; clock: Clock }): void {
  jobs.register({
    name: moveJob,
    title: { ko: '테넌트 이동', en: 'Move a tenant' },
    about: {
      ko: '사용 중인 테넌트를 다른 데이터베이스로 옮깁니다. 멈춘 이동은 멈춘 곳부터 이어집니다.',
      en: 'Moves a tenant to another database while it is used; one that was stopped goes on where it was.',
    },
    scope: 'platform',
    input: z.strictObject({ move: z.uuid() }),
    concurrency: 2,
    retries: 5,
    retryDelaySeconds: tenancyLimits.leaseMs / 1_000,
    timeoutSeconds: moveSeconds,
    run: async ({ input, signal, progress }) => {
      const {
        step,
        rows_copied: rows,
        pause_ms: pauseMs,
      } = await moverOf(desk).run(input.move, {
        signal,
        progress: (move) => progress(move.tables_done, move.tables_total, phaseOf(move)),
      })
      if (step === 'cancelled') throw new JobUndoneError('The move was cancelled, and nothing of it is left.')
      return { step, rows, pause_ms: pauseMs }
    },
    undo: async ({ move }, by) => (desk.mover === null ? oneDatabase : desk.mover.tooLateToCancel(move, by)),
  })
  jobs.register({
    name: dropJob,
    title: { ko: '옮겨 간 테넌트의 남은 데이터 삭제', en: 'Drop what moved tenants left behind' },
    about: {
      ko: '테넌트를 옮긴 지 일주일이 지나면 이전 데이터베이스에 남은 행을 지웁니다.',
      en: 'Removes the rows that a moved tenant has left in its former database, a week after the move.',
    },
    scope: 'platform',
    input: z.strictObject({
      /** Of this one alone, whether or not its time is over. */
      early: z.strictObject({ tenant: tenantIdSchema, by: loginSchema }).optional(),
    }),
    schedule: '40 2 * * *',
    concurrency: 1,
    retries: 2,
    retryDelaySeconds: 300,
    timeoutSeconds: moveSeconds,
    run: async ({ input: { early }, signal }) => {
      if (early !== undefined) {
        await moverOf(desk).dropOld(early.tenant, early.by, true)
        return { dropped: 1 }
      }
      let dropped = 0
      const failed: unknown[] = []
      for (const move of (await desk.mover?.moves()) ?? []) {
        if (signal.aborted || move.step !== 'switched' || move.switched_at === null) continue
        if (clock.nowMs() < Date.parse(move.switched_at) + tenancyLimits.graceMs) continue
        try {
          await desk.mover?.dropOld(move.tenant, 'system')
          dropped++
        } catch (error) {
          // A database that is away keeps no other from being cleared.
          failed.push(error)
        }
      }
      if (failed.length > 0)
        throw new AggregateError(
          failed,
          `dropped what ${dropped} tenants had left, and not that of ${failed.length}: ${failed.map(describeError).join('; ')}`,
        )
      return { dropped }
    },
  })
}

function moverOf({ mover }: TenantDesk): TenantMover {
  if (mover === null) throw new OperationalError(oneDatabase)
  return mover
}
