import { createLog, ManualClock } from '@jidoka/base'
import type { Pool } from 'pg'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AuditKeys } from '../../modules/audit/audit-keys.ts'
import { AuditService } from '../../modules/audit/service.ts'
import { mergeTwoRows, signedBatch } from '../../testing/moving-rows.ts'
import type { TwoPlaces } from '../../testing/places.ts'
import { judgmentRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import { Database } from '../db/database.ts'
import { fillWorld } from '../db/row-security-world.ts'
import { openKeys } from '../keys.ts'
import { keepPartitions } from '../partitions/keep.ts'
import { Partitions } from '../partitions/partitions.ts'
import type { TenantDirectory } from './directory.ts'
import { tenancyLimits } from './limits.ts'
import { MoveMetrics } from './move-metrics.ts'
import { TenantMover } from './mover.ts'
import type { MovePoint } from './move-parts.ts'
import { readTables } from './target-shape.ts'
import { DifferentRowsError } from './transfer.ts'

// A tenant moves between two databases while it is used. What must hold, wherever the mover is killed: every row is in the database that serves the tenant
// once and as it was written, no request fails, nothing is written to the database that it has left, and another tenant beside it loses nothing. The mover,
// the databases and the cloud are the real ones; a kill is an error thrown at each point where a move stands still for a moment, after which a new mover with
// a memory of its own goes on.

const tenant = 'demo'
const roundsEach = 4

class Killed extends Error {}

export function tenantMoveCases(newPlaces: () => Promise<TwoPlaces>): void {
  describe('a tenant that moves to another database', () => {
    let places: TwoPlaces
    let clock: ManualClock
    let world: World
    /** Another process, which nobody tells of anything. */
    let deaf: World
    let edge: TestEdge
    let audit: AuditService
    const log = createLog('test', { level: 'silent' })

    beforeAll(async () => {
      places = await newPlaces()
      clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
      const open = async (options: object) =>
        World.open(places.main, {
          clock,
          directory: await places.newDirectory(clock),
          attemptsMax: 1_000_000,
          ...options,
        })
      world = await open({})
      deaf = await open({ tenant: 'other' })
      // Looks into tables as nobody of the program may.
      const seeing = { ...places.main, backend: { ...places.main.backend, pool: places.eyes.main } }
      ;({ edge } = await fillWorld(new World(world.cloud, clock, seeing)))
      const keys = await openKeys(`${places.main.folder}/keys`)
      const database = new Database(places.main.backend, { clock })
      audit = new AuditService({ database, clock, keys: new AuditKeys(keys.audit) })
    }, 60_000)
    afterAll(async () => {
      await deaf.cloud.stop()
      await world.cloud.stop()
      await places.close()
    })

    const eyesOn = (name: string): Pool => (name === 'main' ? places.eyes.main : places.eyes.second)

    /** Writes go on all the time around the switch, and for a while behind each other point: more of the same would only be more to copy. */
    const gate = { left: 0, open: () => undefined as void }
    const letWrite = (rounds: number) => {
      gate.left = rounds
      gate.open()
    }

    /** A program for moves, killed at a point. */
    async function newMover(
      killedAt: MovePoint | null = null,
      onTheWay: (point: MovePoint) => Promise<void> | void = () => undefined,
    ) {
      const directory: TenantDirectory = await places.newDirectory(clock)
      let isAlive = true
      const mover = new TenantMover({
        directory,
        database: new Database(places.main.backend, { clock, places: directory }),
        audit,
        // What a pause lasts is measured as it is.
        clock: {
          nowMs: () => clock.nowMs(),
          monotonicMs: () => performance.now(),
          after: (ms, run) => clock.after(ms, run),
        },
        log,
        reached: async (point) => {
          if (!isAlive) throw new Killed()
          if (point === 'range_verified' && killedAt !== point) return
          letWrite(point === 'verified' || point === 'target_opened' ? Infinity : roundsEach)
          await onTheWay(point)
          if (point !== killedAt) return
          isAlive = false
          throw new Killed(point)
        },
      })
      return { mover, directory }
    }

    /** Every row of a tenant in a database, table by table. */
    async function rowsOf(eyes: Pool, of = tenant): Promise<Record<string, string[]>> {
      const found: Record<string, string[]> = {}
      for (const { name, tenantColumn } of await readTables(places.main.backend, of)) {
        const { rows } = await eyes.query<{ row: string }>(
          `select t::text as row from ${name} t where ${tenantColumn} = $1 order by 1`,
          [of],
        )
        if (rows.length > 0) found[name] = rows.map(({ row }) => row)
      }
      return found
    }

    /** What a move puts on tables, and what it notes there. */
    async function tracesIn(eyes: Pool): Promise<unknown[]> {
      const { rows } = await eyes.query(
        `select tgname::text as what from pg_trigger where tgname like 'jidoka\\_%' union all select polname from pg_policy where polname = 'mover'
         union all select 'change of ' || table_name from jidoka.tenant_changes`,
      )
      return rows
    }

    async function whereIs(): Promise<string> {
      return (await places.newDirectory(clock)).of(tenant).place.name
    }
    const otherPlace = async () => ((await whereIs()) === 'main' ? 'second' : 'main')

    /** Requests of all kinds, one after the other, until `until` is over; each must be answered well. */
    async function writeUntil(
      until: Promise<unknown>,
    ): Promise<{ readings: number; judgments: number; secrets: number }> {
      const state = { isOver: false }
      const over = () => {
        state.isOver = true
        gate.open()
      }
      letWrite(roundsEach)
      until.then(over, over)
      const written = { readings: 0, judgments: 0, secrets: 0 }
      const refused: unknown[] = []
      for (let n = 0; !state.isOver || n < 3; n++) {
        if (gate.left-- <= 0 && !state.isOver)
          await new Promise<void>((resolve) => {
            gate.open = resolve
          })
        const nowMs = clock.nowMs()
        const here = n % 2 === 0 ? world : deaf
        const readings = Array.from({ length: 20 }, (_, i) => ({ tagNo: 1, timeMs: nowMs + i, value: n }))
        const answers = [
          await here.request('POST', '/sync/v1/batches', signedBatch(edge, edge.readingsBatch(readings))),
          await here.request('POST', '/sync/v1/batches', signedBatch(edge, edge.recordsBatch([judgmentRecord(nowMs)]))),
          await world.as('PUT', `/api/v1/secrets/moving-${n % 7}`, { purpose: 'mes', value: `value ${n}` }),
          await world.as('GET', '/api/v1/judgment/recent'),
          ...(n % 10 === 0 ? [await world.login()] : []),
        ]
        for (const { status, body } of answers) if (status !== 200) refused.push([status, body])
        written.readings += 20
        written.judgments++
        written.secrets++
      }
      expect(refused).toEqual([])
      return written
    }

    async function countsIn(eyes: Pool): Promise<{ readings: number; judgments: number }> {
      const { rows } = await eyes.query<{ readings: number; judgments: number }>(
        `select (select coalesce(sum(count), 0)::int from core.reading_segments where tenant_id = $1) as readings,
           (select count(*)::int from core.judgment_executions where tenant_id = $1) as judgments`,
        [tenant],
      )
      return rows[0] as { readings: number; judgments: number }
    }

    const moveAway = async () => {
      const { mover } = await newMover()
      const move = await mover.begin(tenant, await otherPlace(), 'admin')
      const done = await mover.run(move.id)
      return { mover, done }
    }

    it(
      'has every row of every table there, written while it moved or before, none twice, and no request failed',
      { timeout: 180_000 },
      async () => {
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

    it(
      'goes on where it was when the program that moves it is killed, at one point after the other',
      { timeout: 180_000 },
      async () => {
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
  })
}
