import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { Database } from '../db/database.ts'
import { tenancyLimits } from './limits.ts'
import { MoveMetrics } from './move-metrics.ts'
import type { MovePoint } from './move-parts.ts'
import { Killed, tenant } from './moving-world.ts'
import type { MovingWorld } from './moving-world.ts'

/** Moves that are killed, cancelled or refused: begun wherever the tenant is, and each leaves nothing of itself. */
export function brokenOffMoveCases(opened: () => MovingWorld): void {
  it(
    'goes on where it was when the program that moves it is killed, at one point after the other',
    { timeout: 180_000 },
    async () => {
      const { places, clock, world, eyesOn, newMover, rowsOf, tracesIn, whereIs, otherPlace, writeUntil, countsIn } =
        opened()
      const points: MovePoint[] = ['prepared', 'copied', 'caught_up', 'range_verified', 'range_verified', 'verified']
      points.push('target_opened', 'switched', 'told')
      const [from, to] = [await whereIs(), await otherPlace()]
      const before = await countsIn(eyesOn(from))
      const { id } = await (await newMover()).mover.begin(tenant, to, 'admin')
      const verified: number[] = []
      const written = await writeUntil(
        (async () => {
          for (const point of points) {
            const { mover } = await newMover(point)
            await expect(mover.run(id)).rejects.toThrow(point)
            if (point === 'range_verified') verified.push((await mover.openMoveOf(tenant))?.rows_verified ?? 0)
            clock.jump(tenancyLimits.leaseMs)
          }
          await (await newMover()).mover.run(id)
        })(),
      )
      // What was verified before is not verified again.
      expect(verified[0]).toBeGreaterThan(0)
      expect(verified[1]).toBeGreaterThan(verified[0] ?? Infinity)
      expect(await whereIs()).toBe(to)
      expect(await countsIn(eyesOn(to))).toEqual({
        readings: before.readings + written.readings,
        judgments: before.judgments + written.judgments,
      })
      const { mover } = await newMover('removing')
      await expect(mover.dropOld(tenant, 'admin', true)).rejects.toThrow('removing')
      clock.jump(tenancyLimits.leaseMs)
      await (await newMover()).mover.dropOld(tenant, 'admin', true)
      expect(Object.keys(await rowsOf(eyesOn(from)))).toEqual([])
      for (const eyes of Object.values(places.eyes)) expect(await tracesIn(eyes)).toEqual([])
      expect((await world.cloud.audit.verifier.verify(tenant)).findings).toEqual([])
    },
  )

  it(
    'stays where it is when it is cancelled, at whichever point before the switch, and nothing of it is left behind',
    { timeout: 180_000 },
    async () => {
      const { places, eyesOn, newMover, rowsOf, tracesIn, whereIs, otherPlace, writeUntil } = opened()
      const points: MovePoint[] = ['prepared', 'verified']
      for (const point of points) {
        const [from, to] = [await whereIs(), await otherPlace()]
        const other = await newMover()
        const { mover } = await newMover(null, async (reached) => {
          if (reached === point) await other.mover.cancel(tenant, 'kim')
        })
        const { id } = await mover.begin(tenant, to, 'admin')
        const moving = mover.run(id)
        await writeUntil(moving)
        expect([point, (await moving).step]).toEqual([point, 'cancelled'])
        expect([point, await whereIs()]).toEqual([point, from])
        // In the name of who has asked, though another program has ended it.
        const { rows } = await eyesOn(from).query(
          `select actor from audit.audit_logs where tenant_id = $1 and action = 'tenant.move_cancel' order by id desc limit 1`,
          [tenant],
        )
        expect(rows).toEqual([{ actor: 'kim' }])
        expect([point, Object.keys(await rowsOf(eyesOn(to)))]).toEqual([point, []])
        for (const eyes of Object.values(places.eyes)) expect([point, await tracesIn(eyes)]).toEqual([point, []])
      }
    },
  )

  it('is cancelled by whoever asks where the program that moved it is dead', { timeout: 180_000 }, async () => {
    const { places, clock, eyesOn, newMover, rowsOf, otherPlace, writeUntil } = opened()
    const { mover } = await newMover('copied')
    const move = await mover.begin(tenant, await otherPlace(), 'admin')
    await expect(mover.run(move.id)).rejects.toThrow(Killed)
    clock.jump(tenancyLimits.leaseMs)
    // Nobody works on it, and what the tenant writes is noted all the same: whoever runs the cloud sees both grow.
    await writeUntil(Promise.resolve())
    const registry = new Registry()
    const directory = await places.newDirectory(clock)
    const database = new Database(places.main.backend, { clock, places: directory })
    clock.jump(3_600_000)
    await new MoveMetrics(registry).measure(mover, database, clock)
    const gauge = async (name: string) =>
      (await registry.getSingleMetric(`jidoka_tenant_moves_${name}`)?.get())?.values[0]?.value
    expect(await gauge('idle')).toBe(1)
    expect(await gauge('idle_seconds_max')).toBeGreaterThanOrEqual(3_600)
    expect(await gauge('changes')).toBeGreaterThan(0)
    expect((await (await newMover()).mover.cancel(tenant, 'admin'))?.step).toBe('cancelled')
    expect(await rowsOf(eyesOn(await otherPlace()))).toEqual({})
  })

  it(
    'moves once at a time, and not where rows of its name are, or to a database that another tenant has for itself',
    { timeout: 180_000 },
    async () => {
      const { eyesOn, newMover, rowsOf, otherPlace } = opened()
      const to = await otherPlace()
      const { mover } = await newMover()
      const move = await mover.begin(tenant, to, 'admin')
      await expect((await newMover()).mover.begin(tenant, to, 'admin')).rejects.toThrow('is being moved')
      await expect(mover.begin('nobody', to, 'admin')).rejects.toThrow('no tenant')
      await eyesOn(to).query(`insert into core.tenants (id, name) values ($1, 'of somebody')`, [tenant])
      await expect(mover.run(move.id)).rejects.toThrow('has rows of the tenant')
      await mover.cancel(tenant, 'admin')
      // Cancelling has not touched what was there before.
      expect(await rowsOf(eyesOn(to))).toEqual({ 'core.tenants': [expect.stringContaining('of somebody')] })
      await eyesOn(to).query('delete from core.tenants where id = $1', [tenant])
    },
  )

  it('says which table the target refuses rows of, and can be cancelled then', { timeout: 180_000 }, async () => {
    const { places, eyesOn, newMover, rowsOf, tracesIn, otherPlace, writeUntil } = opened()
    const to = await otherPlace()
    const target = eyesOn(to)
    await target.query(`alter table core.secrets add constraint full_disk check (name not like 'moving-%') not valid`)
    const { mover } = await newMover()
    const move = await mover.begin(tenant, to, 'admin')
    await expect(mover.run(move.id)).rejects.toThrow('full_disk')
    expect(await mover.openMoveOf(tenant)).toMatchObject({
      step: 'copying',
      problem: expect.stringContaining('full_disk'),
    })
    await writeUntil(Promise.resolve())
    expect((await mover.cancel(tenant, 'admin'))?.step).toBe('cancelled')
    await target.query('alter table core.secrets drop constraint full_disk')
    expect(await rowsOf(eyesOn(to))).toEqual({})
    for (const eyes of Object.values(places.eyes)) expect(await tracesIn(eyes)).toEqual([])
  })
}
