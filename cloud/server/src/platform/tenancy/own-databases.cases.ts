import { ManualClock, uuidv7 } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { twoPlaces } from '../../testing/places.ts'
import type { TwoPlaces } from '../../testing/places.ts'
import type { NewStore } from '../../testing/stores.ts'
import { adminPassword, World } from '../../testing/world.ts'
import type { TenantDirectory } from './directory.ts'
import { tenancyLimits } from './limits.ts'
import { insertMove } from './move-repository.ts'

export function ownDatabaseCases(newStore: NewStore): void {
  describe('a database for one tenant', () => {
    let places: TwoPlaces
    let clock: ManualClock
    let worlds: readonly [World, World]
    let directory: TenantDirectory
    beforeAll(async () => {
      places = await twoPlaces(newStore)
      clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
      const open = async (known: TenantDirectory) =>
        World.open(places.main, { clock, tenant: 'first', directory: known })
      directory = await places.newDirectory(clock, 'own')
      worlds = [await open(directory), await open(await places.newDirectory(clock, 'own'))]
    })
    afterAll(async () => {
      for (const { cloud } of worlds) await cloud.stop()
      await places.close()
    })

    const make = (id: string, by: World, database = 'second') =>
      by.as('POST', '/api/v1/tenants', {
        id,
        name: 'A plant',
        admin_login: `admin@${id}`,
        admin_password: adminPassword,
        database,
      })
    const move = (id: string, by: World) => by.as('POST', `/api/v1/tenants/${id}/move`, { to: 'second' })
    const pool = () => places.main.backend.pool
    const makingsOf = async (id: string) =>
      (await pool().query(`select database from jidoka.tenant_makings where tenant = $1`, [id])).rows
    const begin = (id: string) =>
      pool().query(
        `insert into jidoka.tenant_makings (tenant, login, database, made_by, claimed_at) values ($1, 'admin@' || $1, 'second', 'kim', $2)
         on conflict (tenant) do update set claimed_at = excluded.claimed_at`,
        [id, new Date(clock.nowMs()).toISOString()],
      )
    const forget = (id: string) => pool().query('delete from jidoka.tenant_makings where tenant = $1', [id])

    it('is taken by one that is being made there, until that was given up for long', async () => {
      const [world] = worlds
      await make('waits', world, 'main')
      await begin('begun')
      for (const answer of [await make('late', world), await move('waits', world)])
        expect([answer.status, answer.body.detail]).toEqual([409, expect.stringContaining('"begun" has it')])
      // What was refused has taken no names.
      expect((await make('late', world, 'main')).status).toBe(200)
      clock.jump(tenancyLimits.makingForgottenMs + 1)
      expect((await move('waits', world)).status).toBe(200)
      expect((await make('later', world)).body.detail).toContain('"waits" has it')
      expect((await world.cloud.tenants.mover?.cancel('waits', 'admin'))?.step).toBe('cancelled')
    })

    it('is given to nobody while it does not answer, and one that was begun there stays begun', async () => {
      const [world] = worlds
      await begin('begun')
      const second = directory.named('second')
      if (second === null) throw new Error('there is one')
      const { backend } = second
      second.backend = null
      try {
        expect((await make('unseen', world)).status).toBe(503)
        expect(await makingsOf('unseen')).toEqual([])
        // Asked for once more, where another request for it may still be at it.
        const again = await world.as('POST', '/api/v1/tenants', {
          id: 'begun',
          name: 'A plant',
          admin_login: 'admin@begun',
          admin_password: adminPassword,
        })
        expect(again.status).toBe(503)
        expect(await makingsOf('begun')).toEqual([{ database: 'second' }])
      } finally {
        second.backend = backend
        await forget('begun')
      }
    })

    it('is not entered by a move that was noted and not looked at again', async () => {
      const [world] = worlds
      const id = uuidv7(clock.nowMs())
      const at = new Date(clock.nowMs()).toISOString()
      await insertMove(pool(), {
        id,
        tenant: 'waits',
        source: 'main',
        target: 'second',
        version: 0,
        begun_at: at,
        begun_by: 'kim',
      })
      await begin('begun')
      await expect(world.cloud.tenants.mover?.run(id)).rejects.toThrow('"begun" has it')
      expect((await world.cloud.tenants.mover?.cancel('waits', 'kim'))?.step).toBe('cancelled')
      await forget('begun')
    })

    it('is taken by one of those that come at the same moment at most', async () => {
      const [one, other] = worlds
      await make('mover', one, 'main')
      const answers = await Promise.all([make('one', one), make('two', other), move('mover', one)])
      const there = await places.eyes.second.query(`select id from core.tenants`)
      const moves = await pool().query(`select 1 from jidoka.tenant_moves where ended_at is null`)
      const taken = answers.filter(({ status }) => status === 200).length
      expect([taken <= 1, there.rows.length + moves.rows.length <= 1]).toEqual([true, true])
    })
  })
}
