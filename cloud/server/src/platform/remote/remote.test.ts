import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLog, ManualClock, systemClock } from '@jidoka/base'
import type { Clock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { moduleRing } from '../../testing/module-ring.ts'
import { createApp } from '../http/app.ts'
import { ProblemError } from '../http/problem.ts'
import { RateLimiter } from '../http/rate-limiter.ts'
import { HttpServer } from '../http/server.ts'
import { Metrics } from '../metrics.ts'
import { currentRequest, inRequest, RequestScope } from '../request-scope.ts'
import { remoteCalls } from './client.ts'
import type { CallFor, CallsOf } from './contract.ts'
import { command, defineContract, methodPath, moduleHeader, query } from './contract.ts'
import { GuardedCircuit } from './guarded-circuit.ts'
import { remoteLimits } from './limits.ts'
import { RemoteMetrics } from './remote-metrics.ts'
import { addRemoteRoutes } from './routes.ts'
import { ServiceTokens } from './service-token.ts'
import { ModuleUnavailableError } from './unavailable.ts'

const callers = ['gateway'] as const
const contract = defineContract('judgment', {
  echo: query(z.strictObject({ text: z.string().max(10) }), z.object({ text: z.string(), on: z.string() }), {
    callers,
  }),
  count: command(z.strictObject({}), z.object({ count: z.number() }), { repeatable: false, callers }),
  refuse: query(z.strictObject({}), z.object({}), { callers }),
  hang: command(z.strictObject({}), z.object({}), { repeatable: false, callers }),
})
type Calls = CallsOf<typeof contract>

const log = createLog('test', { level: 'silent' })
const on: CallFor = { tenantId: 'demo', by: 'kim' }

/** How a call ended that gave no answer. */
async function absence(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => 'answered',
    (failure: unknown) => failure,
  )
  return error instanceof ModuleUnavailableError ? error.absence : String(error)
}

