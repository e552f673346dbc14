import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Envelope } from '@jidoka/base'
import { cloudPaths, documentBytesMax, fill } from '@jidoka/contract'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Loose } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { ratePolicies } from '../http/rate-policies.ts'
import { HttpServer } from '../http/server.ts'
import { chunkBytes } from './sealed-chunks.ts'
import { storedFileCases } from './stored-files.cases.ts'
import { openUploadWorld, sha256 } from './upload-world.ts'
import type { TestBucket, UploadWorld } from './upload-world.ts'
import { attemptsMax } from './uploads.ts'

/** One suite for the folder and for the bucket. */
export function uploadCases(newStore: NewStore, newBucket?: () => Promise<TestBucket>): void {
  describe('files that people hand in', () => {
    let at: UploadWorld
    beforeAll(async () => {
      at = await openUploadWorld(newStore, newBucket)
    })
    afterAll(() => at.close())
    const opened = () => at

    it('come by a link, are in the list and in the log, and are given back', async () => {
      const { world, ask, put, list } = opened()
      const bytes = randomBytes(3 * chunkBytes + 5)
      const link = await ask(bytes, '작업 표준서 (1).txt')
      const answer = await put(link.path, bytes)
      expect([answer.status, answer.body.data]).toEqual([
        200,
        expect.objectContaining({
          name: '작업 표준서 (1).txt',
          kind: 'document',
          created_by: 'admin',
          bytes: bytes.length,
        }),
      ])
      const [file] = await list()
      expect(file).toEqual(answer.body.data)
      const share = await world.as('POST', fill(cloudPaths.objectShare, { id: file.id }))
      const response = await world.cloud.app.request(share.body.data.path)
      expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(file.sha256)
      const actions = (await world.as('GET', cloudPaths.audit)).body.data.map(({ action }: Loose) => action)
      expect(actions).toEqual(expect.arrayContaining(['object.upload_link', 'object.upload', 'object.link']))
    })

    it('come back the same whatever pieces they came in', () => {
      const { world, ask, names } = opened()
      return fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
          fc.integer({ min: 1, max: 700 }),
          async (bytes, size) => {
            const { path } = await ask(bytes, 'pieces.txt')
            const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
              bytes.slice(n * size, (n + 1) * size),
            )
            const response = await world.cloud.app.request(path, {
              method: 'PUT',
              body: ReadableStream.from(pieces),
              duplex: 'half',
            })
            expect(response.status).toBe(200)
            const open = await world.cloud.objects.port.open('demo', 'documents/pieces.txt')
            expect(Buffer.concat((await open?.stream().toArray()) ?? []).equals(Buffer.from(bytes))).toBe(true)
            expect((await names()).filter((name) => name === 'pieces.txt').length).toBe(1)
          },
        ),
        { numRuns: 10 },
      )
    })

    it('are answered the same when they come again, and once when two come at once', async () => {
      const { world, ask, put, list, names, own } = opened()
      const bytes = randomBytes(1_000)
      const { path } = await ask(bytes, 'again.txt')
      const [one, two] = await Promise.all([put(path, bytes), put(path, bytes)])
      const three = await put(path, bytes)
      expect([one.status, two.status, three.status]).toEqual([200, 200, 200])
      expect(one.body.data).toEqual(two.body.data)
      expect(three.body.data).toEqual(one.body.data)
      expect((await own(`select 1 from core.objects where key = 'documents/again.txt'`)).length).toBe(1)
      expect((await list()).find(({ name }) => name === 'again.txt').id).toBe(one.body.data.id)
      const different = await put(path, randomBytes(1_000))
      expect([different.status, different.body.kind]).toEqual([409, 'conflict'])
      // Removed, it is not brought back by who still has the link.
      const id = one.body.data.id as string
      expect((await world.as('DELETE', fill(cloudPaths.object, { id }))).status).toBe(200)
      expect((await put(path, bytes)).status).toBe(200)
      expect(await names()).not.toContain('again.txt')
    })

    it('are refused when they are not what was declared, or break off, and nothing of them stays', async () => {
      const { world, ask, put, list, own } = opened()
      const bytes = randomBytes(2 * chunkBytes)
      const stream = (pieces: AsyncIterable<Uint8Array>, path: string) =>
        world.cloud.app.request(path, {
          method: 'PUT',
          body: ReadableStream.from(pieces),
          duplex: 'half',
        })
      const endless = async function* () {
        for (;;) yield randomBytes(chunkBytes)
      }
      const torn = async function* () {
        yield bytes.subarray(0, chunkBytes + 1)
        throw new Error('the line broke')
      }
      const short = async function* () {
        yield bytes.subarray(0, chunkBytes)
      }
      const { path } = await ask(bytes, 'torn.txt')
      expect((await put(path, bytes.subarray(1))).body).toMatchObject({ status: 400, kind: 'invalid_input' })
      for (const pieces of [endless(), torn(), short()]) {
        const answer = await stream(pieces, path)
        expect([answer.status, ((await answer.json()) as Loose).kind]).toEqual([400, 'invalid_input'])
      }
      expect(await own(`select 1 from core.objects where key = 'documents/torn.txt'`)).toEqual([])
      // The fifth attempt is the last, and is as good as the first.
      expect((await put(path, bytes)).status).toBe(200)
      const tooOften = await put(path, bytes)
      expect([tooOften.status, tooOften.body.kind]).toEqual([404, 'not_found'])
      expect(attemptsMax).toBe(5)
      const changed = Buffer.from(bytes)
      changed[0] = (changed[0] ?? 0) ^ 1
      const next = await ask(bytes, 'torn.txt')
      expect((await put(next.path, changed)).body.detail).toContain('is not what was declared')
      expect((await list()).find(({ name }) => name === 'torn.txt').sha256).toBe(sha256(bytes))
    })

    it('of a sender that goes away in the middle leave nothing', async () => {
      const { world, ask, own } = opened()
      const server = new HttpServer(world.cloud.app, { host: '127.0.0.1', port: 0 })
      await server.start()
      const bytes = randomBytes(8 * chunkBytes)
      const { path } = await ask(bytes, 'gone.txt')
      const states = async () =>
        (await own(`select state from core.objects where key = 'documents/gone.txt'`)).map(({ state }) => state)
      try {
        const sender = request(server.url + path, { method: 'PUT', headers: { 'content-length': bytes.length } })
        sender.on('error', () => undefined)
        sender.write(bytes.subarray(0, 3 * chunkBytes))
        await vi.waitUntil(async () => (await states()).length > 0, { timeout: 10_000, interval: 10 })
        expect(await states()).toEqual(['writing'])
        sender.destroy()
        await vi.waitUntil(async () => (await states()).length === 0, { timeout: 10_000, interval: 10 })
        const whole = await fetch(server.url + path, { method: 'PUT', body: bytes })
        expect(whole.status).toBe(200)
        expect(await states()).toEqual(['stored'])
      } finally {
        await server.stop()
      }
    })

    it('of a sender that goes away before any of it has come ends the request alone, and not the program', async () => {
      const { world, ask } = opened()
      const server = new HttpServer(world.cloud.app, { host: '127.0.0.1', port: 0 })
      await server.start()
      const uncaught: unknown[] = []
      const note = (error: unknown) => void uncaught.push(error)
      process.on('uncaughtException', note)
      const watch = (message: unknown) =>
        void (message as { request: IncomingMessage }).request.once('close', gone.resolve)
      const [asked, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const seal = vi.spyOn(Envelope.prototype, 'seal').mockImplementationOnce(async () => {
        // As slow as a service for keys in another building.
        asked.resolve()
        await gone.promise
        await nextTurn()
        throw new Error('the key service was asked in vain')
      })
      try {
        const bytes = randomBytes(1_000)
        const { path } = await ask(bytes, 'headers.txt')
        const sender = request(server.url + path, { method: 'PUT', headers: { 'content-length': bytes.length } })
        sender.on('error', () => undefined)
        subscribe('http.server.request.start', watch)
        sender.flushHeaders()
        await asked.promise
        sender.socket?.resetAndDestroy()
        await gone.promise
        expect((await fetch(server.url + path, { method: 'PUT', body: bytes })).status).toBe(200)
        expect(uncaught).toEqual([])
      } finally {
        unsubscribe('http.server.request.start', watch)
        process.off('uncaughtException', note)
        seal.mockRestore()
        await server.stop()
      }
    })

    it('by a link that is used up are attempts of a stranger, and are counted as such', async () => {
      const { world, ask, put } = opened()
      const bytes = randomBytes(10)
      const { path } = await ask(bytes, 'used-up.txt')
      for (let time = 0; time < attemptsMax; time++) expect((await put(path, bytes)).status).toBe(200)
      expect((await put(path, bytes)).status).toBe(404)
      for (let time = 1; time < ratePolicies.api_stranger.max; time++) await put(`${path}x`, bytes)
      expect((await put(path, bytes)).status).toBe(429)
      world.clock.advance(60_000)
      expect((await put(path, bytes)).status).toBe(404)
    })

    it('are given by a link as they were when it was made: what has their name later is another file', async () => {
      const { world, ask, put, list } = opened()
      const [before, after] = [randomBytes(10), randomBytes(20)]
      await put((await ask(before, 'manual.txt')).path, before)
      const { id } = (await list()).find(({ name }) => name === 'manual.txt')
      const share = (await world.as('POST', fill(cloudPaths.objectShare, { id }))).body.data.path as string
      expect((await world.cloud.app.request(share)).status).toBe(200)
      await put((await ask(after, 'manual.txt')).path, after)
      expect((await world.cloud.app.request(share)).status).toBe(404)
    })

    it('are refused by a link that has ended, was changed, or is for something else', async () => {
      const { world, ask, put, list, names, own } = opened()
      const bytes = randomBytes(10)
      const { path } = await ask(bytes, 'late.txt')
      const download = (await world.as('POST', fill(cloudPaths.objectShare, { id: (await list())[0].id }))).body.data
        .path as string
      const token = path.split('/').at(-1) ?? ''
      for (const wrong of [`${path}x`, path.slice(0, -3), path.replace(token, download.split('/').at(-1) ?? '')])
        expect((await put(wrong, bytes)).body).toMatchObject({
          status: 404,
          detail: expect.stringContaining('Ask for a new one'),
        })
      expect((await world.request('GET', cloudPaths.objectLink.replace('{token}', token))).status).toBe(404)
      world.clock.advance(900_000)
      expect((await put(path, bytes)).status).toBe(404)
      expect(await names()).not.toContain('late.txt')
      world.clock.advance(3_600_001)
      await world.cloud.objects.tidy()
      expect(await own('select 1 from core.object_uploads')).toEqual([])
    })

    it('leave the bytes alone where the link is none, so that the connection serves on', async () => {
      const { world } = opened()
      const sent = new Request(`http://cloud${fill(cloudPaths.objectUpload, { token: 'none' })}`, {
        method: 'PUT',
        body: randomBytes(10),
      })
      const looked = vi.spyOn(sent, 'body', 'get')
      expect([(await world.cloud.app.request(sent)).status, looked.mock.calls]).toEqual([404, []])
    })

    it('have the names, types and sizes of documents', async () => {
      const { world, declared, own } = opened()
      const right = declared(randomBytes(5), 'right.txt')
      for (const wrong of [
        { name: '' },
        { name: '../../etc/passwd' },
        { name: 'a\\b' },
        { name: 'a\u202etxt.exe' },
        { name: '가'.repeat(86) },
        { content_type: 'text/html' },
        { bytes: 0 },
        { bytes: documentBytesMax + 1 },
        { sha256: 'none' },
      ])
        expect([wrong, (await world.as('POST', cloudPaths.objectUploads, { ...right, ...wrong })).status]).toEqual([
          wrong,
          400,
        ])
      const answer = await world.as('POST', cloudPaths.objectUploads, { ...right, name: '가'.normalize('NFD') })
      expect(answer.status).toBe(200)
      expect((await own('select key from core.object_uploads'))[0].key).toBe('documents/가'.normalize('NFC'))
      world.clock.advance(900_000)
    })

    it('I8: their links and names are in no line of the log', async () => {
      const { lines, ask, put } = opened()
      const bytes = randomBytes(10)
      const { path } = await ask(bytes, 'of-the-log.txt')
      await put(path, randomBytes(10))
      await put(path, bytes)
      await put(`${path}x`, bytes)
      const token = path.split('/').at(-1) ?? ''
      const all = lines.join('')
      expect(all).toContain('uploads/:token')
      expect(all).not.toContain(token.slice(0, 40))
      expect(all).not.toContain('of-the-log')
    })

    storedFileCases(opened)
  })
}
