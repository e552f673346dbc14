import { ManualClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { twoPlaces } from '../../testing/places.ts'
import type { TwoPlaces } from '../../testing/places.ts'
import type { NewStore } from '../../testing/stores.ts'
import { adminPassword, World } from '../../testing/world.ts'
import { tenancyLimits } from './limits.ts'

export function ownDatabaseCases(newStore: NewStore): void {
  describe('a database for one tenant', () => {
    let places: TwoPlaces
    let clock: ManualClock
    let worlds: readonly [World, World]
    beforeAll(async () => {
      places = await twoPlaces(newStore)
      clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
      const open = async () =>
        World.open(places.main, { clock, tenant: 'first', directory: await places.newDirectory(clock, 'own') })
      worlds = [await open(), await open()]
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

    it('is taken by one that is being made there, until that was given up for long', async () => {
      const [world] = worlds
      await make('waits', world, 'main')
      await pool().query(
        `insert into jidoka.tenant_makings (tenant, login, database, made_by, claimed_at) values ('begun', 'admin@begun', 'second', 'kim', $1)`,
        [new Date(clock.nowMs()).toISOString()],
      )
      for (const answer of [await make('late', world), await move('waits', world)])
        expect([answer.status, answer.body.detail]).toEqual([409, expect.stringContaining('"begun" has it')])
      // What was refused has taken no names.
      expect((await make('late', world, 'main')).status).toBe(200)
      clock.jump(tenancyLimits.makingForgottenMs + 1)
      expect((await move('waits', world)).status).toBe(200)
      expect((await make('later', world)).body.detail).toContain('"waits" has it')
      expect((await world.cloud.tenants.mover?.cancel('waits', 'admin'))?.step).toBe('cancelled')
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
