import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { createLog } from '@jidoka/base'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { blobName } from './blobs.ts'
import { keyBytesMax, objectKeySchema } from './kinds.ts'
import { ObjectStore } from './object-store.ts'
import { newLinks, openObjectWorld } from './object-world.ts'
import type { ObjectWorld, TestBlobs } from './object-world.ts'
import { replacedObjectCases } from './replaced-objects.cases.ts'
import { chunkBytes } from './sealed-chunks.ts'
import { sealedObjectCases } from './sealed-objects.cases.ts'
import { tidyObjects } from './tidy.ts'

const dayMs = 24 * 3_600_000
const log = createLog('test', { level: 'silent' })

/** One suite for the folder and for the bucket: their users cannot tell which they have. */
export function objectsCases(newStore: NewStore, newBlobs: () => Promise<TestBlobs>): void {
  describe('objects', () => {
    let current: ObjectWorld
    beforeAll(async () => {
      current = await openObjectWorld(newStore, newBlobs)
    })
    afterAll(() => current.close())
    const opened = () => current

    it('are refused when their tenant has no room for them, whoever comes first, and what they would replace stays', async () => {
      const { clock, envelope, links, database, blobs, objects } = opened()
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
      const { objects, put, get } = opened()
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
      const { objects, put } = opened()
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
      const { objects, put } = opened()
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

    sealedObjectCases(opened)
    replacedObjectCases(opened)

    it('are refused in a type or a size that their kind may not have, and nothing stays', async () => {
      const { blobs, put, rowsOf } = opened()
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
      const { clock, database, blobs, objects, put, get, rowsOf } = opened()
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
      const { clock, database, blobs, objects, put, rowsOf } = opened()
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
      const { objects, put } = opened()
      for (const name of ['b', 'a', 'ㄱ', 'B']) await put(`list/${name}`, Buffer.from(name))
      await put('list2/x', Buffer.from('x'))
      const page = async (after: string | null) =>
        (await objects.list('demo', { prefix: 'list/', after, limit: 3 })).map(({ key }) => key)
      expect(await page(null)).toEqual(['list/B', 'list/a', 'list/b'])
      expect(await page('list/b')).toEqual(['list/ㄱ'])
    })

    it('have keys that lead nowhere: any text is refused or is a key of its own', async () => {
      const { blobs, objects, put, get } = opened()
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
      const { clock, links, objects } = opened()
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
      expect(newLinks().read(token, clock.nowMs())).toBeNull()
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