describe('calls of a module in another process', () => {
  const key = moduleRing()
  let server: HttpServer
  let url: URL
  let counted = 0
  let hangs: (scope: RequestScope | undefined) => void = () => undefined
  const tokens = new ServiceTokens(key, systemClock)
  const calls: Calls = {
    echo: ({ tenantId, by }, { text }) => Promise.resolve({ text, on: `${tenantId} ${by}` }),
    count: () => Promise.resolve({ count: ++counted }),
    hang: () => {
      hangs(currentRequest())
      return new Promise(() => undefined)
    },
    refuse: () =>
      Promise.reject(
        new ProblemError('rule_refused', 'Mend line 3.', { details: { line: 3, column: 7 }, retryAfterS: 9 }),
      ),
  }
  const clientOf = (
    address: URL,
    {
      by = tokens,
      clock = systemClock,
      registry = new Registry(),
    }: { by?: ServiceTokens; clock?: Clock; registry?: Registry } = {},
  ) =>
    remoteCalls(contract, {
      address,
      caller: 'gateway',
      tokens: by,
      circuit: new GuardedCircuit({ module: 'judgment', clock, log, shared: null }),
      clock,
      log,
      metrics: new RemoteMetrics(registry, ['gateway']),
    })

  beforeAll(async () => {
    const app = createApp({ log, metrics: new Metrics(), clock: systemClock, https: false })
    const limiter = new RateLimiter(systemClock, { link: null, changes: {} })
    addRemoteRoutes(app, contract, { calls, tokens, limiter, trustForwarded: false, clock: systemClock, log })
    server = new HttpServer(app, { host: '127.0.0.1', port: 0 })
    await server.start()
    url = new URL(server.url)
  })
  afterAll(() => server.stop())

  it('give what the module gives, for the tenant and the person of the call', async () => {
    expect(await clientOf(url).echo(on, { text: '가' })).toEqual({ text: '가', on: 'demo kim' })
  })

  it('end as they would in process: kind, sentence, place and time to wait of a problem', async () => {
    const error: unknown = await clientOf(url)
      .refuse(on, {})
      .catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(ProblemError)
    expect(error).not.toBeInstanceOf(ModuleUnavailableError)
    expect(error).toMatchObject({ kind: 'rule_refused', message: 'Mend line 3.', details: { line: 3, column: 7 } })
  })

  it('are stopped where they are worked on when whoever asked has gone', async () => {
    const left = new AbortController()
    const begun = Promise.withResolvers<RequestScope | undefined>()
    hangs = begun.resolve
    const call = clientOf(url).hang({ ...on, signal: left.signal }, {})
    const scope = await begun.promise
    expect([scope?.isOver, (scope?.leftMs ?? 0) > remoteLimits.commandMsMax - 5_000]).toEqual([false, true])
    left.abort()
    await expect(call).rejects.toThrow('abort')
    await vi.waitFor(() => expect(() => scope?.check()).toThrow('had no time left'))
  })

  it('are stopped there too when the request that they are made for is over here', async () => {
    const begun = Promise.withResolvers<RequestScope | undefined>()
    hangs = (scope) => begun.resolve(scope)
    const request = new RequestScope(systemClock, 30_000)
    const call = inRequest(request, () => clientOf(url).hang(on, {}))
    const scope = await begun.promise
    request.end()
    await expect(call).rejects.toThrow('had no time left')
    await vi.waitFor(() => expect(scope?.isOver).toBe(true))
  })

  it('I10: of strangers are not looked at once they are too many, and not written down', async () => {
    const lines: string[] = []
    const loud = createLog('test', { destination: { write: (line) => void lines.push(line) } })
    const clock = new ManualClock()
    const app = createApp({ log, metrics: new Metrics(), clock, https: false })
    const limiter = new RateLimiter(clock, { changes: { api_stranger: 3 } })
    addRemoteRoutes(app, contract, { calls, tokens, limiter, trustForwarded: false, clock, log: loud })
    const read = vi.spyOn(tokens, 'read')
    const statuses: number[] = []
    for (let time = 0; time < 6; time++) {
      const headers = { authorization: 'Bearer a.b.c' }
      statuses.push((await app.request(methodPath('judgment', 'echo'), { method: 'POST', headers, body: '{}' })).status)
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429, 429])
    expect([read.mock.calls.length, lines.filter((line) => line.includes('service.authenticate')).length]).toEqual([
      3, 3,
    ])
    read.mockRestore()
  })

  describe('at the door of the module', () => {
    const post = (path: string, token: string | undefined, body: string) =>
      fetch(new URL(path, url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body,
      })
    const claims = { caller: 'gateway', module: 'judgment', method: 'echo', tenantId: 'demo', by: 'kim' } as const
    const at = (ms: number) => new ServiceTokens(key, new ManualClock(Date.now() + ms))
    const path = methodPath('judgment', 'echo')

    it.each([
      ['no token', () => Promise.resolve(undefined)],
      ['rubbish', () => Promise.resolve('a.b.c')],
      ['the token of another key', () => new ServiceTokens(moduleRing(), systemClock).sign(claims)],
      ['a token for another module', () => tokens.sign({ ...claims, module: 'fleet' })],
      ['a token of a module that does not call this method', () => tokens.sign({ ...claims, caller: 'fleet' })],
      ['a token for another method', () => tokens.sign({ ...claims, method: 'count' })],
      ['a token of two minutes ago', () => at(-120_000).sign(claims)],
      ['a token of the future', () => at(120_000).sign(claims)],
      ['a token of a tenant that cannot be', () => tokens.sign({ ...claims, tenantId: "a' or 1" })],
    ])('%s is refused', async (_what, token) => {
      const answer = await post(path, await token(), '{"text":"a"}')
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"'])
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
    })

    it('I6: the tenant is that of the token, whatever the body says', async () => {
      const answer = await post(path, await tokens.sign(claims), '{"text":"a","tenant_id":"other"}')
      expect(answer.status).toBe(400)
    })

    it('I10: arguments out of their bounds, no JSON, and too much of it are refused with a problem', async () => {
      for (const [body, status] of [
        ['{"text":"12345678901"}', 400],
        ['{', 400],
        ['[]', 400],
        [JSON.stringify({ text: 'x'.repeat(1_100_000) }), 413],
      ] as const) {
        const answer = await post(path, await tokens.sign(claims), body)
        expect([body.slice(0, 20), answer.status]).toEqual([body.slice(0, 20), status])
        expect(answer.headers.get('content-type')).toBe('application/problem+json')
      }
    })
  })

  it('that are refused for their token are named as that, and nobody is told to sign in', async () => {
    const stranger = clientOf(url, { by: new ServiceTokens(moduleRing(), systemClock) })
    expect(await absence(stranger.echo(on, { text: 'a' }))).toBe('refused')
  })

  describe('to something that fails', () => {
    let stub: Server
    let at: URL
    let requests = 0
    let listener: RequestListener = () => undefined
    beforeAll(async () => {
      stub = createServer((request, response) => {
        requests++
        request.resume()
        listener(request, response)
      })
      await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve))
      at = new URL(`http://127.0.0.1:${(stub.address() as AddressInfo).port}`)
    })
    beforeEach(() => {
      requests = 0
    })
    afterAll(async () => {
      stub.closeAllConnections()
      await new Promise((resolve) => stub.close(resolve))
    })
    const answers = (
      status: number,
      body: string,
      headers: Record<string, string> = { [moduleHeader]: 'judgment' },
    ) => {
      listener = (_, response) => response.writeHead(status, headers).end(body)
    }
    const unavailable = JSON.stringify({
      type: 'x',
      kind: 'unavailable',
      title: 'x',
      status: 503,
      detail: 'no database',
    })

    it('are made once more when that is harmless, and once only when it is not', async () => {
      answers(503, unavailable)
      expect([await absence(clientOf(at).echo(on, { text: 'a' })), requests]).toEqual(['down', 2])
      requests = 0
      expect([await absence(clientOf(at).count(on, {})), requests]).toEqual(['down', 1])
    })

    it('are answered by the second attempt where the first was lost', async () => {
      listener = (request, response) =>
        requests === 1
          ? void request.socket.destroy()
          : response.writeHead(200, { [moduleHeader]: 'judgment' }).end('{"data":{"text":"a","on":"b"}}')
      expect(await clientOf(at).echo(on, { text: 'a' })).toEqual({ text: 'a', on: 'b' })
    })

    it.each([
      ['another program', 200, '<html>', {}],
      ['another module', 200, '{"data":{}}', { [moduleHeader]: 'fleet' }],
      ['an answer of another form', 200, '{"data":{"text":1}}', undefined],
      ['an answer without an end', 200, `{"data":"${'x'.repeat(remoteLimits.answerBytesMax)}"}`, undefined],
      ['no problem', 500, 'oh', undefined],
    ])('%s is not taken for an answer', async (_what, status, body, headers) => {
      answers(status, body, headers)
      expect(await absence(clientOf(at).echo(on, { text: 'a' }))).toBe('unreadable')
    })

    it('is not followed elsewhere', async () => {
      answers(307, '', { location: url.href, [moduleHeader]: 'judgment' })
      expect(await absence(clientOf(at).echo(on, { text: 'a' }))).toBe('down')
    })

    it('are given up in time', async () => {
      const clock = new ManualClock()
      const client = clientOf(at, { clock, by: new ServiceTokens(key, systemClock) })
      listener = () => clock.advance(remoteLimits.queryMsMax)
      expect([await absence(client.echo(on, { text: 'a' })), requests]).toEqual(['slow', 1])
    })

    it('end with whoever asked, which says nothing of the module', async () => {
      const registry = new Registry()
      const left = new AbortController()
      listener = () => left.abort()
      const client = clientOf(at, { registry })
      for (let time = 0; time < remoteLimits.circuitCalls; time++)
        await client.echo({ ...on, signal: left.signal }, { text: 'a' }).catch(() => undefined)
      answers(200, '{"data":{"text":"a","on":"b"}}')
      expect(await client.echo(on, { text: 'a' })).toEqual({ text: 'a', on: 'b' })
      expect(await registry.getSingleMetricAsString('jidoka_remote_calls_total')).toContain('outcome="left"} 10')
    })

    it('that are to be made once are said to begin, and only when they do', async () => {
      const clock = new ManualClock(Date.now())
      const client = clientOf(at, { clock, by: tokens })
      const scope = new RequestScope(clock, 60_000)
      let said = 0
      scope.beforeElsewhere = () => Promise.resolve(void said++)
      const count = () => inRequest(scope, () => absence(client.count(on, {})))
      listener = (_, response) =>
        response.writeHead(503, { [moduleHeader]: 'judgment' }).end(said === requests ? unavailable : 'not said')
      for (let time = 0; time < 6; time++) expect(await count()).toBe('down')
      expect([await count(), requests, said]).toEqual(['open', 6, 6])
      scope.beforeElsewhere = () => Promise.reject(new ProblemError('under_way', 'Another attempt has begun.'))
      clock.advance(remoteLimits.circuitOpenMs)
      await expect(inRequest(scope, () => client.count(on, {}))).rejects.toMatchObject({ kind: 'under_way' })
      answers(200, '{"data":{"count":1}}')
      expect(await client.count(on, {})).toEqual({ count: 1 })
      expect(requests).toBe(7)
    })

    it('that end with an error of the program say nothing of the module: it is there for everybody else', async () => {
      answers(
        500,
        JSON.stringify({ type: 'x', kind: 'internal', title: 'x', status: 500, detail: 'a mistake of ours' }),
      )
      const client = clientOf(at)
      const often = remoteLimits.circuitCalls * 2
      for (let time = 0; time < often; time++)
        await expect(client.count(on, {})).rejects.toMatchObject({ kind: 'internal' })
      expect(requests).toBe(often)
    })

    it('are not made any more once six of ten have failed, and again half a minute later', async () => {
      const clock = new ManualClock(Date.now())
      const client = clientOf(at, { clock, by: tokens })
      answers(503, unavailable)
      for (let time = 0; time < 6; time++) expect(await absence(client.count(on, {}))).toBe('down')
      expect([await absence(client.count(on, {})), requests]).toEqual(['open', 6])
      answers(200, '{"data":{"count":1}}')
      clock.advance(remoteLimits.circuitOpenMs)
      expect(await client.count(on, {})).toEqual({ count: 1 })
      expect(requests).toBe(7)
    })
  })

  it('to nobody end at once', async () => {
    expect(await absence(clientOf(new URL('http://127.0.0.1:9')).echo(on, { text: 'a' }))).toBe('down')
  })
})
