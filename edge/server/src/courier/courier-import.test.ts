import { randomUUID } from 'node:crypto'
import type { DesiredItem } from '@jidoka/domain'
import { generateCourierKey, generateEdgeKey, signReceipt, signTrustList } from '@jidoka/sync-protocol'
import type { LanePoint } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EdgeIdentity } from '../uplink/identity.ts'
import { CourierHarness, cloudCourier, edgeId, history, keyOf, receiptKey, site } from './testing/courier-harness.ts'

let at: CourierHarness
beforeEach(async () => {
  at = await CourierHarness.open()
})
afterEach(() => at.close())

const nextReceiptKey = generateEdgeKey()

describe('courier files of the cloud', () => {
  test('what the cloud wants is in force, once, and survives a restart; the same file again changes nothing', async () => {
    const file = at.downFile({ seq: 4 })
    expect(await at.desk.import([file], 'kim')).toMatchObject({ desired: 'applied', items: 1, problems: [] })
    expect(at.siteName()).toBe('Ulsan')
    expect(at.reader.desiredPosition()).toEqual({ handle: history, offset: '4_0' })
    expect(await at.newDesk().import([file], 'kim')).toMatchObject({ desired: 'current' })
  })

  test('a file takes back what it does not name, and never undoes what came later', async () => {
    const user: DesiredItem = {
      kind: 'user',
      key: 'lee',
      version: 1,
      body: { name: 'Lee', role: 'viewer', locale: 'ko', password_hash: 'x' },
    }
    const older = at.downFile({ seq: 2, items: [site('Ulsan', 1), user] })
    await at.desk.import([older], 'kim')
    await at.desk.import([at.downFile({ seq: 3, items: [site('Ulsan East', 2)] })], 'kim')
    expect(at.reader.desired().map(({ kind }) => kind)).toEqual(['site'])
    expect(await at.faultOf(older)).toBe('older')
    expect(at.siteName()).toBe('Ulsan East')
    // Nothing in it has an older version: it only does not name what came since.
    await at.desk.import([at.downFile({ seq: 4, items: [site('Ulsan East', 2), user] })], 'kim')
    expect(await at.faultOf(at.downFile({ seq: 3, items: [site('Ulsan East', 2)] }))).toBe('older')
    expect(at.reader.desired()).toHaveLength(2)
  })

  test('what the line has brought since is not undone, whether the line counts the same way or another', async () => {
    const line = (offset: string, handle: string, version: number) =>
      at.pipeline.applyDesired({
        upserts: [site('by line', version)],
        removals: [],
        replaceAll: false,
        position: { handle, offset },
      })
    await line('7_0', history, 5)
    expect(await at.faultOf(at.downFile({ seq: 6 }))).toBe('older')
    expect(await at.desk.import([at.downFile({ seq: 7 })], 'kim')).toMatchObject({ desired: 'current' })
    await line('26800584_4', 'of the service', 6)
    expect(await at.faultOf(at.downFile({ seq: 9, items: [site('old', 5)] }))).toBe('older')
    expect(await at.desk.import([at.downFile({ seq: 9, items: [site('new', 7)] })], 'kim')).toMatchObject({
      desired: 'applied',
    })
    expect(at.siteName()).toBe('new')
  })

  test('a row that this program cannot read is told, and what stands under its name stays', async () => {
    await at.desk.import([at.downFile({ seq: 1 })], 'kim')
    const unreadable = {
      id: randomUUID(),
      edge_id: edgeId,
      kind: 'site',
      key: 'site',
      version: '2',
      body: { shape: 'of a later version' },
    }
    const imported = await at.desk.import([at.downFile({ seq: 2, rows: [unreadable] })], 'kim')
    expect(imported.problems).toEqual([expect.stringContaining('perhaps this edge is too old for it')])
    expect(at.siteName()).toBe('Ulsan')
    // The cloud is told by the records, which a courier carries up; what stood is not reported as if it were the new version.
    expect(await at.reportedOf('site')).toMatchObject({ state: 'refused', version: 2, problem: imported.problems[0] })
    const nameless = await at.desk.import([at.downFile({ seq: 3, rows: [{ what: 'is this' }] })], 'kim')
    expect(nameless.problems.join()).toContain('not readable')
    expect(at.siteName()).toBe('Ulsan')
    expect(at.reader.desiredPosition()).toEqual({ handle: history, offset: '3_0', isPartial: true })
  })

  test('a file of which not all could be read is taken again, as a newer program reads more of it', async () => {
    const row = { id: randomUUID(), edge_id: edgeId, kind: 'site', key: 'site', version: '2' }
    await at.desk.import([at.downFile({ seq: 2, rows: [{ ...row, body: { shape: 'of a later version' } }] })], 'kim')
    expect(at.reader.desired()).toEqual([])
    // To this program the newer one's reading of the same file.
    const upgraded = at.downFile({ seq: 2, rows: [{ ...row, body: site('Ulsan', 2).body }] })
    expect(await at.desk.import([upgraded], 'kim')).toMatchObject({ desired: 'applied', problems: [] })
    expect(at.siteName()).toBe('Ulsan')
    expect(await at.reportedOf('site')).toMatchObject({ state: 'applied', version: 2 })
    expect(await at.desk.import([upgraded], 'kim')).toMatchObject({ desired: 'current' })
  })

  test('a file for another appliance, tenant or key, of another cloud, torn or changed, changes nothing', async () => {
    const stranger = generateEdgeKey()
    expect(await at.faultOf(at.downFile({ edge: randomUUID() }))).toBe('recipient')
    expect(await at.faultOf(at.downFile({ tenant: 'other' }))).toBe('recipient')
    expect(await at.faultOf(at.downFile({ to: generateCourierKey().publicKey }))).toBe('recipient')
    expect(await at.faultOf(at.downFile({ signer: { keyId: 'k9', key: stranger } }))).toBe('sender')
    expect(await at.faultOf(at.downFile({ signer: { keyId: 'k1', key: stranger } }))).toBe('tampered')
    const file = at.downFile()
    expect(await at.faultOf(file.subarray(0, file.length - 1))).toBe('torn')
    const changed = Buffer.from(file)
    changed[file.length - 700] = (changed[file.length - 700] ?? 0) ^ 1
    expect(await at.faultOf(changed)).toBe('tampered')
    expect(await at.faultOf(Buffer.alloc(65 * 1024 * 1024))).toBe('too_large')
    expect([at.reader.desired(), at.reader.receipted(), at.line.brought]).toEqual([
      [],
      { readings: null, records: null },
      [],
    ])
  })

  test('a receipt for other rows, of another epoch, or from a stranger is told and not kept', async () => {
    await at.store(50)
    const { batches } = await at.opened(await at.exported())
    const good = at.receiptFor(batches, 'readings')
    const sign = (fields: Partial<{ epoch: string; point: LanePoint }>, key = receiptKey) =>
      signReceipt(
        {
          edgeId,
          epoch: at.reader.epoch,
          lane: 'readings',
          point: { seq: 50, count: 50, digest: good.digest },
          receivedAtMs: 1,
          ...fields,
        },
        { keyId: 'k1', privateKey: key.privateKey },
      )
    const receipts = [
      sign({ epoch: randomUUID() }),
      sign({ point: { seq: 50, count: 50, digest: '00000000000000aa' } }),
      sign({ point: { seq: 51, count: 51, digest: good.digest } }),
      sign({}, generateEdgeKey()),
    ]
    const { receipts: taken } = await at.desk.import([at.downFile({ receipts })], 'kim')
    expect(taken.map(({ outcome }) => outcome)).toEqual(['other_epoch', 'diverged', 'diverged', 'forged'])
    expect(at.reader.receipted().readings).toBeNull()
  })

  test('an appliance that was away while the keys of the cloud changed finds its way to the new ones', async () => {
    const second = signTrustList(
      {
        version: 2,
        receipt_keys: [keyOf('k1', receiptKey), keyOf('k2', nextReceiptKey)],
        courier_key: cloudCourier.publicKey,
      },
      { keyId: 'k1', privateKey: receiptKey.privateKey },
    )
    const third = signTrustList(
      { version: 3, receipt_keys: [keyOf('k2', nextReceiptKey)], courier_key: cloudCourier.publicKey },
      { keyId: 'k2', privateKey: nextReceiptKey.privateKey },
    )
    const signer = { keyId: 'k2', key: nextReceiptKey }
    expect(await at.faultOf(at.downFile({ signer, trust: [third] }))).toBe('sender')
    expect(await at.desk.import([at.downFile({ signer, trust: [second, third] })], 'kim')).toMatchObject({
      desired: 'applied',
    })
    expect(EdgeIdentity.open(at.folder).enrolled?.trust).toEqual(third)
    expect(await at.faultOf(at.downFile({ seq: 2 }))).toBe('sender')
  })
})
