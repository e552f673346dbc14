import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cloudPaths, courierPieceBytes, fill } from '@jidoka/contract'
import type { CourierFile } from '@jidoka/contract'
import {
  encodeDropBatch,
  encodeReadingsBatch,
  generateCourierKey,
  generateEdgeKey,
  keyFingerprint,
  laneStart,
  SegmentBuilder,
} from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCourierCommand } from '../../../courier-command.ts'
import { begin, bring, ended, exchangeKeys, putPiece, settled, upFile } from '../../../testing/courier-files.ts'
import type { NewStore } from '../../../testing/stores.ts'
import { judgmentRecord, World } from '../../../testing/world.ts'
import type { TestEdge } from '../../../testing/world.ts'
import { gaugesEveryMs } from '../gauges.ts'
import { courierDeskLimits } from './limits.ts'

// Where there is no line, rows come in files that people carry: late, twice, in the wrong order, in part. The goal is that of the line (I2):
// each row is here once, at its place, or not at all, whatever was imported how often; and a file that is not the edge's own, to the bit,
// changes nothing.

export function courierCases(newStore: NewStore): void {
  describe('courier files (I2)', () => {
    let world: World
    let edge: TestEdge
    let cloudKey: string
    const own = generateCourierKey()
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())
    beforeEach(async () => {
      edge = await world.newEdge()
      cloudKey = await exchangeKeys(edge, own.publicKey)
    })

    const query = async <Row extends object>(text: string, values: unknown[] = []) =>
      (await world.store.backend.pool.query<Row>(text, values)).rows
    const readings = (count: number) =>
      edge.readingsBatch(
        Array.from({ length: count }, (_, index) => ({
          tagNo: 1,
          timeMs: world.clock.nowMs() + index,
          value: index + 0.5,
        })),
      )
    const records = (count: number) =>
      edge.recordsBatch(Array.from({ length: count }, (_, index) => judgmentRecord(world.clock.nowMs() + index)))
    const received = async (lane: 'records' | 'readings') =>
      (
        await query<{ received_seq: number }>(
          'select received_seq from fleet.cursors where edge_id = $1 and lane = $2',
          [edge.id, lane],
        )
      )[0]?.received_seq ?? 0
    const judgments = async () =>
      (
        await query<{ n: number }>('select count(*)::int as n from core.judgment_executions where edge_id = $1', [
          edge.id,
        ])
      )[0]?.n
    const piecesKept = async (fileId: string) =>
      (
        await query<{ n: number }>('select count(*)::int as n from fleet.courier_pieces where file_id = $1', [fileId])
      )[0]?.n
    /** Batches that fill more than one piece; all but the first three bring nothing new. */
    const bulk = (): Uint8Array[] => {
      const text = randomBytes(courierPieceBytes).toString('base64').slice(0, courierPieceBytes)
      const texts = Array.from({ length: 3 }, (_, batch) =>
        edge.readingsBatch(
          Array.from({ length: 500 }, (__, index) => ({
            tagNo: 2,
            timeMs: world.clock.nowMs(),
            value: text.slice((batch * 500 + index) * 1_000, (batch * 500 + index) * 1_000 + 1_000),
          })),
        ),
      )
      return Array.from({ length: 5 }, () => texts).flat()
    }
    const refusalOf = async (file: Uint8Array) => {
      const { status, body } = await begin(world, file)
      expect(status).toBeGreaterThanOrEqual(400)
      return body.detail as string
    }

    it('I2: takes the rows of a file as the line would, and says how many were new', async () => {
      const file = upFile(edge, cloudKey, [records(3), readings(5), readings(4)])
      const done = await bring(world, file)
      expect(done).toMatchObject({
        state: 'done',
        problem: null,
        batches: 3,
        batches_applied: 3,
        rows_new: 12,
        records: { from_seq: 1, to_seq: 3 },
        readings: { from_seq: 1, to_seq: 9 },
        edge_name: 'press shop',
      })
      expect([await received('records'), await received('readings'), await judgments()]).toEqual([3, 9, 3])
      expect(await piecesKept(done.file_id)).toBe(0)
    })

    it('I2: the same file again, and the same rows in another file, change nothing', async () => {
      const batches = [records(2), readings(5)]
      const file = upFile(edge, cloudKey, batches)
      const first = await bring(world, file)
      const again = await begin(world, file)
      expect(again.body.data).toEqual(first)
      const other = await bring(world, upFile(edge, cloudKey, batches))
      expect(other).toMatchObject({ state: 'done', rows_new: 0 })
      expect([await received('readings'), await judgments()]).toEqual([5, 2])
    })

    it('I2: files in the wrong order wait for the one before them, and go on by themselves', async () => {
      const [one, two, three] = [[records(2), readings(5)], [readings(6)], [records(3), readings(7)]].map((batches) =>
        upFile(edge, cloudKey, batches),
      ) as [Buffer, Buffer, Buffer]
      const last = await bring(world, three)
      expect(last).toMatchObject({ state: 'waiting', rows_new: 0 })
      expect(last.problem).toContain('records 1 to 2 and readings 1 to 11: import the file before this one')
      expect(await bring(world, two)).toMatchObject({ state: 'waiting' })
      await bring(world, one)
      expect(await ended(world, last.file_id)).toMatchObject({ state: 'done', rows_new: 10, problem: null })
      expect([await received('records'), await received('readings'), await judgments()]).toEqual([5, 18, 5])
    })

    it('counts for Prometheus the files that are not done, and their bytes, by where they stand', async () => {
      records(2)
      const file = upFile(edge, cloudKey, [records(1)])
      expect(await bring(world, file)).toMatchObject({ state: 'waiting' })
      const staged = await query<{ n: number; bytes: number }>(
        `select count(*)::int as n, sum(bytes)::bigint as bytes from fleet.courier_files where state = 'waiting'`,
      )
      const gauge = async (name: string, state: string) =>
        Number(
          new RegExp(`^${name}{state="${state}"} (.+)$`, 'm').exec((await world.request('GET', '/metrics')).body)?.[1],
        )
      world.clock.advance(gaugesEveryMs)
      while ((await gauge('jidoka_courier_files_staged', 'waiting')) !== staged[0]?.n)
        await new Promise((resolve) => setImmediate(resolve))
      expect(await gauge('jidoka_courier_bytes_staged', 'waiting')).toBe(staged[0]?.bytes)
      expect(staged[0]?.bytes).toBeGreaterThanOrEqual(file.length)
      expect(await gauge('jidoka_courier_files_staged', 'receiving')).toBe(0)
    })

    it('I2: a lane whose rows are there goes on while the other one of the file waits', async () => {
      records(2)
      const waiting = await bring(world, upFile(edge, cloudKey, [records(1), readings(5)]))
      expect(waiting).toMatchObject({ state: 'waiting', rows_new: 5 })
      expect([await received('records'), await received('readings')]).toEqual([0, 5])
    })

    it('I2: what the line has brought meanwhile is passed over, and a file that waits goes on with what it brings', async () => {
      const [first, second, third] = [readings(5), readings(5), readings(5)]
      const file = await bring(world, upFile(edge, cloudKey, [second, third]))
      expect(file.state).toBe('waiting')
      expect(file.problem).toContain('waits for readings 1 to 5:')
      expect((await edge.send(first)).status).toBe(200)
      expect((await edge.send(second)).status).toBe(200)
      world.clock.advance(courierDeskLimits.lookEveryMs)
      expect(await ended(world, file.file_id)).toMatchObject({ state: 'done', rows_new: 5 })
      expect(await received('readings')).toBe(15)
    })

    it('takes dropped ranges, with their reason', async () => {
      const drop = encodeDropBatch(edge.sender, { lane: 'readings', fromSeq: 1, toSeq: 40, reason: 'space' })
      edge.nextSeq.readings = 41
      expect(await bring(world, upFile(edge, cloudKey, [drop, readings(2)]))).toMatchObject({ state: 'done' })
      expect(await query('select from_seq, to_seq, reason from fleet.drops where edge_id = $1', [edge.id])).toEqual([
        { from_seq: 1, to_seq: 40, reason: 'space' },
      ])
    })

    describe('of more than one piece', () => {
      const large = () => upFile(edge, cloudKey, bulk())

      it('takes pieces in any order and twice, and names those that are missing', async () => {
        const file = large()
        const pieces = Math.ceil(file.length / courierPieceBytes)
        expect(pieces).toBeGreaterThan(1)
        const begun = (await begin(world, file)).body.data as CourierFile
        expect(begun).toMatchObject({
          state: 'receiving',
          pieces,
          pieces_missing: Array.from({ length: pieces - 1 }, (_, no) => no + 1),
        })
        const last = pieces - 1
        await putPiece(world, begun.file_id, 0, file)
        expect((await begin(world, file)).body.data.pieces_missing).toEqual(begun.pieces_missing)
        for (let no = last; no > 0; no--) expect((await putPiece(world, begun.file_id, no, file)).status).toBe(200)
        expect(await settled(world, begun.file_id)).toMatchObject({ state: 'done', rows_new: 1_500 })
      })

      it('a file that is torn or changed is refused as a whole, with a sentence, and can be brought again', async () => {
        const file = large()
        const changed = Buffer.from(file)
        changed[changed.length - 2_000] = (changed[changed.length - 2_000] ?? 0) ^ 1
        const refused = await bring(world, changed)
        expect(refused).toMatchObject({ state: 'refused', rows_new: 0 })
        expect(refused.problem).toContain('is not as its sender wrote it')
        expect(await received('readings')).toBe(0)
        const torn = file.subarray(0, file.length - 10)
        expect((await bring(world, torn)).problem).toContain('it was copied in part')
        expect(await received('readings')).toBe(0)
        expect(await bring(world, file)).toMatchObject({ state: 'done', rows_new: 1_500 })
      })

      it('refuses pieces of another length, behind the end, or of a file that is not there', async () => {
        const file = large()
        const { file_id: fileId } = (await begin(world, file)).body.data as CourierFile
        expect((await putPiece(world, fileId, 1, file.subarray(0, file.length - 1))).status).toBe(400)
        expect((await putPiece(world, fileId, 99, file)).status).toBe(400)
        expect((await putPiece(world, randomUUID(), 1, file)).status).toBe(404)
        expect((await begin(world, Buffer.concat([file, Buffer.from('x')]))).status).toBe(409)
        expect((await world.as('DELETE', fill(cloudPaths.courierFile, { file: fileId }))).status).toBe(200)
        expect((await world.as('GET', fill(cloudPaths.courierFile, { file: fileId }))).status).toBe(404)
      })
    })

    it('refuses with the first piece what is not for this cloud, or not from an edge of this tenant', async () => {
      const batch = readings(1)
      expect(await refusalOf(randomBytes(500))).toContain('This is no courier file')
      expect(await refusalOf(upFile(edge, generateCourierKey().publicKey, [batch]))).toContain(
        'encrypted to another key',
      )
      expect(await refusalOf(upFile(edge, cloudKey, [batch], { tenant: 'other' }))).toContain('of another tenant')
      const stranger = generateEdgeKey()
      expect(await refusalOf(upFile(edge, cloudKey, [batch], { signer: stranger.privateKey }))).toContain(
        'not signed by its sender',
      )
      expect(
        await refusalOf(
          upFile(edge, cloudKey, [batch], {
            signer: stranger.privateKey,
            signedBy: keyFingerprint(stranger.publicKey),
          }),
        ),
      ).toContain('not enrolled here with that key')
      expect(
        (await world.request('POST', `${cloudPaths.courierFiles}?bytes=1`, { body: Buffer.from('x') })).status,
      ).toBe(401)
    })

    it('I2: a file under the id of another edge’s, or of another epoch’s, is refused and writes nothing', async () => {
      const first = upFile(edge, cloudKey, [readings(2)])
      const torn = await bring(world, first.subarray(0, first.length - 10))
      expect(torn.state).toBe('refused')
      const { file_id: fileId } = torn
      const thief = await world.newEdge({ name: 'thief' })
      const ofThief = upFile(thief, cloudKey, [edge.readingsBatch([{ tagNo: 1, timeMs: 1, value: 666 }], 1)], {
        fileId,
      })
      const refused = await begin(world, ofThief)
      expect([refused.status, refused.body.kind]).toEqual([409, 'conflict'])
      const { epoch } = edge
      edge.epoch = randomUUID()
      expect((await begin(world, upFile(edge, cloudKey, [readings(1)], { fileId }))).status).toBe(409)
      edge.epoch = epoch
      expect(await received('readings')).toBe(0)
      expect(await bring(world, first)).toMatchObject({ state: 'done', rows_new: 2 })
    })

    it('I2: pieces of another edge than the one that the file was begun for are refused before anything is applied', async () => {
      const thief = await world.newEdge({ name: 'thief' })
      thief.epoch = edge.epoch
      const foreign = edge.readingsBatch([{ tagNo: 1, timeMs: 1, value: 666 }], 1)
      const file = upFile(thief, cloudKey, [foreign, ...bulk()])
      expect(file.length).toBeGreaterThan(courierPieceBytes)
      const begun = (await begin(world, file)).body.data as CourierFile
      await query('update fleet.courier_files set edge_id = $2 where file_id = $1', [begun.file_id, edge.id])
      for (const no of begun.pieces_missing) await putPiece(world, begun.file_id, no, file)
      expect((await settled(world, begun.file_id)).problem).toContain('of another file than the one that was begun')
      expect(await received('readings')).toBe(0)
    })

    it('takes a file of an appliance whose clock is beyond what the database can say', async () => {
      for (const createdAtMs of [9e15, Date.UTC(12_000, 0)]) {
        const { status, body } = await begin(world, upFile(edge, cloudKey, [], { createdAtMs }))
        expect([status, body.data?.created_at]).toEqual([200, '9999-12-31T00:00:00.000Z'])
      }
    })

    it("I6: a file of one tenant's edge is not taken by another tenant, nor seen there", async () => {
      const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      const asOther = (method: string, path: string) => other.as(method, path, undefined, 'admin@other')
      const file = upFile(edge, cloudKey, [readings(1)])
      expect((await begin(other, file, 'admin@other')).body.detail).toContain('of another tenant')
      const pretended = upFile(edge, cloudKey, [readings(1)], { tenant: 'other' })
      expect((await begin(other, pretended, 'admin@other')).body.detail).toContain('not enrolled here')
      const { file_id: fileId } = await bring(world, file)
      expect((await asOther('GET', fill(cloudPaths.courierFile, { file: fileId }))).status).toBe(404)
      expect((await asOther('GET', cloudPaths.courierFiles)).body.data).toEqual([])
      expect((await asOther('GET', fill(cloudPaths.edgeCourier, { id: edge.id }))).status).toBe(404)
      await other.cloud.stop()
    })

    it('takes nothing of an edge that was revoked, before the file came or while it lay here', async () => {
      const waiting = await bring(world, upFile(edge, cloudKey, [(readings(2), readings(3))]))
      const rest = upFile(edge, cloudKey, [readings(1)])
      expect(waiting.state).toBe('waiting')
      await edge.send(
        edge.readingsBatch(
          [
            { tagNo: 1, timeMs: 1, value: 1 },
            { tagNo: 1, timeMs: 2, value: 1 },
          ],
          1,
        ),
      )
      await world.as('DELETE', fill(cloudPaths.edge, { id: edge.id }))
      expect(await refusalOf(rest)).toContain('was revoked')
      world.clock.advance(courierDeskLimits.lookEveryMs)
      expect((await ended(world, waiting.file_id)).problem).toContain('was revoked')
      expect(await received('readings')).toBe(2)
    })

    it('refuses a batch of another edge or epoch inside of a file, and keeps what came before it', async () => {
      const good = readings(2)
      const { epoch } = edge
      edge.epoch = randomUUID()
      const foreign = readings(1)
      edge.epoch = epoch
      const refused = await bring(world, upFile(edge, cloudKey, [good, foreign]))
      expect(refused).toMatchObject({ state: 'refused' })
      expect(refused.problem).toContain('another appliance or epoch')
      const broken = Buffer.from(readings(3))
      broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1
      expect((await bring(world, upFile(edge, cloudKey, [broken]))).problem).toMatch(
        /Batch 1 of the file was refused \(malformed\)/,
      )
      expect(await received('readings')).toBe(2)
    })

    it('I2: a copy of an appliance whose file holds other rows at numbers that are here is refused, and nothing of it is hung behind', async () => {
      await edge.send(readings(5))
      const builder = new SegmentBuilder()
      for (let index = 0; index < 8; index++) builder.push(1, 1_000 + index, -1, 'good')
      const copy = encodeReadingsBatch({ ...edge.sender, base: laneStart }, [builder.encode(1, 1_000)])
      const refused = await bring(world, upFile(edge, cloudKey, [copy]))
      expect(refused).toMatchObject({ state: 'refused', rows_new: 0 })
      expect(refused.problem).toContain('hold different rows')
      expect(await received('readings')).toBe(5)
    })

    it('I2: an epoch that goes on with the numbers of its journal may begin with a file', async () => {
      edge.nextSeq.readings = 801
      const builder = new SegmentBuilder()
      builder.push(1, 1_000, 1, 'good')
      const first = encodeReadingsBatch({ ...edge.sender, start_seq: 801 }, [builder.encode(801, 1_000)])
      expect(await bring(world, upFile(edge, cloudKey, [first]))).toMatchObject({ state: 'done', rows_new: 1 })
      expect(await received('readings')).toBe(801)
    })

    it('refuses a file of an epoch that is over', async () => {
      const old = upFile(edge, cloudKey, [readings(2), readings(2)])
      await edge.send(edge.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }], 1))
      edge.epoch = randomUUID()
      await edge.send(edge.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }], 1))
      expect((await bring(world, old)).problem).toContain('wrong_epoch')
    })

    it('bounds how large a file may be and how many may wait', async () => {
      const first = upFile(edge, cloudKey, [readings(1)])
      const claimed = await world.request('POST', `${cloudPaths.courierFiles}?bytes=${5 * 2 ** 30}`, {
        body: first,
        headers: { authorization: `Bearer ${await world.accessToken()}` },
      })
      expect(claimed.body).toMatchObject({ kind: 'too_large' })
      const tooLong = await world.request('POST', `${cloudPaths.courierFiles}?bytes=${courierPieceBytes + 1}`, {
        body: Buffer.alloc(courierPieceBytes + 1),
        headers: { authorization: `Bearer ${await world.accessToken()}` },
      })
      expect(tooLong.status).toBe(413)
    })

    it('goes on with a file after the program was stopped in the middle', async () => {
      const file = upFile(edge, cloudKey, [readings(2), readings(3)])
      const { file_id: fileId } = await bring(world, file)
      // As a crash leaves it: checked, half of it applied, and whoever worked on it gone.
      await query(
        `update fleet.courier_files set state = 'applying', ended_at = null, leased_until = '2000-01-01' where file_id = $1`,
        [fileId],
      )
      await query(`insert into fleet.courier_pieces (tenant_id, file_id, no, body) values ('demo', $1, 0, $2)`, [
        fileId,
        file,
      ])
      world.clock.advance(courierDeskLimits.lookEveryMs)
      expect(await ended(world, fileId)).toMatchObject({ state: 'done', rows_new: 5 })
      expect(await received('readings')).toBe(5)
    })

    it('on the command line: files in any order, each with what came of it, and one for an edge', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'jidoka-courier-'))
      const files = [upFile(edge, cloudKey, [readings(2)]), upFile(edge, cloudKey, [readings(3)])].map(
        (bytes, index) => {
          const file = join(folder, `${index + 1}.courier`)
          writeFileSync(file, bytes)
          return file
        },
      ) as [string, string]
      const lines: string[] = []
      const run = (...argv: string[]) =>
        runCourierCommand(argv, {
          courier: world.cloud.courier,
          tenant: 'demo',
          print: (line) => void lines.push(line),
        })
      expect(await run('import', files[1])).toBe(false)
      expect(lines.at(-1)).toContain('2.courier: The file waits for readings 1 to 2')
      expect(await run('import', files[1], files[0])).toBe(true)
      expect(lines.slice(-2)).toEqual([
        `${files[1]}: taken, 3 rows of "press shop" were new`,
        `${files[0]}: taken, 2 rows of "press shop" were new`,
      ])
      const down = join(folder, 'down.courier')
      expect(await run('export', '--edge', edge.id, '--to', down)).toBe(true)
      expect(readFileSync(down).subarray(0, 16).toString()).toBe('JIDOKA-COURIER-1')
      await expect(run('export', '--to', down)).rejects.toThrow('needs the id of an edge')
      await expect(run('import', join(folder, 'none'))).rejects.toThrow('cannot be read')
      await expect(run('import', '--what')).rejects.toThrow('courier export --edge ID')
      await expect(run('import', down)).rejects.toThrow('This courier file is for an appliance')
      rmSync(folder, { recursive: true })
    })
  })
}
