import { readFileSync } from 'node:fs'
import { cloudPaths, fill } from '@jidoka/contract'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { World } from '../../testing/world.ts'
import type { Loose } from '../../testing/world.ts'
import { carrierSchemaVersion, migrateCarrier, planCarrier } from './carrier-schema.ts'
import { tenantId } from './jobs-world.ts'
import { jobLimits } from './limits.ts'
import type { JobsWorld } from './jobs-world.ts'

/** By the clock, in lists, between tenants, and what is kept of them. Behind the others: it looks at what they have left. */
export function jobsOfPeopleCases(opened: () => JobsWorld): void {
  it('starts what is due by the clock once over all processes, in the zone of the tenant, and once for what was missed', async () => {
    const { world, second, define, own, untilTurned } = opened()
    const started: string[] = []
    const scheduled = define(
      'test.nightly',
      ({ tenantId: of }) => {
        started.push(`${of} ${new Date(world.clock.nowMs()).toISOString().slice(0, 13)}`)
        return Promise.resolve({})
      },
      { schedule: '0 3 * * *', input: z.object({}) as never },
    )
    for (const cloud of [world, second]) cloud.cloud.jobs.register(scheduled)
    const rowOf = async () =>
      (
        await own(
          `select rule, next_at, last_at from core.job_schedules where kind = 'test.nightly' and tenant_id = $1`,
          [tenantId],
        )
      )[0]
    await untilTurned(async () => (await rowOf()) !== undefined)
    expect((await rowOf()).rule).toBe('0 3 * * * Asia/Seoul')
    expect((await world.as('PUT', cloudPaths.timeZone, { time_zone: 'Europe/Berlin' })).status).toBe(200)
    expect((await world.as('PUT', cloudPaths.timeZone, { time_zone: 'Mars/Olympus' })).status).toBe(400)
    await untilTurned(async () => (await rowOf()).rule === '0 3 * * * Europe/Berlin')
    const nextMs = Date.parse((await rowOf()).next_at)
    expect(new Date(nextMs).toISOString().slice(11, 16)).toBe('02:00')
    const kinds = (await world.as('GET', cloudPaths.jobKinds)).body.data
    expect(kinds.find(({ kind }: Loose) => kind === 'test.nightly')).toMatchObject({
      schedule: '0 3 * * *',
      time_zone: 'Europe/Berlin',
      next_at: new Date(nextMs).toISOString(),
      may_start: true,
      by_programs: false,
    })
    expect(started).toEqual([])
    // Three nights later, in one leap of the wall clock: as after a cloud that was off.
    world.clock.jump(nextMs - world.clock.nowMs() + 2 * 24 * 3_600_000 + 60_000)
    await untilTurned(() => Promise.resolve(started.length > 0))
    for (let looks = 0; looks < 3; looks++) world.clock.advance(jobLimits.scheduleMs)
    await untilTurned(
      async () => (await own(`select from core.jobs where kind = 'test.nightly' and state = 'done'`)).length === 1,
    )
    expect(started).toHaveLength(1)
    expect(Date.parse((await rowOf()).next_at)).toBe(nextMs + 3 * 24 * 3_600_000)
  })

  it('pages through the list by its keys, by state and kind', async () => {
    const { world } = opened()
    const seen: string[] = []
    for (let cursor: string | undefined; ;) {
      const { body } = await world.as(
        'GET',
        `${cloudPaths.jobs}?limit=5&kind=test.shared&state=done${cursor === undefined ? '' : `&cursor=${cursor}`}`,
      )
      seen.push(...body.data.map(({ id }: Loose) => id))
      cursor = body.meta.next_cursor
      if (cursor === undefined) break
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBe(12)
    expect((await world.as('GET', `${cloudPaths.jobs}?state=asleep`)).status).toBe(400)
  })

  it('I6: another tenant sees nothing of a job, and can do nothing to it', async () => {
    const { world, start } = opened()
    const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
    await other.cloud.stop()
    const id = await start('test.fails', { n: 1 })
    const as = (method: string, path: string, json?: unknown) => world.as(method, path, json, 'admin@other')
    expect((await as('GET', fill(cloudPaths.job, { id }))).status).toBe(404)
    expect((await as('POST', fill(cloudPaths.jobCancel, { id }))).status).toBe(404)
    expect((await as('POST', fill(cloudPaths.jobRequeue, { id }))).status).toBe(404)
    expect((await as('GET', cloudPaths.jobs)).body.data).toEqual([])
    const kinds = (await as('GET', cloudPaths.jobKinds)).body.data
    // Those of the platform are of its own tenant alone.
    expect(kinds.filter(({ scope }: Loose) => scope === 'platform')).toEqual([])
    expect((await as('POST', cloudPaths.jobs, { kind: 'jobs.tidy', input: {} })).status).toBe(404)
    expect((await as('PUT', cloudPaths.timeZone, { time_zone: 'UTC' })).status).toBe(200)
    expect((await world.as('GET', cloudPaths.timeZone)).body.data.time_zone).toBe('Europe/Berlin')
  })

  it('I6: the carrier holds ids and kinds, and neither role of the program may look into it', async () => {
    const { world, own } = opened()
    const rows = await own(
      `select distinct jsonb_object_keys(data) as key from pgboss.job where data is not null order by 1`,
    )
    expect(rows.map(({ key }) => key)).toEqual(['job', 'kind', 'tenant'])
    for (const role of ['jidoka_app', 'jidoka_directory']) {
      const client = await world.store.backend.pool.connect()
      try {
        await client.query(`begin; set local role ${role}`)
        await expect(client.query('select from pgboss.job')).rejects.toThrow(/permission denied/)
      } finally {
        await client.query('rollback')
        client.release()
      }
    }
  })

  it('makes the tables of pg-boss as its pinned version wants them, once', async () => {
    const { world } = opened()
    const { pool } = world.store.backend
    const { pgboss } = JSON.parse(readFileSync(new URL('../package.json', import.meta.resolve('pg-boss')), 'utf8')) as {
      pgboss: { schema: number }
    }
    expect(carrierSchemaVersion).toBe(pgboss.schema)
    expect(await migrateCarrier(pool)).toBeNull()
    expect(await planCarrier(pool)).toBeNull()
    const { PgBoss } = await import('pg-boss')
    const url = { executeSql: async (statement: string, values?: unknown[]) => pool.query(statement, values) }
    const boss = new PgBoss({ db: url, schema: 'pgboss', migrate: false, supervise: false, schedule: false })
    expect((await boss.detectSchemaDrift()).ok).toBe(true)
  })

  it('forgets what ended long ago, and keeps what is dead for longer', async () => {
    const { world, own, until } = opened()
    const day = 24 * 3_600_000
    const [before] = await own(`select count(*)::int as count from core.jobs where state = 'dead'`)
    world.clock.jump((jobLimits.keptEndedDays + 1) * day)
    const id = await world.cloud.jobs.start('jobs.tidy', { tenantId: null, input: {}, by: 'test' })
    await until(id, 'done')
    expect(await own(`select from core.jobs where state in ('done', 'cancelled') and id <> $1`, [id])).toEqual([])
    const [after] = await own(`select count(*)::int as count from core.jobs where state = 'dead'`)
    expect(after.count).toBe(before.count)
    expect(after.count).toBeGreaterThan(0)
  })
}
