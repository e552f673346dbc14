import { ManualClock } from '@jidoka/base'
import { expect, it } from 'vitest'
import { JobUndoneError } from '../jobs/port.ts'
import type { JobDefinition, JobsPort } from '../jobs/port.ts'
import { registerTenantJobs } from './jobs.ts'
import { tenancyLimits } from './limits.ts'
import type { TenantDesk } from './tenant-desk.ts'

function jobNamed(wanted: string, desk: TenantDesk, clock = new ManualClock()): JobDefinition | undefined {
  const kinds: JobDefinition[] = []
  const jobs = { register: (kind: JobDefinition) => void kinds.push(kind) } as unknown as JobsPort
  registerTenantJobs(jobs, { desk, clock })
  return kinds.find(({ name }) => name === wanted)
}

it('what moved tenants have left is dropped in every database that can be reached, and the job says which could not', async () => {
  const clock = new ManualClock()
  const switched = (tenant: string) => ({
    tenant,
    step: 'switched',
    switched_at: new Date(clock.nowMs() - tenancyLimits.graceMs).toISOString(),
  })
  const dropped: string[] = []
  const mover = {
    moves: () => Promise.resolve([switched('away'), switched('here')]),
    dropOld: (tenant: string, by: string, isEarly = false) => {
      if (tenant === 'away') return Promise.reject(new Error('The database "east" cannot be reached.'))
      dropped.push(isEarly ? `${tenant} by ${by}` : tenant)
      return Promise.resolve()
    },
  }
  const job = jobNamed('tenants.drop_old', { mover } as unknown as TenantDesk, clock)
  const context = { input: {}, signal: new AbortController().signal } as unknown as Parameters<JobDefinition['run']>[0]
  await expect(job?.run(context)).rejects.toThrow(
    'dropped what 1 tenants had left, and not that of 1: The database "east"',
  )
  expect(dropped).toEqual(['here'])
  // One that somebody has asked for, before its time is over.
  const early = { ...context, input: { early: { tenant: 'asked', by: 'kim' } } } as typeof context
  expect(await job?.run(early)).toEqual({ dropped: 1 })
  expect(dropped).toEqual(['here', 'asked by kim'])
})

it('the job of a move that was cancelled ends as cancelled, and is asked to take the move back in place of being stopped', async () => {
  const asked: string[] = []
  const mover = {
    run: (id: string) =>
      Promise.resolve({ step: id === moves[0] ? 'cancelled' : 'switched', rows_copied: 7, pause_ms: 9 }),
    tooLateToCancel: (id: string, by: string) => {
      asked.push(`${id} by ${by}`)
      return Promise.resolve(id === moves[0] ? null : 'It is switched.')
    },
  }
  const moves = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002'] as const
  const job = jobNamed('tenants.move', { mover } as unknown as TenantDesk)
  const context = (move: string) => ({ input: { move } }) as unknown as Parameters<JobDefinition['run']>[0]
  await expect(job?.run(context(moves[0]))).rejects.toThrow(JobUndoneError)
  expect(await job?.run(context(moves[1]))).toEqual({ step: 'switched', rows: 7, pause_ms: 9 })
  expect(await job?.undo?.({ move: moves[0] }, 'kim')).toBeNull()
  expect(await job?.undo?.({ move: moves[1] }, 'kim')).toBe('It is switched.')
  expect(asked).toEqual(moves.map((move) => `${move} by kim`))
  const alone = jobNamed('tenants.move', { mover: null } as unknown as TenantDesk)
  expect(await alone?.undo?.({ move: moves[0] }, 'kim')).toContain('one database')
})
