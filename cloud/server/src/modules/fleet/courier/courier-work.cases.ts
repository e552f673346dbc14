import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createLog, ManualClock } from '@jidoka/base'
import { cloudPaths, courierPieceBytes, fill } from '@jidoka/contract'
import type { CourierFile } from '@jidoka/contract'
import {
  advancePoint,
  decodeBatch,
  encodeReadingsBatch,
  generateCourierKey,
  laneStart,
  SegmentBuilder,
} from '@jidoka/sync-protocol'
import type { LanePoint } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Database } from '../../../platform/db/database.ts'
import { RefusalError } from '../../../platform/http/problem.ts'
import { openKeys } from '../../../platform/keys.ts'
import { begin, bring, ended, exchangeKeys, putPiece, settled, upFile } from '../../../testing/courier-files.ts'
import type { NewStore } from '../../../testing/stores.ts'
import { World } from '../../../testing/world.ts'
import type { TestEdge } from '../../../testing/world.ts'
import { courierDeskLimits } from './limits.ts'
import { beginWork } from './repository.ts'
import { CourierWork } from './work.ts'
import type { CourierWorkParts } from './work.ts'

// Several processes on one database, several tenants in one process: a file is worked on by one at a time, and what a slow one does late
// changes nothing any more.

export function courierWorkCases(newStore: NewStore): void {
  describe('work on courier files', () => {
    let world: World
    let edge: TestEdge
    let cloudKey: string
    let keys: CourierWorkParts['keys']
    beforeAll(async () => {
      world = await World.open(await newStore())
      keys = await openKeys(join(world.store.folder, 'keys'))
    })
    afterAll(() => world.close())
    beforeEach(async () => {
      edge = await world.newEdge()
      cloudKey = await exchangeKeys(edge, generateCourierKey().publicKey)
    })

    const query = async <Row extends object>(text: string, values: unknown[] = []) =>
      (await world.store.backend.pool.query<Row>(text, values)).rows
    const fileAt = async (fileId: string): Promise<CourierFile> =>
      (await world.as('GET', fill(cloudPaths.courierFile, { file: fileId }))).body.data
    const readings = (of: TestEdge, count: number) =>
      of.readingsBatch(
        Array.from({ length: count }, (_, index) => ({ tagNo: 1, timeMs: 1_000 + index, value: index + 0.5 })),
      )
    /** Batches of 4.5 MB, random so that they do not get smaller: two pieces. */
    const bulk = (): Uint8Array[] => {
      const text = randomBytes(4_500_000).toString('base64')
      return Array.from({ length: 12 }, (_, batch) =>
        edge.readingsBatch(
          Array.from({ length: 500 }, (__, index) => ({
            tagNo: 2,
            timeMs: index,
            value: text.slice((batch * 500 + index) * 1_000, (batch * 500 + index + 1) * 1_000),
          })),
        ),
      )
    }
    /** A whole file that nobody works on yet, as a process that has died leaves it. */
    const staged = async (of: TestEdge, key: string, batches: readonly Uint8Array[], tenant = 'demo') => {
      const fileId = randomUUID()
      const bytes = upFile(of, key, batches, { fileId, tenant })
      const pieces = Math.ceil(bytes.length / courierPieceBytes)
      await query(
        `insert into fleet.courier_files (tenant_id, file_id, edge_id, epoch, state, bytes, pieces, created_at, begun_at, begun_by, touched_at)
         values ($1, $2, $3, $4, 'checking', $5, $6, now(), now(), 'kim', now())`,
        [tenant, fileId, of.id, of.epoch, bytes.length, pieces],
      )
      for (let no = 0; no < pieces; no++)
        await query('insert into fleet.courier_pieces (tenant_id, file_id, no, body) values ($1, $2, $3, $4)', [
          tenant,
          fileId,
          no,
          bytes.subarray(no * courierPieceBytes, (no + 1) * courierPieceBytes),
        ])
      return fileId
    }
    type Receive = CourierWorkParts['ingestion']['receiveInParts']
    /** Another process on the same database. */
    const process = (
      receive: Receive,
      clock = new ManualClock(),
      database = new Database(world.store.backend, { clock }),
    ) =>
      new CourierWork({
        database,
        clock,
        log: createLog('test', { level: 'silent' }),
        keys,
        ingestion: { receiveInParts: receive },
      })
    /** Takes everything, as if all of it were new. */
    const takeAll: Receive = () => Promise.resolve({ receipt: { up_to_seq: 0 } as never, rowsNew: 1 })

    it('a process whose clock is ahead leaves a file alone that another one works on', async () => {
      const ahead = await World.open(world.store, { clock: new ManualClock(Date.now() + 86_400_000) })
      const held = await staged(edge, cloudKey, [readings(edge, 2)])
      await query(
        `update fleet.courier_files set leased_by = $2, leased_until = now() + interval '1 minute' where file_id = $1`,
        [held, randomUUID()],
      )
      // Behind it in order: once this one has ended, the other was passed over.
      const after = await bring(ahead, upFile(edge, cloudKey, [readings(edge, 1)]))
      expect(after.state).toBe('waiting')
      expect((await fileAt(held)).state).toBe('checking')
      await ahead.cloud.stop()
      await query(`update fleet.courier_files set leased_until = now() - interval '1 second' where file_id = $1`, [
        held,
      ])
      await process(takeAll).workOn('demo')
      expect((await fileAt(held)).state).toBe('done')
    })

    it('a slow process changes nothing of a file that another one has finished since', async () => {
      const fileId = await staged(edge, cloudKey, [readings(edge, 2)])
      const slow = process(async () => {
        await query(
          `update fleet.courier_files set state = 'done', leased_by = null, rows_new = 2, ended_at = now() where file_id = $1`,
          [fileId],
        )
        throw new RefusalError({ kind: 'digest' })
      })
      await slow.workOn('demo')
      expect(await fileAt(fileId)).toMatchObject({ state: 'done', problem: null, rows_new: 2 })
    })

    it('says again that it works on a file for as long as it does', async () => {
      const fileId = await staged(edge, cloudKey, [readings(edge, 2)])
      const clock = new ManualClock()
      const left = async () =>
        (
          await query<{ left: number }>(
            'select extract(epoch from leased_until - now())::float8 as left from fleet.courier_files where file_id = $1',
            [fileId],
          )
        )[0]?.left ?? Number.NaN
      let renewed = Number.NaN
      await process(async (...batch) => {
        await query(`update fleet.courier_files set leased_until = now() + interval '1 second' where file_id = $1`, [
          fileId,
        ])
        clock.advance(courierDeskLimits.leaseMs / 3)
        for (let asked = 0; asked < 1_000 && !(renewed > 30); asked++) renewed = await left()
        return takeAll(...batch)
      }, clock).workOn('demo')
      expect(renewed).toBeGreaterThan(30)
      expect((await fileAt(fileId)).state).toBe('done')
    })

    it('counts as new only the rows that were', async () => {
      const batches = [readings(edge, 3), readings(edge, 4)]
      const fileId = await staged(edge, cloudKey, batches)
      const [first, second] = batches as [Uint8Array, Uint8Array]
      const rowsNew = [0, 4]
      await process(() =>
        Promise.resolve({ receipt: { up_to_seq: 0 } as never, rowsNew: rowsNew.shift() ?? 0 }),
      ).workOn('demo')
      expect(await fileAt(fileId)).toMatchObject({ state: 'done', rows_new: 4 })
      // The same of rows that the line has brought, and of a file that ends in the middle.
      await edge.send(first)
      await edge.send(second)
      const broken = Buffer.from(readings(edge, 5))
      broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1
      const good = edge.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }], 8)
      expect(await bring(world, upFile(edge, cloudKey, [first, good, broken]))).toMatchObject({
        state: 'refused',
        rows_new: 1,
      })
    })

    it('I2: rows that build upon a base which is not here yet wait for those before it, and are not taken for a copy’s', async () => {
      const all = [1, 2, 3, 4, 5, 6].map((value) => ({ tagNo: 1, timeMs: value, value }))
      await edge.send(edge.readingsBatch(all.slice(0, 2)))
      const batchFrom = (fromSeq: number, base: LanePoint) => {
        const builder = new SegmentBuilder()
        for (const { tagNo, timeMs, value } of all.slice(fromSeq - 1)) builder.push(tagNo, timeMs, value, 'good')
        return encodeReadingsBatch({ ...edge.sender, base }, [builder.encode(fromSeq, 1_000)])
      }
      const pointOf = (count: number) =>
        advancePoint(laneStart, decodeBatch(edge.readingsBatch(all.slice(0, count), 1)))
      // Its first segment begins at 3, and it was cut behind 4.
      const waiting = await bring(world, upFile(edge, cloudKey, [batchFrom(3, pointOf(4))]))
      expect([waiting.state, waiting.problem]).toEqual([
        'waiting',
        expect.stringContaining('waits for readings 3 to 4:'),
      ])
      await edge.send(edge.readingsBatch(all.slice(2, 4), 3))
      world.clock.advance(courierDeskLimits.lookEveryMs)
      expect(await ended(world, waiting.file_id)).toMatchObject({ state: 'done', rows_new: 2 })
    })

    it('the last piece, brought several times at once, sets the work going once', async () => {
      const batches = bulk()
      const file = upFile(edge, cloudKey, batches)
      const { file_id: fileId, pieces_missing: missing } = (await begin(world, file)).body.data as CourierFile
      expect(missing).toEqual([1])
      await Promise.all(Array.from({ length: 6 }, () => putPiece(world, fileId, 1, file)))
      expect(await settled(world, fileId)).toMatchObject({ state: 'done', rows_new: 6_000, problem: null })
      expect(await query('select no from fleet.courier_pieces where file_id = $1', [fileId])).toEqual([])
      const database = new Database(world.store.backend, { clock: world.clock })
      expect(await database.withTenant('demo', (tx) => beginWork(tx, fileId))).toBe(false)
      expect((await fileAt(fileId)).state).toBe('done')
    })

    it('ends with the piece in hand when the program stops, and another process goes on at once', async () => {
      const fileId = await staged(edge, cloudKey, bulk())
      const clock = new ManualClock()
      class StopsAtFirstPiece extends Database {
        override async withTenant<Result>(...call: Parameters<Database['withTenant']>): Promise<Result> {
          const result = await super.withTenant(...call)
          if (result instanceof Uint8Array) void stopping.stop()
          return result as Result
        }
      }
      const stopping = process(takeAll, clock, new StopsAtFirstPiece(world.store.backend, { clock }))
      await stopping.workOn('demo')
      await stopping.stop()
      expect(await query('select state, leased_by from fleet.courier_files where file_id = $1', [fileId])).toEqual([
        { state: 'checking', leased_by: null },
      ])
      await process(takeAll).workOn('demo')
      expect((await fileAt(fileId)).state).toBe('done')
    })

    it("takes turns: a tenant with many files does not hold up another one's", async () => {
      const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      const neighbour = await other.newEdge({ login: 'admin@other' })
      for (let file = 0; file < 3; file++) await staged(edge, cloudKey, [readings(edge, 1)])
      await staged(neighbour, cloudKey, [readings(neighbour, 1)], 'other')
      const order: string[] = []
      const work = process((identity, batch) => {
        order.push(identity.tenantId)
        return takeAll(identity, batch, 'receipted')
      })
      await Promise.all([work.workOn('demo'), work.workOn('other')])
      expect(order).toEqual(['demo', 'other', 'demo', 'demo'])
      await other.cloud.stop()
    })

    it('a file that an appliance was not there to send does not make it heard, and a refused copy does', async () => {
      const seenAt = async () =>
        (await query<{ seen_at: string }>('select seen_at from fleet.edges where id = $1', [edge.id]))[0]?.seen_at
      world.clock.advance(120_000)
      const before = await seenAt()
      expect(await bring(world, upFile(edge, cloudKey, [readings(edge, 2)]))).toMatchObject({ state: 'done' })
      expect(await seenAt()).toEqual(before)
      const builder = new SegmentBuilder()
      builder.push(1, 1_000, 1, 'good')
      const base = { seq: 2, count: 2, digest: 'f'.repeat(16) }
      const copy = encodeReadingsBatch({ ...edge.sender, base }, [builder.encode(3, 1_000)])
      expect((await edge.send(copy)).body.refusal).toEqual({ kind: 'digest' })
      const atMs = world.clock.nowMs()
      world.clock.advance(2_000)
      let seen = await seenAt()
      for (let asked = 0; asked < 200 && Date.parse(String(seen)) !== atMs; asked++) seen = await seenAt()
      expect(Date.parse(String(seen))).toBe(atMs)
    })
  })
}
