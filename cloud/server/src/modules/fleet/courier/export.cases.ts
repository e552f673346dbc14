import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { cloudPaths, fill } from '@jidoka/contract'
import {
  generateCourierKey,
  keyFingerprint,
  parseCourierDown,
  readCourier,
  receiptSchema,
  verifyReceipt,
  verifyTrustList,
} from '@jidoka/sync-protocol'
import type { CourierDown, CourierHeader } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Database } from '../../../platform/db/database.ts'
import { openKeys } from '../../../platform/keys.ts'
import { exchangeKeys } from '../../../testing/courier-files.ts'
import type { NewStore } from '../../../testing/stores.ts'
import type { AuditEvent } from '../../audit/port.ts'
import { World } from '../../../testing/world.ts'
import type { TestEdge } from '../../../testing/world.ts'
import { exportDown } from './export.ts'

// What an edge without a line is to be, carried to it: for its eyes alone, and believed by it however long it was away.

export function courierExportCases(newStore: NewStore): void {
  describe('courier files downwards', () => {
    let world: World
    let edge: TestEdge
    const own = generateCourierKey()
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())
    beforeEach(async () => {
      edge = await world.newEdge()
      await exchangeKeys(edge, own.publicKey)
    })

    const download = async (edgeId = edge.id) => {
      const response = await world.cloud.app.request(fill(cloudPaths.edgeCourier, { id: edgeId }), {
        headers: { authorization: `Bearer ${await world.accessToken()}` },
      })
      return { response, bytes: Buffer.from(await response.arrayBuffer()) }
    }
    const read = async (bytes: Uint8Array) => {
      const parts: CourierDown[] = []
      let header: CourierHeader | null = null
      const chunks = readCourier([bytes], {
        as: 'edge',
        recipientKey: own.privateKey,
        senderKey: ({ signed_by }) => edge.receiptKeys.find(({ key_id }) => key_id === signed_by)?.public_key ?? '',
      })
      for (;;) {
        const { done, value } = await chunks.next()
        if (done === true) {
          header = value.header
          break
        }
        const part = parseCourierDown(value)
        if (part !== null) parts.push(part)
      }
      return { parts, header }
    }

    it('holds what the edge shall be, the newest receipt of each lane, and the keys, signed', async () => {
      const timeMs = world.clock.nowMs()
      await edge.sendReadings([1, 2, 3].map((value) => ({ tagNo: 1, timeMs, value })))
      await world.as('PUT', fill(cloudPaths.desired, { id: edge.id, kind: 'site', key: 'site' }), {
        body: { name: { ko: '울산', en: 'Ulsan' }, time_zone: 'Asia/Seoul' },
      })
      const { response, bytes } = await download()
      expect(response.headers.get('content-disposition')).toMatch(
        /attachment; filename="jidoka-[0-9a-f-]{36}\.courier"/,
      )
      const { parts, header } = await read(bytes)
      expect(header).toMatchObject({ direction: 'down', tenant_id: 'demo', edge_id: edge.id, epoch: edge.epoch })
      expect(verifyTrustList(header?.trust?.[0] as never, edge.receiptKeys)).toBe(true)
      expect(parts.map(({ kind }) => kind)).toEqual(['state', 'desired', 'receipt'])
      expect(parts[0]).toMatchObject({ desired_seq: 1, rows: 1 })
      const receipt = receiptSchema.parse((parts[2] as { receipt: unknown }).receipt)
      expect(verifyReceipt(receipt, edge.receiptKeys)).toEqual({ kind: 'ok' })
      expect(receipt).toMatchObject({ lane: 'readings', up_to_seq: 3 })
      expect(bytes.includes('Ulsan')).toBe(false)
    })

    it('is believed by an edge that was away for two rotations: its one list is signed by the oldest key', async () => {
      const { keyId: enrolledKey } = await openKeys(join(world.store.folder, 'keys')).then(({ receipts }) => receipts)
      const { receipts } = await openKeys(join(world.store.folder, 'keys'), () => world.clock.nowMs())
      for (const _ of [1, 2]) {
        await receipts.rotate(1_000)
        world.clock.advance(2_000)
      }
      await receipts.reload()
      const exported = exportDown(
        {
          database: new Database(world.store.backend, { clock: world.clock }),
          clock: world.clock,
          keys: { receipts },
          audit: { append: () => Promise.resolve(), appendOfEdge: () => Promise.resolve() },
          trust: () => [receipts.trust],
        },
        'demo',
        edge.id,
        'kim',
      )
      const file = Buffer.concat([...(await exported).bytes])
      // The key that signs it is none that the edge has ever heard of.
      expect(edge.receiptKeys.map(({ key_id }) => key_id)).not.toContain(receipts.keyId)
      let { receiptKeys: believed } = edge
      const chunks = readCourier([file], {
        as: 'edge',
        recipientKey: own.privateKey,
        senderKey: ({ trust = [], signed_by }) => {
          expect(trust).toHaveLength(1)
          for (const list of trust) if (verifyTrustList(list, believed)) believed = list.receipt_keys
          return believed.find(({ key_id }) => key_id === signed_by)?.public_key ?? ''
        },
      })
      for (;;) {
        const { done, value } = await chunks.next()
        if (done !== true) continue
        expect(value.header.signed_by).toBe(receipts.keyId)
        break
      }
      expect(edge.receiptKeys.map(({ key_id }) => key_id)).toEqual([enrolledKey])
      expect(believed).toHaveLength(3)
    })

    it('is refused, with what to do, for an edge that has told no key, was revoked, or is not there', async () => {
      const silent = await world.newEdge({ name: 'silent' })
      expect((await world.as('GET', fill(cloudPaths.edgeCourier, { id: silent.id }))).body.detail).toContain(
        'has not told its courier key',
      )
      await world.as('DELETE', fill(cloudPaths.edge, { id: edge.id }))
      expect((await world.as('GET', fill(cloudPaths.edgeCourier, { id: edge.id }))).body.detail).toContain(
        'was revoked',
      )
      expect((await world.as('GET', fill(cloudPaths.edgeCourier, { id: randomUUID() }))).status).toBe(404)
    })

    it('an edge may change its key, with its signature alone; the audit names both keys, and consoles hear of it', async () => {
      const next = generateCourierKey()
      const stream = await world.cloud.app.request(cloudPaths.stream, {
        headers: { authorization: `Bearer ${await world.accessToken()}` },
      })
      const reader = (stream.body as ReadableStream<Uint8Array<ArrayBuffer>>)
        .pipeThrough(new TextDecoderStream())
        .getReader()
      await exchangeKeys(edge, next.publicKey)
      for (let text = ''; !/event: edge\n.*"edge_id":"(.*?)"/.exec(text)?.[1]?.includes(edge.id);)
        text += (await reader.read()).value
      await reader.cancel()
      await exchangeKeys(edge, next.publicKey)
      const { data } = (await world.as('GET', cloudPaths.audit)).body
      const [before, after] = [own, next].map(({ publicKey }) => keyFingerprint(publicKey))
      expect(
        data.filter((entry: AuditEvent) => entry.action === 'edge.courier_key' && entry.subject === edge.id),
      ).toMatchObject([
        { actor: `edge:${edge.id}`, detail: { before, after } },
        { actor: `edge:${edge.id}`, detail: { before: null, after: before } },
      ])
      const { bytes } = await download()
      await expect(read(bytes)).rejects.toThrow('encrypted to another key')
      const thief = await world.newEdge({ name: 'thief' })
      const { id } = thief
      thief.id = edge.id
      await expect(exchangeKeys(thief, own.publicKey)).rejects.toThrow('bad_signature')
      thief.id = id
      expect((await edge.signed('PUT', '/sync/v1/courier-key', Buffer.from('{"courier_key":1}'))).status).toBe(400)
      const newer = Buffer.from(JSON.stringify({ protocol: '2.0', courier_key: own.publicKey, more: 1 }))
      expect((await edge.signed('PUT', '/sync/v1/courier-key', newer)).body.refusal).toEqual({
        kind: 'protocol_version',
        upgrade: 'cloud',
      })
    })
  })
}
