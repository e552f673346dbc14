import { ManualClock } from '@jidoka/base'
import { expect, it } from 'vitest'
import type { JobDefinition, JobsPort } from '../jobs/port.ts'
import { registerTenantJobs } from './jobs.ts'
import { tenancyLimits } from './limits.ts'
import type { TenantDesk } from './tenant-desk.ts'

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
    dropOld: (tenant: string) => {
      if (tenant === 'away') return Promise.reject(new Error('The database "east" cannot be reached.'))
      dropped.push(tenant)
      return Promise.resolve()
    },
  }
  const kinds: JobDefinition[] = []
  const jobs = { register: (kind: JobDefinition) => void kinds.push(kind) } as unknown as JobsPort
  registerTenantJobs(jobs, { desk: { mover } as unknown as TenantDesk, clock })
  const job = kinds.find(({ name }) => name === 'tenants.drop_old')
  const context = { input: {}, signal: new AbortController().signal } as unknown as Parameters<JobDefinition['run']>[0]
  await expect(job?.run(context)).rejects.toThrow(
    'dropped what 1 tenants had left, and not that of 1: The database "east"',
  )
  expect(dropped).toEqual(['here'])
})
