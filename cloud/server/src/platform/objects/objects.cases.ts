import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { createLog, Envelope, EnvironmentKeys, ManualClock } from '@jidoka/base'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import { DatabaseUnavailableError } from '../db/unavailable.ts'
import type { Blobs } from './blobs.ts'
import { blobName } from './blobs.ts'
import { keyBytesMax, objectKeySchema } from './kinds.ts'
import { ObjectLinks } from './links.ts'
import { ObjectStore } from './object-store.ts'
import type { NewObject } from './port.ts'
import { chunkBytes, sealedLength } from './sealed-chunks.ts'
import { tidyObjects } from './tidy.ts'

/** Blobs of a test, and a look past the interface at what really lies there. */
export interface TestBlobs {
  readonly blobs: Blobs
  names(): Promise<string[]>
  raw(name: string): Promise<Buffer>
  overwrite(name: string, bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

const dayMs = 24 * 3_600_000
const log = createLog('test', { level: 'silent' })
const quota = { bytes: 1024 ** 3, files: 1_000 }

/** One suite for the folder and for the bucket: their users cannot tell which they have. */
export function objectsCases(newStore: NewStore, newBlobs: () => Promise<TestBlobs>): void {
  describe('objects', () => {
    const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
    const envelope = new Envelope(new EnvironmentKeys(randomBytes(32).toString('base64')))
    const links = new ObjectLinks(createPrivateKey(pem()))
    let store: TestStore
    let database: Database
    let blobs: TestBlobs
    let objects: ObjectStore
    beforeAll(async () => {
      store = await newStore()
      database = new Database(store.backend, { clock })
      for (const id of ['demo', 'other', 'small'])
        await store.backend.pool.query('insert into core.tenants (id, name) values ($1, $1)', [id])
      blobs = await newBlobs()
      objects = new ObjectStore({ database, blobs: blobs.blobs, envelope, clock, links, quota })
    })
    afterAll(async () => {
      await blobs.close()
      await store.close()
    })

    const put = (key: string, body: Uint8Array | AsyncIterable<Uint8Array>, more: Partial<NewObject> = {}) =>
      objects.put('demo', {
        key,
        kind: 'document',
        contentType: 'text/plain',
        by: 'kim',
        body: body instanceof Uint8Array ? Readable.from([body]) : body,
        ...more,
      })
    const get = async (key: string, tenant = 'demo') => {
      const found = await objects.open(tenant, key)
      return found === null ? null : Buffer.concat(await found.stream().toArray())
    }
    const rowsOf = async (key: string) =>
      (
        await store.backend.pool.query<{ id: string; state: string }>(
          'select id, state from core.objects where key = $1 order by created_at',
          [key],
        )
      ).rows

    it('are refused when their tenant has no room for them, whoever comes first, and what they would replace stays', async () => {
      const limits: string[] = []
      const small = new ObjectStore({
        database,
        blobs: blobs.blobs,
        envelope,
        clock,
        links,
        quota: { bytes: 25, files: 2 },
        overQuota: (limit) => limits.push(limit),
      })
      const store10 = (key: string) =>
        small.put('small', {
          key,
          kind: 'document',
          contentType: 'text/plain',
          by: 'kim',
          body: Readable.from([Buffer.from('ten bytes.')]),
        })
      await store10('first.txt')
      const before = (await blobs.names()).length
      // Both see room when they begin.
      const ends = await Promise.allSettled([store10('second.txt'), store10('third.txt')])
      expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { kind: 'full' } })
      expect((await blobs.names()).length).toBe(before + 1)
      await store10('first.txt')
      await expect(
        small.put('small', {
          key: 'first.txt',
          kind: 'document',
          contentType: 'text/plain',
          by: 'kim',
          body: Readable.from([Buffer.alloc(16)]),
        }),
      ).rejects.toThrow('there would be 26 of 25 bytes')
      expect((await small.find('small', 'first.txt'))?.bytes).toBe(10)
      expect(limits.toSorted()).toEqual(['bytes', 'bytes'])
      await small.remove('small', 'first.txt')
      await store10('fourth.txt')
      await tidyObjects({ database, store: objects, clock, log })
    })

    it('come back as they were, with their size and digest, whatever their length', async () => {
      for (const length of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes]) {
        const bytes = randomBytes(length)
        const stored = await put(`of/${length}.txt`, bytes)
        expect(stored).toMatchObject({
          bytes: length,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          createdBy: 'kim',
          expiresAt: null,
        })
        expect((await get(`of/${length}.txt`))?.equals(bytes)).toBe(true)
        expect(await objects.find('demo', `of/${length}.txt`)).toEqual(stored)
      }
      expect(await get('of/none.txt')).toBeNull()
    })

    it('give any part of themselves', async () => {
      const bytes = randomBytes(2 * chunkBytes + 777)
      await put('parts.txt', bytes)
      const open = await objects.open('demo', 'parts.txt')
      const places = fc.integer({ min: 0, max: bytes.length + 10 })
      await fc.assert(
        fc.asyncProperty(places, places, async (one, two) => {
          const [from, to] = [Math.min(one, two), Math.max(one, two)]
          expect(bytes.subarray(from, to).equals((await open?.slice(from, to)) ?? Buffer.alloc(1))).toBe(true)
        }),
        {
          numRuns: 25,
          examples: [
            [chunkBytes, chunkBytes + 1],
            [0, bytes.length],
            [chunkBytes - 1, 2 * chunkBytes + 1],
          ],
        },
      )
    })

    it('of more than a part of an upload come in pieces, and are not held in memory', { timeout: 60_000 }, async () => {
      const piece = randomBytes(1_024 * 1_024)
      const hash = createHash('sha256')
      const body = async function* () {
        for (let n = 0; n < 40; n++) {
          piece.writeUInt32BE(n)
          hash.update(piece)
          yield Buffer.from(piece)
        }
      }
      const stored = await put('large.txt', body())
      expect(stored.bytes).toBe(40 * piece.length)
      expect(stored.sha256).toBe(hash.digest('hex'))
      const read = createHash('sha256')
      for await (const chunk of (await objects.open('demo', 'large.txt'))?.stream() ?? []) read.update(chunk as Buffer)
      expect(read.digest('hex')).toBe(stored.sha256)
      await objects.remove('demo', 'large.txt')
    })

    it('lie sealed under a name that says nothing', async () => {
      const { id } = await put('secret name.txt', Buffer.from('a word that would be found'))
      expect(await blobs.names()).toContain(`demo/${id}`)
      expect((await blobs.names()).join()).not.toContain('secret name')
      const raw = await blobs.raw(`demo/${id}`)
      expect(raw.includes('a word that would be found')).toBe(false)
      expect(raw.length).toBe(sealedLength(26))
    })

    it('are not given when a byte was changed, a chunk moved, or the end cut off', async () => {
      const { id } = await put('whole.txt', randomBytes(2 * chunkBytes + 10))
      const name = `demo/${id}`
      const raw = await blobs.raw(name)
      const sealed = chunkBytes + 16
      const harms: [string, Buffer][] = [
        ['a byte', Buffer.concat([raw.subarray(0, 9), Buffer.of((raw[9] ?? 0) ^ 1), raw.subarray(10)])],
        [
          'the order',
          Buffer.concat([raw.subarray(sealed, 2 * sealed), raw.subarray(0, sealed), raw.subarray(2 * sealed)]),
        ],
        ['the last chunk', raw.subarray(0, 2 * sealed)],
        ['the last byte', raw.subarray(0, -1)],
        ['all', Buffer.alloc(0)],
      ]
      for (const [what, bytes] of harms) {
        await blobs.overwrite(name, bytes)
        const given = await get('whole.txt').catch((error: unknown) => error)
        expect([what, given]).toMatchObject([what, { kind: expect.stringMatching(/damaged|unavailable/) }])
      }
      await blobs.overwrite(name, raw)
      expect((await get('whole.txt'))?.length).toBe(2 * chunkBytes + 10)
      const other = await put('another.txt', randomBytes(2 * chunkBytes + 10))
      await blobs.overwrite(`demo/${other.id}`, raw)
      await expect(get('another.txt')).rejects.toMatchObject({ kind: 'damaged' })
      await blobs.blobs.remove(`demo/${other.id}`)
      await expect(get('another.txt')).rejects.toMatchObject({ kind: 'damaged' })
    })

    it('are not given when their end was cut off and their row says so too', async () => {
      const { id } = await put('cut.txt', randomBytes(2 * chunkBytes + 10))
      await blobs.overwrite(`demo/${id}`, (await blobs.raw(`demo/${id}`)).subarray(0, 2 * (chunkBytes + 16)))
      await database.asOwner(`update core.objects set bytes = ${2 * chunkBytes} where id = '${id}'`)
      const open = await objects.open('demo', 'cut.txt')
      expect((await open?.slice(0, 10))?.length).toBe(10)
      await expect(open?.slice(chunkBytes, 2 * chunkBytes)).rejects.toMatchObject({ kind: 'damaged' })
    })

    it('are given to the last byte only when the digest is the one that was noted', async () => {
      await put('noted.txt', Buffer.from('as it was'))
      await database.asOwner(`update core.objects set sha256 = repeat('0', 64) where key = 'noted.txt'`)
      await expect(get('noted.txt')).rejects.toMatchObject({ kind: 'damaged' })
    })

    it('I6: are not there for another tenant, nor do their bytes open in its row', async () => {
      const mine = await put('mine.txt', Buffer.from('mine'))
      expect(await get('mine.txt', 'other')).toBeNull()
      expect(await objects.remove('other', 'mine.txt')).toBe(false)
      expect(await objects.list('other', { prefix: '', after: null, limit: 10 })).toEqual([])
      const theirs = await objects.put('other', {
        key: 'theirs.txt',
        kind: 'document',
        contentType: 'text/plain',
        by: 'lee',
        body: Readable.from([Buffer.from('ours')]),
      })
      await blobs.overwrite(`other/${theirs.id}`, await blobs.raw(`demo/${mine.id}`))
      await expect(get('theirs.txt', 'other')).rejects.toMatchObject({ kind: 'damaged' })
    })

    it('of a key that is written again are replaced whole; what was read before stays what it was until then', async () => {
      const first = await put('again.txt', Buffer.from('first'))
      const failing = async function* () {
        yield Buffer.from('second, not to its')
        throw new Error('the sender went away')
      }
      await expect(put('again.txt', failing())).rejects.toThrow('the sender went away')
      expect((await get('again.txt'))?.toString()).toBe('first')
      await put('again.txt', Buffer.from('second'))
      expect((await get('again.txt'))?.toString()).toBe('second')
      await tidyObjects({ database, store: objects, clock, log })
      expect(await blobs.names()).not.toContain(`demo/${first.id}`)
      expect((await rowsOf('again.txt')).map(({ state }) => state)).toEqual(['stored'])
    })

    it('that were stored, and the answer to it lost, are there and said to be', async () => {
      let transactions = 0
      const losing: Database = Object.assign(new Database(store.backend, { clock }), {
        withTenant: async (tenantId: string, work: Parameters<Database['withTenant']>[1]) => {
          const result = await database.withTenant(tenantId, work)
          if (++transactions === 2) throw new DatabaseUnavailableError('the answer was lost')
          return result
        },
      })
      const lossy = new ObjectStore({ database: losing, blobs: blobs.blobs, envelope, clock, links, quota })
      const stored = await lossy.put('demo', {
        key: 'acknowledged.txt',
        kind: 'document',
        contentType: 'text/plain',
        by: 'kim',
        body: Readable.from([Buffer.from('kept')]),
      })
      expect(await objects.find('demo', 'acknowledged.txt')).toEqual(stored)
      await tidyObjects({ database, store: objects, clock, log })
      expect((await get('acknowledged.txt'))?.toString()).toBe('kept')
    })

    it('of a key stay when what was to replace them was tidied away while it was written', async () => {
      await put('slow.txt', Buffer.from('first'))
      const slow = async function* () {
        yield Buffer.from('second')
        await store.backend.pool.query(
          `update core.objects set state = 'removing' where key = 'slow.txt' and state = 'writing'`,
        )
      }
      await expect(put('slow.txt', slow())).rejects.toMatchObject({ kind: 'unavailable' })
      expect((await get('slow.txt'))?.toString()).toBe('first')
      expect((await rowsOf('slow.txt')).map(({ state }) => state)).toEqual(['stored'])
    })

    it('that cannot be erased keep no others from being tidied', async () => {
      const kept = new Set<string>()
      const stuck: Blobs = {
        kind: blobs.blobs.kind,
        write: (name, body) => blobs.blobs.write(name, body),
        read: (name, offset, length) => blobs.blobs.read(name, offset, length),
        check: () => blobs.blobs.check(),
        remove: (name) => (kept.has(name) ? Promise.reject(new Error('stuck')) : blobs.blobs.remove(name)),
      }
      const made = [await put('stuck/a.txt', Buffer.from('a')), await put('stuck/b.txt', Buffer.from('b'))]
      await database.asOwner(`update core.objects set state = 'removing' where key like 'stuck/%'`)
      const [first] = made.map(({ id }) => id).toSorted()
      kept.add(`demo/${first}`)
      const partly = new ObjectStore({ database, blobs: stuck, envelope, clock, links, quota })
      expect(await tidyObjects({ database, store: partly, clock, log })).toBe(1)
      await tidyObjects({ database, store: objects, clock, log })
      expect(await blobs.names()).not.toContain(`demo/${first}`)
    })

    it('of one key, written by several at once, end as one of them', async () => {
      await Promise.all(Array.from({ length: 5 }, (_, n) => put('race.txt', Buffer.from(`of ${n}`))))
      expect((await get('race.txt'))?.toString()).toMatch(/^of [0-4]$/)
      expect((await rowsOf('race.txt')).filter(({ state }) => state === 'stored').length).toBe(1)
    })

    it('are refused in a type or a size that their kind may not have, and nothing stays', async () => {
      await expect(put('page.html', Buffer.from('x'), { contentType: 'text/html' })).rejects.toMatchObject({
        kind: 'refused',
      })
      const piece = Buffer.alloc(8 * 1_024 * 1_024)
      const endless = async function* () {
        for (;;) yield piece
      }
      const before = await blobs.names()
      await expect(put('endless.txt', endless())).rejects.toMatchObject({ kind: 'refused' })
      expect(await blobs.names()).toEqual(before)
      expect(await rowsOf('endless.txt')).toEqual([])
    })

    it('are gone when their time is over, and nothing of them stays', async () => {
      const made = await put('report.csv', Buffer.from('a,b'), { kind: 'export', contentType: 'text/csv' })
      expect(made.expiresAt).toBe(new Date(clock.nowMs() + 7 * dayMs).toISOString())
      clock.advance(7 * dayMs)
      expect(await get('report.csv')).toBeNull()
      expect(await objects.list('demo', { prefix: 'report', after: null, limit: 10 })).toEqual([])
      expect(await tidyObjects({ database, store: objects, clock, log })).toBeGreaterThan(0)
      expect(await blobs.names()).not.toContain(`demo/${made.id}`)
      expect(await rowsOf('report.csv')).toEqual([])
    })

    it('whose writer died are tidied away a day later, and not before', async () => {
      const { id } = await put('died.txt', Buffer.from('half'))
      await database.asOwner(
        `update core.objects set state = 'writing', state_at = '${new Date(clock.nowMs()).toISOString()}' where id = '${id}'`,
      )
      await tidyObjects({ database, store: objects, clock, log })
      expect((await rowsOf('died.txt')).length).toBe(1)
      clock.advance(dayMs + 1)
      await tidyObjects({ database, store: objects, clock, log })
      expect(await rowsOf('died.txt')).toEqual([])
      expect(await blobs.names()).not.toContain(`demo/${id}`)
    })

    it('are listed by prefix, page by page, in the order of their bytes', async () => {
      for (const name of ['b', 'a', 'ㄱ', 'B']) await put(`list/${name}`, Buffer.from(name))
      await put('list2/x', Buffer.from('x'))
      const page = async (after: string | null) =>
        (await objects.list('demo', { prefix: 'list/', after, limit: 3 })).map(({ key }) => key)
      expect(await page(null)).toEqual(['list/B', 'list/a', 'list/b'])
      expect(await page('list/b')).toEqual(['list/ㄱ'])
    })

    it('have keys that lead nowhere: any text is refused or is a key of its own', async () => {
      const parts = fc.oneof(
        fc.constantFrom(
          '..',
          '.',
          '/',
          '//',
          '\0',
          '\\',
          '%2e%2e',
          '가',
          '가'.normalize('NFD'),
          '\u202e',
          '\ud800',
          ' ',
        ),
        fc.string({ unit: 'binary', maxLength: 6 }),
      )
      const keys = fc.array(parts, { maxLength: 8 }).map((all) => all.join(''))
      const before = new Set(await blobs.names())
      await fc.assert(
        fc.asyncProperty(keys, async (key) => {
          if (!objectKeySchema.safeParse(key).success) {
            await expect(put(key, Buffer.from(key))).rejects.toMatchObject({ name: 'ZodError' })
            return
          }
          expect(key.split('/').some((name) => ['', '.', '..'].includes(name))).toBe(false)
          const { id } = await put(key, Buffer.from(key))
          expect((await get(key))?.toString()).toBe(key)
          expect(await blobs.names()).toContain(blobName('demo', id))
          await objects.remove('demo', key)
        }),
        { numRuns: 60 },
      )
      expect(new Set(await blobs.names())).toEqual(before)
      const long = (bytes: number) =>
        'd/'
          .repeat(500)
          .slice(0, bytes - 1)
          .replace(/\/$/, 'x') + 'x'
      expect(objectKeySchema.safeParse('k/'.repeat(keyBytesMax / 2 - 1) + 'kk').success).toBe(true)
      for (const key of [
        `${'k/'.repeat(keyBytesMax / 2)}k`,
        'x'.repeat(256),
        `${long(600)}${'가'.repeat(200)}`,
        '../demo',
        'a\0b',
      ])
        expect(objectKeySchema.safeParse(key).success).toBe(false)
    })

    it('are given by a link until it ends, and by no other text', () => {
      const id = randomUUID()
      const { path, expiresAt } = objects.presign('demo', id, { seconds: 60, fileName: '작업 표준.txt' })
      expect(Date.parse(expiresAt)).toBe(Math.floor(clock.nowMs() / 1_000 + 60) * 1_000)
      const token = path.split('/').at(-1) ?? ''
      expect(links.read(token, clock.nowMs())).toMatchObject({
        tenantId: 'demo',
        id,
        fileName: '작업 표준.txt',
      })
      expect(links.read(token, clock.nowMs() + 60_001)).toBeNull()
      expect(new ObjectLinks(createPrivateKey(pem())).read(token, clock.nowMs())).toBeNull()
      expect(links.readUpload(token, clock.nowMs())).toBeNull()
      fc.assert(
        fc.property(fc.nat(token.length - 1), fc.constantFrom('A', 'B', '.', '-'), (at, letter) => {
          const changed = token.slice(0, at) + letter + token.slice(at + 1)
          // The last letter of base64 has bits that say nothing.
          if (changed === token || at === token.length - 1) return
          expect(links.read(changed, clock.nowMs())).toBeNull()
        }),
      )
    })
  })
}

const pem = (): string => generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })
