import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mergeTwoRows } from '../../testing/moving-rows.ts'
import type { TwoPlaces } from '../../testing/places.ts'
import { Database } from '../db/database.ts'
import { keepPartitions } from '../partitions/keep.ts'
import { Partitions } from '../partitions/partitions.ts'
import { tenancyLimits } from './limits.ts'
import { brokenOffMoveCases } from './moves-broken-off.cases.ts'
import { openMovingWorld, tenant } from './moving-world.ts'
import type { MovingWorld } from './moving-world.ts'
import { DifferentRowsError } from './transfer.ts'

// A tenant moves between two databases while it is used. What must hold, wherever the mover is killed: every row is in the database that serves the tenant
// once and as it was written, no request fails, nothing is written to the database that it has left, and another tenant beside it loses nothing. The mover,
// the databases and the cloud are the real ones; a kill is an error thrown at each point where a move stands still for a moment, after which a new mover with
// a memory of its own goes on.

export function tenantMoveCases(newPlaces: () => Promise<TwoPlaces>): void {
  describe('a tenant that moves to another database', () => {
    let current: MovingWorld
    beforeAll(async () => {
      current = await openMovingWorld(await newPlaces())
    }, 60_000)
    afterAll(() => current.close())
    const opened = () => current

    it(
      'has every row of every table there, written while it moved or before, none twice, and no request failed',
      { timeout: 180_000 },
      async () => {
        const { places, clock, world, deaf, newMover, rowsOf, tracesIn, writeUntil, countsIn, moveAway } = opened()
        const before = await countsIn(places.eyes.main)
        const others = await rowsOf(places.eyes.main, 'other')
        const moving = moveAway()
        const written = await writeUntil(moving)
        const { done, mover } = await moving
        expect(done).toMatchObject({ step: 'switched', source: 'main', target: 'second', problem: null })
        expect(done.pause_ms).toBeGreaterThan(0)
        expect(done.pause_ms).toBeLessThan(2_000)
        expect(done.rows_verified).toBeGreaterThan(50)
        expect(await countsIn(places.eyes.second)).toEqual({
          readings: before.readings + written.readings,
          judgments: before.judgments + written.judgments,
        })
        // Signed in by both processes: the login is found where its tenant is.
        expect((await deaf.login()).body.data.tenant_id).toBe(tenant)
        // What was left lies as it was, and nothing more comes to it: the database itself refuses, also a program that knows no directory.
        const left = await rowsOf(places.eyes.main)
        const stale = new Database(places.main.backend, { clock })
        const write = stale.withTenant(tenant, (tx) => tx.run(`update core.tenants set name = 'again'`))
        await expect(write).rejects.toThrow('is served by the database second')
        await writeUntil(Promise.resolve())
        expect(await rowsOf(places.eyes.main)).toEqual(left)
        clock.jump(tenancyLimits.graceMs)
        await mover.dropOld(tenant, 'admin')
        // Who has looked before that, and comes to it now.
        const late = (await newMover()).mover
        late.openMoveOf = () => Promise.resolve(done)
        await expect(late.dropOld(tenant, 'admin')).rejects.toThrow('dropped already')
        expect(Object.keys(await rowsOf(places.eyes.main))).toEqual([])
        expect(await tracesIn(places.eyes.main)).toEqual([])
        expect(await tracesIn(places.eyes.second)).toEqual([])
        for (const table of ['core.tenants', 'core.users'])
          expect((await rowsOf(places.eyes.main, 'other'))[table]).toEqual(others[table])
        // Its log is whole, chain, checkpoints and all (I9).
        expect((await world.cloud.audit.verifier.verify(tenant)).findings).toEqual([])
      },
    )

    it(
      'has rows as they are whose keys were given up and taken by others meanwhile, as merging readings does',
      { timeout: 180_000 },
      async () => {
        const { places, clock, eyesOn, newMover, rowsOf, whereIs, otherPlace, countsIn } = opened()
        const directory = await places.newDirectory(clock)
        const database = new Database(places.main.backend, { clock, places: directory })
        const want = (setBy: string) =>
          database.withTenant(tenant, async (tx) => {
            await tx.run('delete from core.archive_settings')
            await tx.run(
              `insert into core.archive_settings (tenant_id, table_name, since, set_by) values ($1, 'core.readings', now(), $2)`,
              [tenant, setBy],
            )
          })
        await want('before')
        const [from, to] = [await whereIs(), await otherPlace()]
        const before = await countsIn(eyesOn(from))
        await database.withTenant(tenant, (tx) =>
          tx.run(
            `insert into core.users (tenant_id, login, name, role, password_hash) select tenant_id, 'moved', 'moved', 'viewer', password_hash from core.users where login = 'admin'`,
          ),
        )
        const { mover } = await newMover(null, async (point) => {
          if (point !== 'copied') return
          // What he was handed out ends, and that is thrown away in its time: his row, as it is copied, makes no other of it.
          await database.withTenant(tenant, async (tx) => {
            await tx.run(`update core.users set disabled = true where login = 'moved'`)
            await tx.run(`delete from core.ended_access where subject = 'user:moved'`)
          })
          await want('meanwhile')
          await database.withTenant(tenant, mergeTwoRows)
        })
        const { id } = await mover.begin(tenant, to, 'admin')
        expect((await mover.run(id)).step).toBe('switched')
        expect(await countsIn(eyesOn(to))).toEqual(before)
        expect((await rowsOf(eyesOn(to)))['core.archive_settings']).toEqual([expect.stringContaining('meanwhile')])
        await mover.dropOld(tenant, 'admin', true)
      },
    )

    it(
      'waits with its switch for months that are taken out of their table while it moves, and goes on behind them',
      { timeout: 180_000 },
      async () => {
        const { eyesOn, newMover, whereIs, otherPlace, writeUntil } = opened()
        const [from, to] = [await whereIs(), await otherPlace()]
        const { mover } = await newMover(null, async (point) => {
          if (point === 'verified') await eyesOn(from).query('create table jidoka.of_2020 (tenant_id text)')
        })
        const { id } = await mover.begin(tenant, to, 'admin')
        await expect(mover.run(id)).rejects.toThrow('is about to archive and drop of_2020')
        expect(await whereIs()).toBe(from)
        await writeUntil(Promise.resolve())
        await eyesOn(from).query('drop table jidoka.of_2020')
        const after = await newMover()
        expect((await after.mover.run(id)).step).toBe('switched')
        await after.mover.dropOld(tenant, 'admin', true)
      },
    )

    it(
      'keeps months and rows whose time is over until it is moved, and is not switched where a month of it is gone',
      { timeout: 180_000 },
      async () => {
        const { places, clock, log, eyesOn, newMover, whereIs, otherPlace } = opened()
        const [from, to] = [await whereIs(), await otherPlace()]
        const table = 'core.judgment_executions'
        const ownerOn = (name: string) => (name === 'main' ? places.main : places.second).backend.pool
        await ownerOn(from).query(`select jidoka.make_month_partition($1::regclass, '2024-01-01')`, [table])
        // The second is of a month that is gone.
        for (const at of ['2024-01-15Z', '2023-05-05Z'])
          await eyesOn(from).query(
            `insert into ${table} select (jsonb_populate_record(null::${table}, to_jsonb(t) || jsonb_build_object('executed_at', $2::text, 'execution_id', gen_random_uuid()))).*
             from (select * from ${table} where tenant_id = $1 limit 1) t`,
            [tenant, at],
          )
        const oldIn = async (name: string) =>
          (
            await eyesOn(name).query(`select 1 from ${table} where tenant_id = $1 and executed_at < '2024-02-01Z'`, [
              tenant,
            ])
          ).rows.length
        const directory = await places.newDirectory(clock)
        const database = new Database(places.main.backend, { clock, places: directory })
        const keep = () =>
          keepPartitions({
            database,
            clock,
            log,
            partitions: new Partitions(database, clock),
            archivist: { archive: () => Promise.resolve() },
          })
        // Somebody takes a month out by hand: what was verified of it is gone.
        const losing = await newMover(null, async (point) => {
          if (point === 'verified')
            await ownerOn(to).query(
              `alter table ${table} detach partition ${table}_y2024m01; drop table ${table}_y2024m01`,
            )
        })
        const lost = await losing.mover.begin(tenant, to, 'admin')
        await expect(losing.mover.run(lost.id)).rejects.toThrow(`"${to}" has no partition for ${table} 2024m01`)
        await expect((await newMover()).mover.run(lost.id)).rejects.toThrow(DifferentRowsError)
        expect(await whereIs()).toBe(from)
        await losing.mover.cancel(tenant, 'admin')

        const reports: unknown[] = []
        const { mover } = await newMover(null, async (point) => {
          if (point === 'copied' || point === 'verified') reports.push(await keep())
          if (point === 'switched')
            expect(await mover.tooLateToCancel(id, 'kim')).toContain(`has been served by "${to}" since`)
        })
        const { id } = await mover.begin(tenant, to, 'admin')
        expect((await mover.run(id)).step).toBe('switched')
        const nothing = expect.objectContaining({ detached: 0, dropped: 0, late: 0, failed: 0 })
        expect(reports).toEqual([nothing, nothing])
        expect(await oldIn(to)).toBe(2)
        await mover.dropOld(tenant, 'admin', true)
        expect(await keep()).toMatchObject({ detached: 2, dropped: 2, late: 1, failed: 0 })
        expect(await oldIn(to)).toBe(0)
      },
    )

    brokenOffMoveCases(opened)
  })
}
