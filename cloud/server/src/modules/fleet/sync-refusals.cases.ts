import { readFileSync } from 'node:fs'
import {
  batchLimits,
  cursorPath,
  encodeDropBatch,
  laneStart,
  protocolVersion,
  rangesPath,
  receiptSchema,
  refusals,
  signRequest,
  syncPaths,
} from '@jidoka/sync-protocol'
import type { Refusal, RefusalKind } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestEdge, World } from '../../testing/world.ts'
import type { Answer } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

// Bad input on the line to edges: every route with every wrong signature, and every message in every wrong form. Each is refused in the words of
// the protocol with a sentence that says what to do, and changes nothing.

interface Message {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly body?: Uint8Array
}

interface RefusalCase {
  readonly name: string
  readonly send: () => Promise<Answer>
  /** The refusal, or only the status of a problem that is none of the protocol's. */
  readonly expected: RefusalKind | number
  readonly refusal?: Partial<Refusal>
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../../../../sync/protocol/src/testing/fixtures/${name}`, import.meta.url))

const [major = 0, minor = 0] = protocolVersion.split('.').map(Number)
const versionAhead = (by: number): string => `${major}.${minor + by}`

/** A batch with another head, around the same body. */
function withHeader(batch: Uint8Array, changes: Record<string, unknown>): Uint8Array {
  const bytes = Buffer.from(batch)
  const bodyAt = 4 + bytes.readUInt32LE(0)
  const head = json({ ...JSON.parse(bytes.subarray(4, bodyAt).toString()), ...changes })
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.length)
  return Buffer.concat([length, head, bytes.subarray(bodyAt)])
}

export function syncRefusalCases(newStore: NewStore): void {
  describe('refusals of the sync line (I10)', () => {
    let world: World
    let otherTenant: World
    let edge: TestEdge
    let stranger: TestEdge
    let foreign: TestEdge
    let revoked: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
      otherTenant = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      edge = await world.newEdge()
      stranger = await world.newEdge({ name: 'stranger' })
      foreign = await otherTenant.newEdge({ login: 'admin@other' })
      revoked = await world.newEdge({ name: 'revoked' })
      await revoked.sendReadings(reading)
      await world.as('DELETE', `/api/v1/fleet/edges/${revoked.id}`)
      await edge.sendReadings(reading)
    })
    afterAll(async () => {
      await otherTenant.cloud.stop()
      await world.close()
    })

    const reading = [{ tagNo: 1, timeMs: 1_700_000_000_000, value: 1 }]
    const report = (changes: object = {}) =>
      json({
        protocol: protocolVersion,
        epoch: edge.epoch,
        lane: 'records',
        kind: 'ahead',
        seq: 4,
        held: laneStart,
        ...changes,
      })
    const messages = (who: TestEdge): Record<string, Message> => ({
      batch: { method: 'POST', path: syncPaths.batches, body: who.readingsBatch(reading, 1) },
      cursor: { method: 'GET', path: cursorPath(who.epoch) },
      shape: { method: 'GET', path: `${syncPaths.shape}?table=fleet.desired&offset=-1` },
      trouble: { method: 'POST', path: syncPaths.troubles, body: report() },
      ranges: { method: 'GET', path: rangesPath(who.epoch, 'readings', 0) },
      repair: { method: 'POST', path: syncPaths.repairs, body: who.readingsBatch(reading, 1) },
      bundle: { method: 'PUT', path: `${syncPaths.bundles}/${crypto.randomUUID()}`, body: Uint8Array.of(0x1f, 0x8b) },
      'courier key': { method: 'PUT', path: syncPaths.courierKey, body: json({ courier_key: 'x'.repeat(43) }) },
    })
    const send = ({ method, path, body }: Message, headers: Record<string, string>) =>
      world.request(method, path, { headers, ...(body === undefined ? {} : { body }) })

    const wrongSignatures: Record<string, { kind: RefusalKind; send: (message: Message) => Promise<Answer> }> = {
      'without a signature': { kind: 'bad_signature', send: (message) => send(message, {}) },
      'signed with the key of another edge': {
        kind: 'bad_signature',
        send: (message) =>
          send(message, { ...stranger.headers(message.method, message.path, message.body), 'jidoka-edge': edge.id }),
      },
      "signed with the key of another tenant's edge": {
        kind: 'bad_signature',
        send: (message) =>
          send(message, { ...foreign.headers(message.method, message.path, message.body), 'jidoka-edge': edge.id }),
      },
      'signed for another path': {
        kind: 'bad_signature',
        send: (message) => send(message, edge.headers(message.method, `${message.path}x`, message.body)),
      },
      'with a body that was changed on the way': {
        kind: 'bad_signature',
        send: (message) => send(message, edge.headers(message.method, message.path, Buffer.from('another'))),
      },
      'repeated word for word': {
        kind: 'replayed',
        send: async (message) => {
          const headers = edge.headers(message.method, message.path, message.body)
          await send(message, headers)
          return send(message, headers)
        },
      },
      'with a clock that is off': {
        kind: 'stale',
        send: async (message) => {
          const headers = edge.headers(message.method, message.path, message.body)
          world.clock.advance(301_000)
          return send(message, headers)
        },
      },
      'of an edge that nobody knows': {
        kind: 'unknown_edge',
        send: (message) => {
          const nobody = new TestEdge(world, 'nobody')
          nobody.id = crypto.randomUUID()
          return send(message, nobody.headers(message.method, message.path, message.body))
        },
      },
      'of an edge that writes its id in capitals': {
        kind: 'unknown_edge',
        send: (message) => {
          const { method, path, body = new Uint8Array(0) } = message
          const edgeId = edge.id.toUpperCase()
          const { privateKey } = edge
          return send(message, signRequest({ method, path, body, edgeId, privateKey, nowMs: world.clock.nowMs() }))
        },
      },
      'of a revoked edge': {
        kind: 'revoked',
        send: (message) => send(message, revoked.headers(message.method, message.path, message.body)),
      },
    }

    const expectRefused = (answer: Answer, kind: RefusalKind) => {
      expect([answer.body.refusal?.kind, answer.status]).toEqual([kind, refusals[kind].status])
      // A problem (RFC 9457) whose sentence says what to do.
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.body.detail).toBe(refusals[kind].sentence)
      expect(answer.body.request_id).toBeTruthy()
    }

    for (const name of ['batch', 'cursor', 'shape', 'trouble', 'ranges', 'repair', 'bundle', 'courier key']) {
      for (const [wrong, { kind, send: sendWrong }] of Object.entries(wrongSignatures)) {
        it(`I10: a ${name} ${wrong} is refused as ${kind}`, async () => {
          const message = messages(edge)[name]
          if (message === undefined) throw new Error(name)
          expectRefused(await sendWrong(message), kind)
        })
      }
    }

    const good = () => edge.readingsBatch(reading, 1)
    const cases: RefusalCase[] = [
      { name: 'an empty batch', send: () => edge.send(new Uint8Array(0)), expected: 'malformed' },
      { name: 'a batch that is none', send: () => edge.send(Buffer.from('nothing like it')), expected: 'malformed' },
      { name: 'a batch whose end is cut off', send: () => edge.send(good().subarray(0, -4)), expected: 'malformed' },
      {
        name: 'a batch that claims other rows than it holds',
        send: () => edge.send(withHeader(good(), { to_seq: 2, count: 2 })),
        expected: 'malformed',
      },
      {
        name: 'a batch with a member that its version does not have',
        send: () => edge.send(withHeader(good(), { surprise: 1 })),
        expected: 'malformed',
      },
      {
        name: 'a batch that expands beyond what it claims',
        send: () => edge.send(withHeader(good(), { expanded_bytes: batchLimits.expandedBytesMax + 1 })),
        expected: 'malformed',
      },
      {
        name: 'a batch of too many bytes',
        send: () => edge.send(new Uint8Array(batchLimits.bytesMax + 1)),
        expected: 'too_large',
      },
      {
        name: 'a repair of too many bytes',
        send: () => edge.signed('POST', syncPaths.repairs, new Uint8Array(batchLimits.bytesMax + 1)),
        expected: 'too_large',
      },
      {
        name: "another edge's batch",
        send: () => edge.send(stranger.readingsBatch(reading, 1)),
        expected: 'unknown_edge',
      },
      {
        name: "a batch of another tenant's edge",
        send: () => edge.send(foreign.readingsBatch(reading, 1)),
        expected: 'unknown_edge',
      },
      {
        name: 'a batch behind a gap',
        send: () => edge.send(edge.readingsBatch(reading, 50)),
        expected: 'gap',
        refusal: { kind: 'gap', expected_seq: 2 },
      },
      {
        name: 'a batch of an epoch that was superseded',
        send: async () => {
          const twice = await world.newEdge({ name: 'twice' })
          await twice.sendReadings(reading)
          const old = twice.readingsBatch(reading, 2)
          twice.epoch = crypto.randomUUID()
          await twice.send(twice.readingsBatch(reading, 1))
          return twice.send(old)
        },
        expected: 'wrong_epoch',
      },
      {
        name: 'a batch that builds upon other rows',
        send: () =>
          edge.send(withHeader(edge.readingsBatch(reading, 2), { base: { seq: 1, count: 1, digest: 'f'.repeat(16) } })),
        expected: 'digest',
      },
      {
        name: 'a batch of a version too far ahead, whatever else is in its head',
        send: () => edge.send(withHeader(good(), { protocol: versionAhead(2), lane: 'images', surprise: {} })),
        expected: 'protocol_version',
        refusal: { kind: 'protocol_version', upgrade: 'cloud' },
      },
      {
        name: 'a batch of the next major version',
        send: () => edge.send(withHeader(good(), { protocol: '2.0' })),
        expected: 'protocol_version',
        refusal: { kind: 'protocol_version', upgrade: 'cloud' },
      },
      {
        name: 'a batch of the major version before',
        send: () => edge.send(withHeader(good(), { protocol: '0.9' })),
        expected: 'protocol_version',
        refusal: { kind: 'protocol_version', upgrade: 'edge' },
      },
      {
        name: 'a cursor for a version too far ahead',
        send: () => edge.signed('GET', `${syncPaths.cursor}?epoch=${edge.epoch}&protocol=${versionAhead(2)}`),
        expected: 'protocol_version',
        refusal: { kind: 'protocol_version', upgrade: 'cloud' },
      },
      { name: 'a cursor of no epoch', send: () => edge.signed('GET', syncPaths.cursor), expected: 400 },
      {
        name: 'a cursor for a version that is none',
        send: () => edge.signed('GET', `${syncPaths.cursor}?epoch=${edge.epoch}&protocol=new`),
        expected: 400,
      },
      {
        name: 'a trouble of a version too far ahead, whatever else is in it',
        send: () => edge.signed('POST', syncPaths.troubles, json({ protocol: versionAhead(2), what: 'else' })),
        expected: 'protocol_version',
      },
      {
        name: 'a trouble that is no JSON',
        send: () => edge.signed('POST', syncPaths.troubles, Buffer.from('{')),
        expected: 400,
      },
      {
        name: 'a trouble of a kind that does not exist',
        send: () => edge.signed('POST', syncPaths.troubles, report({ kind: 'sad' })),
        expected: 400,
      },
      {
        name: 'an enrolment of a version too far ahead, whatever else is in it',
        send: () => world.request('POST', syncPaths.enrol, { json: { protocol: versionAhead(2), what: 'else' } }),
        expected: 'protocol_version',
      },
      {
        name: 'a message that only a later version has',
        send: () => edge.signed('POST', '/sync/v1/pictures', json({})),
        expected: 'protocol_version',
        refusal: { kind: 'protocol_version', upgrade: 'cloud' },
      },
      {
        name: 'a shape of another table',
        send: () => edge.signed('GET', `${syncPaths.shape}?table=core.users&offset=-1`),
        expected: 400,
      },
      {
        name: 'ranges of no lane',
        send: () => edge.signed('GET', `${syncPaths.ranges}?epoch=${edge.epoch}&lane=x&from=0`),
        expected: 400,
      },
      {
        name: 'a repair of a dropped range',
        send: () =>
          edge.signed(
            'POST',
            syncPaths.repairs,
            encodeDropBatch(edge.sender, { lane: 'readings', fromSeq: 1, toSeq: 1, reason: 'space' }),
          ),
        expected: 'malformed',
      },
      {
        name: 'a bundle under a name that is no id',
        send: () => edge.signed('PUT', `${syncPaths.bundles}/x`, Uint8Array.of(0x1f, 0x8b)),
        expected: 400,
      },
    ]
    for (const { name, send: sendIt, expected, refusal } of cases) {
      it(`I10: ${name} is refused as ${expected}`, async () => {
        const answer = await sendIt()
        if (typeof expected === 'number') {
          expect(answer.status).toBe(expected)
          expect(answer.body.detail.length).toBeGreaterThan(20)
        } else expectRefused(answer, expected)
        if (refusal !== undefined) expect(answer.body.refusal).toMatchObject(refusal)
        // Nothing of it is stored.
        const { lanes } = (await edge.signed('GET', cursorPath(edge.epoch))).body
        expect([lanes.readings.next_seq, lanes.records.next_seq]).toEqual([2, 1])
      })
    }

    for (const { version, upTo, behind } of [
      { version: '1.0', upTo: 45, behind: [] },
      { version: '1.1', upTo: 540, behind: [] },
      // Goes on from the rows of the first.
      { version: '1.2', upTo: 585, behind: ['1.0'] },
    ]) {
      it(`takes a batch as an edge of ${version} sent it`, async () => {
        const old = await world.newEdge({ name: version })
        const sendOf = (recorded: string) =>
          old.send(
            withHeader(fixture(`readings-batch-${recorded}.bin`), {
              edge_id: old.id,
              epoch: old.epoch,
            }),
          )
        for (const before of behind) expect((await sendOf(before)).status).toBe(200)
        const { body } = await sendOf(version)
        expect(receiptSchema.parse(body)).toMatchObject({ lane: 'readings', up_to_seq: upTo, count_total: upTo })
      })
    }

    it('knows a recorded batch of each minor version before the present one', () => {
      for (let each = 0; each < minor; each++)
        expect(fixture(`readings-batch-${major}.${each}.bin`)).not.toHaveLength(0)
    })

    it('serves an edge that is one minor version ahead, and none that is two', async () => {
      const newer = await world.newEdge({ name: 'newer' })
      const sendAs = (protocol: string) => newer.send(withHeader(newer.readingsBatch(reading, 1), { protocol }))
      expect((await sendAs(versionAhead(2))).body.refusal).toEqual({ kind: 'protocol_version', upgrade: 'cloud' })
      expect((await sendAs(versionAhead(1))).status).toBe(200)
    })

    it('counts refusals by their reason, for Prometheus', async () => {
      const { body } = await world.request('GET', '/metrics')
      for (const reason of [
        'bad_signature',
        'digest',
        'gap',
        'malformed',
        'protocol_version',
        'replayed',
        'revoked',
        'stale',
        'too_large',
        'unknown_edge',
        'wrong_epoch',
      ])
        expect([
          reason,
          Number(new RegExp(`^jidoka_sync_refusals_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(body)?.[1]),
        ]).toEqual([reason, expect.toSatisfy((count: number) => count > 0)])
    })
  })
}
