import { createServer, request as ask } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { createLog, ManualClock } from '@jidoka/base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../http/app.ts'
import type { App } from '../http/app.ts'
import { HttpServer } from '../http/server.ts'
import { timeLimitMsOf } from '../http/time-limit.ts'
import { Metrics } from '../metrics.ts'
import { addForwards } from './forward.ts'
import { GuardedCircuit } from './guarded-circuit.ts'
import { remoteLimits } from './limits.ts'
import type { ReachableModule } from './module-names.ts'

const log = createLog('test', { level: 'silent' })
const path = '/api/v1/fleet/edges'

describe('what the gateway hands on', () => {
  let stub: Server
  let address: URL
  let listener: RequestListener = () => undefined
  let clock: ManualClock
  let app: App
  const gatewayTo = (to: URL, module: ReachableModule = 'fleet'): App => {
    const made = createApp({
      log,
      metrics: new Metrics(),
      clock,
      https: false,
      corsOrigins: ['https://mes.example.kr'],
    })
    const circuit = new GuardedCircuit({ module, clock, log, shared: null })
    addForwards(made, { module, address: to, circuit, clock, log, trustForwarded: false })
    return made
  }
  beforeAll(async () => {
    stub = createServer((request, response) => listener(request, response))
    await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve))
    address = new URL(`http://127.0.0.1:${(stub.address() as AddressInfo).port}`)
  })
  beforeEach(() => {
    clock = new ManualClock()
    app = gatewayTo(address)
  })
  afterAll(async () => {
    stub.closeAllConnections()
    await new Promise((resolve) => stub.close(resolve))
  })

  it('is the request as it came, without what is of a connection, and with the address of who asked from the gateway alone', async () => {
    let heard: IncomingMessage | undefined
    let body = ''
    listener = (request, response) => {
      heard = request
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () =>
        response
          .setHeader('set-cookie', ['a=1', 'b=2'])
          .setHeader('vary', 'accept-encoding, x-shift')
          .writeHead(201)
          .end('{}'),
      )
    }
    const answer = await app.request(`${path}?line=%EA%B0%80&x=1`, {
      method: 'POST',
      body: '{"a":1}',
      headers: {
        authorization: 'Bearer t',
        'x-request-id': 'abc',
        'content-length': '7',
        'x-forwarded-for': '6.6.6.6',
        'x-jidoka-module': 'fleet',
        origin: 'http://localhost',
        'sec-fetch-site': 'same-origin',
        te: 'trailers',
        upgrade: 'websocket',
      },
    })
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([201, ['a=1', 'b=2']])
    expect(answer.headers.get('vary')).toBe('accept-encoding, origin, x-shift')
    expect([heard?.method, heard?.url, body]).toEqual(['POST', `${path}?line=%EA%B0%80&x=1`, '{"a":1}'])
    expect(heard?.headers).toMatchObject({ authorization: 'Bearer t', 'x-request-id': 'abc', host: address.host })
    // Bodies are let in by the length that they say.
    expect([heard?.headers['content-length'], heard?.headers['transfer-encoding']]).toEqual(['7', undefined])
    // Called without a socket: there is no address.
    expect(heard?.headers['x-forwarded-for']).toBe('')
    for (const name of ['x-jidoka-module', 'te', 'upgrade', 'origin', 'sec-fetch-site'])
      expect(heard?.headers).not.toHaveProperty(name)
    expect(answer.headers.get('content-security-policy')).toBeTruthy()
  })

  it('is answered as it is answered: piece by piece, and a redirection is for whoever asked', async () => {
    let end: () => void = () => undefined
    listener = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      end = () => void response.end()
    }
    const reader = (await app.request(path)).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n')
    end()
    expect((await reader?.read())?.done).toBe(true)
    const packed = gzipSync('packed')
    listener = (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed)
    const unpacked = await app.request(path)
    expect([await unpacked.text(), unpacked.headers.get('content-encoding')]).toEqual(['packed', null])
    expect(unpacked.headers.get('content-length')).toBeNull()
    listener = (_, response) => response.writeHead(302, { location: 'http://elsewhere/' }).end()
    const moved = await app.request(path)
    expect([moved.status, moved.headers.get('location')]).toEqual([302, 'http://elsewhere/'])
  })

  const times = async (count: number, made = app) => {
    let last = await made.request(path)
    for (let time = 1; time < count; time++) last = await made.request(path)
    return last
  }

  it('goes on to a module that is busy and says so itself, however often', async () => {
    listener = (_, response) => response.writeHead(503, { 'x-request-id': 'a', 'retry-after': '3' }).end('busy')
    const answer = await times(remoteLimits.circuitCalls * 2)
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([503, '3', 'busy'])
  })

  it('ends at once with a problem when there is nobody, six times at the proxy in front, then here', async () => {
    let asked = 0
    listener = (_, response) => {
      asked++
      response.writeHead(502).end('bad gateway')
    }
    const answer = await times(8)
    expect([answer.status, answer.headers.get('content-type'), asked]).toEqual([503, 'application/problem+json', 6])
    expect(Number(answer.headers.get('retry-after'))).toBe(remoteLimits.circuitOpenMs / 1_000)
    const nobody = await gatewayTo(new URL('http://127.0.0.1:9')).request(path)
    expect([nobody.status, await nobody.json()]).toMatchObject([503, { kind: 'unavailable' }])
  })

  it('I10: is given up when no answer begins in the time of its address', async () => {
    listener = () => clock.advance(timeLimitMsOf(path))
    const answer = await app.request(path)
    expect([503, 504]).toContain(answer.status)
  })

  describe('I10: says nothing of the module where its sender is wrong, however often', () => {
    const often = remoteLimits.circuitCalls * 2
    const chunks = (make: (controller: ReadableStreamDefaultController<Uint8Array>, no: number) => void) => {
      let no = 0
      return new ReadableStream<Uint8Array>({ pull: (controller) => make(controller, no++) }, { highWaterMark: 0 })
    }
    const send = (body: ReadableStream<Uint8Array>, made = app) =>
      made.request('/api/v1/auth/login', { method: 'POST', body, duplex: 'half' })
    /** To a module that reads all of a body before it answers. */
    const reading = () => {
      app = gatewayTo(address, 'identity')
      listener = (request, response) => {
        request.resume()
        request.once('end', () => response.end('{}'))
      }
    }
    const stillAsks = async () => {
      const whole = chunks((controller, no) => (no === 0 ? controller.enqueue(Buffer.from('{}')) : controller.close()))
      expect((await send(whole)).status).toBe(200)
    }

    it('a body that is too long', async () => {
      reading()
      for (let time = 0; time < often; time++)
        expect((await send(chunks((controller) => controller.enqueue(new Uint8Array(600_000))))).status).toBe(413)
      await stillAsks()
    })

    it('a body that stalls', async () => {
      reading()
      for (let time = 0; time < often; time++) {
        const answer = await send(
          chunks((controller, no) => {
            if (no === 0) return controller.enqueue(Buffer.from('{'))
            clock.advance(timeLimitMsOf('/api/v1/auth/login'))
            return undefined
          }),
        )
        expect(answer.status).toBeGreaterThanOrEqual(408)
      }
      await stillAsks()
    })

    it('a body that breaks off', async () => {
      reading()
      for (let time = 0; time < often; time++)
        await send(
          chunks((controller, no) =>
            no === 0 ? controller.enqueue(Buffer.from('{')) : controller.error(new Error('the line is cut')),
          ),
        )
      await stillAsks()
    })

    it('a method that no route is made for', async () => {
      reading()
      const server = new HttpServer(app, { host: '127.0.0.1', port: 0 })
      await server.start()
      for (const method of ['TRACE', 'PROPFIND'])
        for (let time = 0; time < often; time++) {
          const status = await new Promise((resolve, reject) => {
            const outgoing = ask(`${server.url}/api/v1/auth/login`, { method, agent: false }, (incoming) => {
              incoming.resume()
              incoming.once('end', () => resolve(incoming.statusCode))
            })
            outgoing.once('error', reject)
            outgoing.end()
          })
          expect([method, status]).toEqual([method, 404])
        }
      await stillAsks()
      await server.stop()
    })
  })

  it('counts a module that falls silent behind a body that has come, and one that is not there', async () => {
    app = gatewayTo(address, 'identity')
    listener = (request) => {
      request.resume()
      request.once('end', () => clock.advance(timeLimitMsOf('/api/v1/auth/login')))
    }
    const signIn = (made: App) => made.request('/api/v1/auth/login', { method: 'POST', body: '{}' })
    for (let time = 0; time <= remoteLimits.circuitFailuresMax; time++) await signIn(app)
    expect((await signIn(app)).headers.get('retry-after')).toBe(String(remoteLimits.circuitOpenMs / 1_000))

    const former = createServer()
    await new Promise<void>((resolve) => former.listen(0, '127.0.0.1', resolve))
    const { port } = former.address() as AddressInfo
    await new Promise((resolve) => former.close(resolve))
    const gone = gatewayTo(new URL(`http://127.0.0.1:${port}`), 'identity')
    for (let time = 0; time <= remoteLimits.circuitFailuresMax; time++) await signIn(gone)
    expect((await signIn(gone)).headers.get('retry-after')).toBe(String(remoteLimits.circuitOpenMs / 1_000))
  })
})
