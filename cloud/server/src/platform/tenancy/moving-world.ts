import { createLog, ManualClock } from '@jidoka/base'
import type { Pool } from 'pg'
import { expect } from 'vitest'
import { AuditKeys } from '../../modules/audit/audit-keys.ts'
import { AuditService } from '../../modules/audit/service.ts'
import { signedBatch } from '../../testing/moving-rows.ts'
import type { TwoPlaces } from '../../testing/places.ts'
import { judgmentRecord, World } from '../../testing/world.ts'
import { Database } from '../db/database.ts'
import { fillWorld } from '../db/row-security-world.ts'
import { openKeys } from '../keys.ts'
import type { TenantDirectory } from './directory.ts'
import { TenantMover } from './mover.ts'
import type { MovePoint } from './move-parts.ts'
import { readTables } from './target-shape.ts'

export const tenant = 'demo'
const roundsEach = 4

export class Killed extends Error {}

export type MovingWorld = Awaited<ReturnType<typeof openMovingWorld>>

/** Two databases, a tenant in the first of them with rows in every table, and two processes that take its requests. */
export async function openMovingWorld(places: TwoPlaces) {
  const log = createLog('test', { level: 'silent' })
  const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
  const open = async (options: object) =>
    World.open(places.main, {
      clock,
      directory: await places.newDirectory(clock),
      attemptsMax: 1_000_000,
      ...options,
    })
  const world = await open({})
  /** Another process, which nobody tells of anything. */
  const deaf = await open({ tenant: 'other' })
  // Looks into tables as nobody of the program may.
  const seeing = { ...places.main, backend: { ...places.main.backend, pool: places.eyes.main } }
  const { edge } = await fillWorld(new World(world.cloud, clock, seeing))
  const keys = await openKeys(`${places.main.folder}/keys`)
  const audit = new AuditService({
    database: new Database(places.main.backend, { clock }),
    clock,
    keys: new AuditKeys(keys.audit),
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

  return {
    places,
    clock,
    log,
    world,
    deaf,
    eyesOn,
    newMover,
    rowsOf,
    tracesIn,
    whereIs,
    otherPlace,
    writeUntil,
    countsIn,
    moveAway,
    async close() {
      await deaf.cloud.stop()
      await world.cloud.stop()
      await places.close()
    },
  }
}
