import { randomBytes, randomUUID } from 'node:crypto'
import { cloudPaths, courierPieceBytes, fill, recognise } from '@jidoka/contract'
import type { CourierFile } from '@jidoka/contract'
import {
  advancePoint,
  decodeBatch,
  encodeDropBatch,
  encodeReadingsBatch,
  generateCourierKey,
  generateEdgeKey,
  keyFingerprint,
  laneStart,
  SegmentBuilder,
} from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { courierDeskOf } from '../../../testing/courier-desk.ts'
import { begin, bring, ended, exchangeKeys, putPiece, settled, upFile } from '../../../testing/courier-files.ts'
import type { NewStore } from '../../../testing/stores.ts'
import { World } from '../../../testing/world.ts'
import type { TestEdge } from '../../../testing/world.ts'
import { courierDeskLimits } from './limits.ts'

// Files that come in pieces, and those that are not taken: not the edge's own to the bit, another tenant's, another epoch's, or too much.

export function courierRefusalCases(newStore: NewStore): void {
  describe('courier files that are not as they should be (I2)', () => {
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
    const { query, readings, received, bulk, refusalOf } = courierDeskOf(() => ({ world, edge }))

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

    it.each([
      { lost: 'all of', arrivedRows: 3, refusedNo: 2 },
      { lost: 'the first of', arrivedRows: 2, refusedNo: 1 },
    ])(
      'I2: a file that lists rows as dropped, $lost which had arrived, is refused, says how to mend it, and is no trouble',
      async ({ arrivedRows, refusedNo }) => {
        const first = readings(2)
        const arrived = readings(arrivedRows)
        for (const batch of [first, arrived]) expect((await edge.send(batch)).status).toBe(200)
        // The second receipt was lost on the way, and then its rows went for space: to the appliance they never came.
        const base = advancePoint(laneStart, decodeBatch(first))
        const drop = encodeDropBatch(
          { ...edge.sender, base },
          { lane: 'readings', fromSeq: 3, toSeq: 5, reason: 'space' },
        )
        const builder = new SegmentBuilder()
        builder.push(1, 1_000, 1, 'good')
        const behind = encodeReadingsBatch({ ...edge.sender, base: { ...base, seq: 5 } }, [builder.encode(6, 1_000)])
        const refused = await bring(world, upFile(edge, cloudKey, [drop, behind]))
        expect(refused).toMatchObject({ state: 'refused', rows_new: 0 })
        const said = recognise(refused.problem ?? '')
        expect(said).toMatchObject({ code: 'courier.batch_refused', values: { kind: 'digest' } })
        expect(said?.values['no']).toBe(refusedNo)
        expect(recognise(String(said?.values['detail']))?.code).toBe('courier.receipts_missing')
        const upTo = 2 + arrivedRows
        expect(await received('readings')).toBe(upTo)
        expect(await query('select kind from fleet.troubles where edge_id = $1', [edge.id])).toEqual([])
        expect(await query('select reason from fleet.drops where edge_id = $1', [edge.id])).toEqual([])
        // The line goes on as if there had been no file.
        expect((await edge.send(edge.readingsBatch([{ tagNo: 1, timeMs: 2, value: 2 }], upTo + 1))).status).toBe(200)
      },
    )

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
  })
}
