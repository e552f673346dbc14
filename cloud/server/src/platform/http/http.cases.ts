import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { createLog } from '@jidoka/base'
import { cloudPaths, problemSchema } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { adminPassword, judgmentRecord, ruleOf, TestEdge, World } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import { inRequest, RequestOverError, RequestScope } from '../request-scope.ts'

export function httpCases(newStore: NewStore): void {
  describe('http', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
      edge = await world.newEdge()
    })
    afterAll(() => world.close())

    it('says that it lives, that it is ready, and how it does', async () => {
      for (const path of ['/health', '/api/v1/health'])
        expect((await world.request('GET', path)).body).toEqual({ status: 'ok' })
      expect((await world.request('GET', '/ready')).body).toEqual({ status: 'ok', database: 'ok' })
      const metrics = (await world.request('GET', '/metrics')).body
      for (const name of [
        'jidoka_sync_rows_committed_total{lane="records"}',
        'jidoka_http_requests_total{method="GET",route="/health",status="200"}',
        'jidoka_db_pool_connections',
        'jidoka_stream_clients',
      ]) {
        expect(metrics).toContain(name)
      }
    })

    it('I10: makes no new series for paths that are made up', async () => {
      for (const path of ['/api/v1/fleet/edges/1', '/api/v1/fleet/edges/2', '/nowhere/3', '/nowhere/4'])
        await world.request('GET', path)
      const metrics: string = (await world.request('GET', '/metrics')).body
      expect(metrics).not.toContain('nowhere')
      expect(metrics).not.toContain('edges/1')
    })

    it('describes every path of the contract in OpenAPI 3.1, each with the problem that it may answer with', async () => {
      const { body } = await world.request('GET', '/openapi.json')
      expect(body.openapi).toBe('3.1.0')
      const described = Object.keys(body.paths)
      expect(
        Object.values(cloudPaths).filter((path) => path !== cloudPaths.stream && !described.includes(path)),
      ).toEqual([])
      const operations = Object.values(body.paths).flatMap((item) => Object.values(item as object))
      for (const operation of operations) {
        expect(operation.responses.default.content).toHaveProperty(['application/problem+json'])
        for (const said of [operation.summary, operation.tags?.[0]]) expect(said).toMatch(/./)
        for (const { name, in: place, required, schema } of operation.parameters)
          expect([name, required || place !== 'path', typeof schema.type]).toEqual([name, true, 'string'])
      }
      expect(JSON.stringify(body)).not.toMatch(/"pattern":"[^"]*[^\\]\/[a-z]*"/)
      const names = operations.map(({ operationId }) => operationId)
      expect(new Set(names).size).toBe(names.length)
      expect(names).toContain('putFleetEdgesByIdDesiredByKindByKey')
      const docs = await world.request('GET', '/docs')
      expect(docs.body).toContain(cloudPaths.judgmentRecent)
      // Everything is of this server: no other script, style or image, and none in the page that its policy would not let run.
      expect(docs.body.match(/<script[^>]*>/g)).toEqual(['<script src="/docs/page.js" defer>'])
      expect(docs.body).not.toMatch(/(?:src|href)="(?!\/|#)/)
      expect((await world.request('GET', '/docs/page.js')).headers.get('content-type')).toContain('text/javascript')
      expect(docs.headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'")
    })

    it('I10: answers what is not there, what is no JSON and what is too large with problems of RFC 9457', async () => {
      const nowhere = await world.request('GET', '/api/v1/nowhere')
      expect(nowhere.headers.get('content-type')).toBe('application/problem+json')
      expect(problemSchema.parse(nowhere.body)).toMatchObject({ kind: 'not_found', status: 404 })
      expect(nowhere.body.request_id).toBe(nowhere.headers.get('x-request-id'))
      const noJson = await world.request('POST', cloudPaths.login, {
        body: new TextEncoder().encode('{'),
        headers: { 'content-type': 'application/json' },
      })
      expect(problemSchema.parse(noJson.body).kind).toBe('invalid_input')
      const large = await world.request('POST', cloudPaths.login, {
        json: { login: 'admin', password: 'x'.repeat(1_200_000) },
      })
      expect(problemSchema.parse(large.body)).toMatchObject({ kind: 'too_large', status: 413 })
    })

    it('keeps the request id of a proxy, and not one that is no id', async () => {
      expect(
        (await world.request('GET', '/health', { headers: { 'x-request-id': 'abc-123' } })).headers.get('x-request-id'),
      ).toBe('abc-123')
      expect(
        (await world.request('GET', '/health', { headers: { 'x-request-id': 'a b"c' } })).headers.get('x-request-id'),
      ).toMatch(/^[0-9a-f-]{36}$/)
    })

    it('forbids scripts from elsewhere, framing and sniffing, and keeps answers out of caches', async () => {
      const { headers } = await world.as('GET', cloudPaths.edges)
      expect(headers.get('content-security-policy')).toContain("default-src 'self'")
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('strict-transport-security')).toBeNull()
    })

    it('compresses long answers as they are wanted, and nothing for whoever wants it as it is', async () => {
      await edge.sendRecords(Array.from({ length: 50 }, (_, index) => judgmentRecord(world.clock.nowMs() + index)))
      const authorization = `Bearer ${await world.accessToken()}`
      const get = async (accepted: string | null, path: string = cloudPaths.judgmentRecent) => {
        const response = await world.cloud.app.request(path, {
          headers: { authorization, ...(accepted === null ? {} : { 'accept-encoding': accepted }) },
        })
        const bytes = Buffer.from(await response.arrayBuffer())
        return { encoding: response.headers.get('content-encoding'), vary: response.headers.get('vary'), bytes }
      }
      const plain = await get(null)
      const { data } = JSON.parse(plain.bytes.toString())
      const [br, zipped] = [await get('gzip, deflate, br, zstd'), await get('gzip')]
      expect([plain, br, zipped].map(({ encoding, vary }) => [encoding, vary])).toEqual([
        [null, 'accept-encoding'],
        ['br', 'accept-encoding'],
        ['gzip', 'accept-encoding'],
      ])
      expect(JSON.parse(brotliDecompressSync(br.bytes).toString()).data).toEqual(data)
      expect(JSON.parse(gunzipSync(zipped.bytes).toString()).data).toEqual(data)
      expect((await get('identity')).encoding).toBeNull()
      // Shorter than a packet.
      expect((await get('br', cloudPaths.me)).encoding).toBeNull()
      // A token beside what others sent.
      const login = await world.request('POST', cloudPaths.login, {
        json: { login: 'admin', password: adminPassword },
        headers: { 'accept-encoding': 'br' },
      })
      expect([login.status, login.headers.get('content-encoding')]).toEqual([200, null])
    })

    it('tells whoever has the newest that nothing has changed, and sends it when something has', async () => {
      const get = async (known?: string) =>
        world.request('GET', cloudPaths.judgmentRecent, {
          headers: {
            authorization: `Bearer ${await world.accessToken()}`,
            ...(known === undefined ? {} : { 'if-none-match': known }),
          },
        })
      const first = await get()
      const tag = first.headers.get('etag') ?? ''
      expect(tag).toMatch(/^W\/"[\w-]{22}"$/)
      const again = await get(`"other", ${tag}`)
      expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', tag])
      await edge.sendRecords([judgmentRecord(world.clock.nowMs() + 1_000)])
      const changed = await get(tag)
      expect([changed.status, changed.body.data.length > 0]).toEqual([200, true])
      expect(changed.headers.get('etag')).not.toBe(tag)
      expect(
        (await world.as('POST', cloudPaths.judgmentExecute, { workflow_id: 'x', input: {} })).headers.get('etag'),
      ).toBe(null)
    })

    it('lets pages of the origins that are named use the API, without cookies, and tells those of others nothing', async () => {
      const origin = 'https://mes.example.kr'
      const open = await World.open(world.store, { clock: world.clock, corsOrigins: origin })
      const preflight = (from: string, on = open) =>
        on.request('OPTIONS', cloudPaths.judgmentExecute, {
          headers: { origin: from, 'access-control-request-method': 'POST' },
        })
      const { status, headers } = await preflight(origin)
      expect([status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([
        204,
        origin,
        'accept-encoding, origin',
      ])
      expect(headers.get('access-control-allow-credentials')).toBeNull()
      expect(headers.get('access-control-allow-headers')).toContain('idempotency-key')
      for (const from of ['https://mes.example.kr.evil.io', 'http://mes.example.kr', 'null']) {
        const refused = await preflight(from)
        expect([from, refused.headers.get('access-control-allow-origin'), refused.status]).toEqual([from, null, 204])
      }
      expect((await preflight(origin, world)).headers.get('access-control-allow-origin')).toBeNull()
      const read = await open.request('GET', cloudPaths.me, { headers: { origin } })
      expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([401, origin])
      await open.cloud.stop()
    })

    it('refuses what a page of another address would change, also one of a neighbouring name', async () => {
      const logout = (site: string) => world.request('POST', cloudPaths.logout, { headers: { 'sec-fetch-site': site } })
      for (const site of ['cross-site', 'same-site']) expect((await logout(site)).body.kind).toBe('not_permitted')
      for (const site of ['same-origin', 'none']) expect((await logout(site)).status).toBe(200)
      // Over plain http browsers say the origin alone.
      const plain = (origin: string) => world.request('POST', cloudPaths.logout, { headers: { origin } })
      for (const origin of ['http://evil.example', 'http://localhost:8080', 'null'])
        expect([origin, (await plain(origin)).body.kind]).toEqual([origin, 'not_permitted'])
      expect((await plain('http://localhost')).status).toBe(200)
    })

    it('lets a statement of a request take as long as the request still has, and others as long as is set', async () => {
      const database = new Database(world.store.backend, { clock: world.clock })
      const timeout = () =>
        database.withTenant('demo', async (tx) => {
          const [row] = await tx.query<{ ms: string }>(`select current_setting('statement_timeout') as ms`)
          return row?.ms
        })
      const scope = new RequestScope(world.clock, 10_000)
      world.clock.advance(4_500)
      expect([await inRequest(scope, timeout), await timeout()]).toEqual(['6s', '30s'])
      world.clock.advance(5_500)
      scope.end()
      await expect(inRequest(scope, timeout)).rejects.toThrow(RequestOverError)
    })

    it('serves the routes of the modules that were asked for, and says of the others that they are not here', async () => {
      const alone = await World.open(world.store, { clock: world.clock, modules: 'identity,audit' })
      expect((await alone.as('GET', cloudPaths.audit)).status).toBe(200)
      expect((await alone.as('GET', cloudPaths.edges)).body.kind).toBe('not_found')
      expect(Object.keys((await alone.request('GET', '/openapi.json')).body.paths)).not.toContain(cloudPaths.rules)
      await alone.cloud.stop()
    })

    it('refuses every route of the API without a token, except those that let people and edges in', async () => {
      const { body } = await world.request('GET', '/openapi.json')
      const open = new Set<string>([
        cloudPaths.login,
        cloudPaths.refresh,
        cloudPaths.logout,
        // A link to an object is good for whoever has it: the token stands in it.
        cloudPaths.objectLink,
        cloudPaths.objectUpload,
      ])
      let tried = 0
      for (const [path, item] of Object.entries(body.paths as Record<string, object>)) {
        for (const [method, { security = body.security }] of Object.entries(item)) {
          const takesSession = (security as object[]).some((each) => 'session' in each)
          expect([path, takesSession]).toEqual([path, !open.has(path)])
          if (open.has(path)) continue
          tried++
          const answer = await world.request(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'), {
            json: method === 'get' || method === 'delete' ? undefined : {},
          })
          expect([method, path, answer.status]).toEqual([method, path, 401])
        }
      }
      expect(tried).toBeGreaterThan(15)
    })

    it('I10: answers input of any kind with a problem and never with an error of its own', async () => {
      const rubbish: unknown[] = [
        null,
        1,
        'x',
        [],
        {},
        { definition: null },
        { workflow_id: '\u0000', input: { a: 1 } },
        { body: { name: '\ud800' } },
        { site_code: '../..' },
        { edge_ids: ['\u0000'] },
      ]
      const targets: [string, string][] = [
        ['POST', cloudPaths.judgmentExecute],
        ['PUT', '/api/v1/rules/x'],
        ['PUT', '/api/v1/rules/%00'],
        ['POST', '/api/v1/rules/x/deploy'],
        ['POST', cloudPaths.enrolments],
        ['PUT', `/api/v1/fleet/edges/${edge.id}/desired/site/site`],
        ['PUT', `/api/v1/fleet/edges/${edge.id}/desired/rule/%F0`],
        ['POST', cloudPaths.login],
      ]
      for (const [method, path] of targets) {
        for (const json of rubbish) {
          const answer = await world.as(method, path, json)
          expect([path, json, answer.status < 500]).toEqual([path, json, true])
        }
      }
      for (const query of [
        'cursor=%00',
        'line=%00',
        'status=%F0%9F',
        'from=0001-01-01T00:00:00Z',
        'rule_id=%ED%A0%80',
      ]) {
        expect([query, (await world.as('GET', `${cloudPaths.judgmentRecent}?${query}`)).status < 500]).toEqual([
          query,
          true,
        ])
      }
    })

    it('I8: passwords, tokens and enrolment tokens stand in no line of the log, whatever is logged and whatever fails', async () => {
      const lines: string[] = []
      const log = createLog('test', { level: 'trace', destination: { write: (line) => void lines.push(line) } })
      const loud = await World.open(world.store, { clock: world.clock, log })
      const wrong = 'a wrong password 1234'
      const signedIn = await loud.login()
      const refreshToken = /jidoka_refresh=([^;]*)/.exec(signedIn.headers.get('set-cookie') ?? '')?.[1] as string
      const accessToken = signedIn.body.data.access_token
      const enrolmentToken = await loud.newToken()
      const madeUpToken = 'm'.repeat(43)
      const authorization = `Bearer ${accessToken}`
      await loud.login('admin', wrong)
      await loud.request('POST', cloudPaths.login, { json: { login: ['admin'], password: wrong, token: wrong } })
      await loud.request('POST', cloudPaths.refresh, { headers: { cookie: `jidoka_refresh=${refreshToken}` } })
      await loud.request('GET', cloudPaths.me, { headers: { authorization: `${authorization}x` } })
      await loud.request('GET', `/api/v1/nowhere?token=${accessToken}`, { headers: { authorization } })
      await new TestEdge(loud, 'press shop').enrol(enrolmentToken)
      await new TestEdge(loud, 'thief').enrol(madeUpToken)
      // A failure of our own, the one that is logged with all that is known of it.
      const broken = vi.spyOn(world.store.backend.pool, 'connect').mockImplementation(() => {
        throw new Error('the database is on fire')
      })
      await loud.login('admin', wrong)
      await new TestEdge(loud, 'press shop').enrol(enrolmentToken)
      broken.mockRestore()
      await loud.request('POST', cloudPaths.logout, { headers: { cookie: `jidoka_refresh=${refreshToken}` } })
      await loud.cloud.stop()
      const text = lines.join('')
      expect(text).toContain(`POST ${cloudPaths.login}`)
      expect(text).toContain('the database is on fire')
      for (const secret of [adminPassword, wrong, accessToken, refreshToken, enrolmentToken, madeUpToken])
        expect(text).not.toContain(secret)
    })

    describe('stream', () => {
      /** Reads events until `count` have come. */
      const listen = async (token: string) => {
        const controller = new AbortController()
        const response = await world.cloud.app.request(cloudPaths.stream, {
          headers: { authorization: `Bearer ${token}` },
          signal: controller.signal,
        })
        const reader = (response.body as ReadableStream<Uint8Array>).getReader()
        const decoder = new TextDecoder()
        let text = ''
        const read = async () => {
          const { value, done } = await reader.read()
          text += decoder.decode(value, { stream: true })
          return !done
        }
        await read()
        return {
          response,
          until: async (count: number) => {
            const events = () =>
              [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event, data]) => ({
                event,
                data: JSON.parse(data as string),
              }))
            while (events().length < count) await read()
            return events()
          },
          ended: async () => {
            while (await read());
          },
          close: () => reader.cancel(),
        }
      }

      it('tells a console what has been committed: judgments, alarms, readings by line, deployments', async () => {
        const stream = await listen(await world.accessToken())
        expect(stream.response.headers.get('content-type')).toContain('text/event-stream')
        const atMs = world.clock.nowMs()
        await edge.sendRecords([
          { at_ms: atMs, kind: 'tag', body: { tag_no: 1, key: 'LINE-A/temperature', kind: 'number', unit: '°C' } },
          judgmentRecord(atMs),
          {
            at_ms: atMs,
            kind: 'reported',
            body: { kind: 'rule', key: 'x', version: 1, state: 'applied', problem: null, rule_hash: null },
          },
        ])
        await edge.sendReadings([{ tagNo: 1, timeMs: atMs, value: 1 }])
        expect(await stream.until(3)).toMatchObject([
          { event: 'judgment', data: { status: 'HIGH', edge_id: edge.id, edge_name: 'press shop' } },
          { event: 'deployment', data: { key: 'x', state: 'applied' } },
          { event: 'edge', data: { edge_id: edge.id, lines: ['LINE-A'] } },
        ])
        await stream.close()
      })

      it('I6: tells nothing of a request that was refused, and nothing of another tenant', async () => {
        const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
        const stream = await listen(await world.accessToken())
        await world.as('PUT', '/api/v1/rules/press-temperature', { definition: ruleOf(), based_on_version: 0 })
        await world.as('POST', cloudPaths.judgmentExecute, { workflow_id: 'nowhere', input: {} })
        await edge.send(edge.recordsBatch([judgmentRecord(1)], 1_000))
        edge.nextSeq.records -= 1
        await world.as('POST', cloudPaths.judgmentExecute, { workflow_id: 'press-temperature', input: { value: 99 } })
        expect(await stream.until(1)).toMatchObject([{ event: 'judgment', data: { edge_id: null, status: 'HIGH' } }])
        await stream.close()
        await other.cloud.stop()
      })

      it('is not followed by whoever asks for its head alone', async () => {
        const { status, body } = await world.as('HEAD', cloudPaths.stream)
        expect([status, body]).toEqual([200, ''])
        await vi.waitFor(async () =>
          expect((await world.request('GET', '/metrics')).body).toContain('jidoka_stream_clients 0'),
        )
      })

      it('needs a token, and ends when the program stops', async () => {
        expect((await world.request('GET', cloudPaths.stream)).status).toBe(401)
        const stream = await listen(await world.accessToken())
        world.cloud.drain()
        await stream.ended()
      })
    })
  })
}
