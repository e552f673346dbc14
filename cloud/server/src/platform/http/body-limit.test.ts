import { request } from 'node:http'
import { createLog, systemClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Metrics } from '../metrics.ts'
import { createApp } from './app.ts'
import { limitBody } from './body-limit.ts'
import { ProblemError } from './problem.ts'
import { HttpServer } from './server.ts'

// Over a real socket: how a body comes is what this is about.

describe('bodies', () => {
  let server: HttpServer
  let isRead: boolean
  beforeAll(async () => {
    const log = createLog('test', { level: 'silent' })
    const app = createApp({ log, metrics: new Metrics(), clock: systemClock, https: false })
    const limit = limitBody(1_000, () => new ProblemError('too_large', 'Send less.'))
    app.post('/bytes', limit, async (c) => {
      isRead = true
      return c.json({ length: (await c.req.arrayBuffer()).byteLength })
    })
    app.post('/json', limit, async (c) => {
      const json = await c.req.json<unknown>().catch(() => null)
      return c.json({ json })
    })
    app.post('/unread', limit, (c) => c.json({}))
    server = new HttpServer(app, { host: '127.0.0.1', port: 0 })
    await server.start()
  })
  afterAll(() => server.stop())

  const send = (path: string, body: Buffer, headers: Record<string, string | number> = {}) => {
    isRead = false
    return new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
      const outgoing = request(`${server.url}${path}`, { method: 'POST', headers }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.once('end', () =>
          resolve({ status: incoming.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) }),
        )
      }).once('error', reject)
      // Without a length the server gets it in pieces.
      for (let at = 0; at < body.length; at += 400) outgoing.write(body.subarray(at, at + 400))
      outgoing.end()
    })
  }
  const said = (body: Buffer) => ({ 'content-length': body.length })

  it.each([
    ['that say their length', said],
    ['that do not', () => ({})],
  ])('%s are taken up to their limit, and no further', async (_, headersOf) => {
    const [fits, over] = [Buffer.alloc(1_000, 'x'), Buffer.alloc(1_001, 'x')]
    expect(await send('/bytes', fits, headersOf(fits))).toEqual({ status: 200, body: { length: 1_000 } })
    expect((await send('/bytes', over, headersOf(over))).status).toBe(413)
  })

  it('that say that they are too long are not even read', async () => {
    await send('/bytes', Buffer.alloc(2_000), said(Buffer.alloc(2_000)))
    expect(isRead).toBe(false)
  })

  it('that turn out too long are told so, also where they are read as JSON', async () => {
    const long = Buffer.from(JSON.stringify('x'.repeat(2_000)))
    expect(await send('/json', long)).toMatchObject({ status: 413, body: { kind: 'too_large' } })
    expect(await send('/json', Buffer.from('{"a":1}'))).toEqual({ status: 200, body: { json: { a: 1 } } })
  })

  it('that nobody reads hold nothing up', async () => {
    expect((await send('/unread', Buffer.alloc(5_000))).status).toBe(200)
  })
})
