import { auditChainSchema, cloudPaths, dashboardSchema, executionSchema, fleetStateSchema } from '@jidoka/contract'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { batchContentType, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLog } from '@jidoka/base'
import type { ModuleCalls } from '../../modules/gateway/parts.ts'
import { fleetContract } from '../../modules/fleet/remote.ts'
import { identityContract } from '../../modules/identity/remote.ts'
import { judgmentContract } from '../../modules/judgment/remote.ts'
import { auditContract } from '../../modules/audit/remote.ts'
import type { NewStore } from '../../testing/stores.ts'
import { judgmentRecord, ruleOf, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import { ProblemError } from '../http/problem.ts'
import { ratePolicies } from '../http/rate-policies.ts'
import { HttpServer } from '../http/server.ts'
import { methodPath } from './contract.ts'
import { ModuleKeys } from './module-keys.ts'
import { moduleNames } from './module-names.ts'
import { ServiceTokens } from './service-token.ts'

/*
 * What modules may ask of each other means the same wherever they run. Really run: one process with all modules, and beside it on the same database a gateway
 * alone and a judgment alone, which reach the others over a real socket. Each case below runs against both.
 */

const contracts = [identityContract, fleetContract, judgmentContract, auditContract]

export function portCases(newStore: NewStore): void {
  describe('modules', () => {
    let whole: World
    let edge: TestEdge
    /** All but the gateway, as a process that others call. */
    let others: World
    let server: HttpServer
    let gatewayAlone: World
    let judgmentAlone: World
    let token: string
    const inKeys = (...path: string[]) => join(whole.store.folder, 'keys', ...path)
    beforeAll(async () => {
      const store = await newStore()
      whole = await World.open(store)
      edge = await whole.newEdge()
      const { clock } = whole
      const saved = await whole.as('PUT', '/api/v1/rules/press-temperature', {
        definition: ruleOf(),
        based_on_version: 0,
      })
      expect(saved.status).toBe(200)
      await edge.sendRecords([judgmentRecord(clock.nowMs())])
      token = await whole.accessToken()
      // As its guide says of a module behind the gateway.
      const trusting = { JIDOKA_CLOUD_TRUST_FORWARDED_FOR: 'true' }
      others = await World.open(store, { clock, modules: 'identity,fleet,judgment,audit', environment: trusting })
      server = new HttpServer(others.cloud.app, { host: '127.0.0.1', port: 0 })
      await server.start()
      const environment = Object.fromEntries(
        ['IDENTITY', 'FLEET', 'JUDGMENT', 'AUDIT'].map((name) => [`JIDOKA_CLOUD_${name}_URL`, server.url]),
      )
      gatewayAlone = await World.open(store, { clock, modules: 'gateway', environment })
      judgmentAlone = await World.open(store, { clock, modules: 'judgment', environment })
    })
    afterAll(async () => {
      for (const world of [judgmentAlone, gatewayAlone]) await world.cloud.stop()
      await server.stop()
      await others.cloud.stop()
      await whole.close()
    })
    const withToken = (world: World, method: string, path: string, json?: unknown) =>
      world.request(method, path, {
        ...(json === undefined ? {} : { json }),
        headers: { authorization: `Bearer ${token}`, 'accept-language': 'en' },
      })

    describe.each([
      ['in one process', () => whole, () => whole],
      ['over HTTP', () => gatewayAlone, () => judgmentAlone],
    ])('%s', (_how, world, judging) => {
      const on = { tenantId: 'demo', by: 'admin' }
      const calls = (): ModuleCalls => world().cloud.calls
      /** As judgment asks it. */
      const asJudgment = () => judging().cloud.fleetForJudgment

      it('identity says who somebody is, and that somebody is nobody', async () => {
        expect(await calls().identity.me(on, {})).toMatchObject({ login: 'admin', role: 'admin' })
        await expect(calls().identity.me({ ...on, by: 'nobody' }, {})).rejects.toMatchObject({ kind: 'not_signed_in' })
      })

      it('judgment gives its pages, one after the other', async () => {
        await edge.sendRecords([judgmentRecord(whole.clock.nowMs()), judgmentRecord(whole.clock.nowMs())])
        const { rows, next } = await calls().judgment.recent(on, { limit: 1 })
        expect(rows.map((row) => executionSchema.parse(row).edge_name)).toEqual(['press shop'])
        const second = await calls().judgment.recent(on, { limit: 1, cursor: next ?? undefined })
        expect(second.rows[0]?.execution_id).not.toBe(rows[0]?.execution_id)
      })

      it('I6: shows one tenant nothing of another', async () => {
        expect(await calls().judgment.recent({ ...on, tenantId: 'other' }, { limit: 10 })).toEqual({
          rows: [],
          next: null,
        })
      })

      it('problems have their kind and their sentence', async () => {
        const error: unknown = await calls()
          .judgment.recent(on, { limit: 1, cursor: 'x' })
          .catch((failure: unknown) => failure)
        expect(error).toBeInstanceOf(ProblemError)
        expect(error).toMatchObject({
          kind: 'invalid_input',
          message: 'The cursor is not one that this list gave. Begin again without it.',
        })
      })

      it('fleet counts its edges, and deploys to all of a list or to none', async () => {
        expect(fleetStateSchema.parse(await calls().fleet.state(on, {}))).toMatchObject({ online: 1, silent: 0 })
        const definition = { ...ruleOf({ id: 'over-there' }), version: 1 }
        await expect(
          asJudgment().deployRule(on, { edge_ids: [edge.id, crypto.randomUUID()], definition }),
        ).rejects.toMatchObject({ kind: 'not_found' })
        expect(await deployedTo('over-there')).toEqual([])
        await asJudgment().deployRule(on, { edge_ids: [edge.id], definition })
        expect(await deployedTo('over-there')).toEqual([edge.id])
        await withToken(whole, 'DELETE', `/api/v1/fleet/edges/${edge.id}/desired/rule/over-there`)
      })

      it('I7: a rule whose examples fail is refused, and said why', async () => {
        const definition = { ...ruleOf({ id: 'wrong', alarms: { NORMAL: 'low' } }), version: 1 }
        await expect(asJudgment().deployRule(on, { edge_ids: [edge.id], definition })).rejects.toMatchObject({
          kind: 'rule_refused',
          message: expect.stringContaining('NORMAL'),
        })
      })

      it('audit says how far its log is sealed', async () => {
        expect(auditChainSchema.parse(await calls().audit.chain(on, {})).key_id).toBeTruthy()
      })

      it('the dashboard has the same parts', async () => {
        const { status, body } = await withToken(world(), 'GET', cloudPaths.dashboard)
        expect(status).toBe(200)
        const { judgments, fleet, audit, unavailable } = dashboardSchema.parse(body.data)
        expect([judgments?.length !== 0, fleet?.online, audit !== null]).toEqual([true, 1, true])
        expect(unavailable.map(({ part }) => part)).toEqual(['bi_widgets', 'active_workflows'])
      })
    })

    const deployedTo = async (rule: string): Promise<string[]> =>
      (
        await whole.store.backend.pool.query<{ edge_id: string }>(
          `select edge_id from fleet.desired where kind = 'rule' and key = $1 and not deleted`,
          [rule],
        )
      ).rows.map(({ edge_id: edgeId }) => edgeId)

    it('judgment alone deploys through fleet in its own process, under the name of who asked, in one entry of the audit', async () => {
      const answer = await withToken(judgmentAlone, 'POST', '/api/v1/rules/press-temperature/deploy', {
        edge_ids: [edge.id],
      })
      expect([answer.status, answer.body.data?.deployments]).toMatchObject([200, [{ edge_id: edge.id }]])
      const { body } = await withToken(whole, 'GET', `${cloudPaths.audit}?action=rule.deploy&subject=press-temperature`)
      expect(body.data).toMatchObject([{ actor: 'admin', detail: { version: 1, edges: 1 } }])
      const metrics: string = (await judgmentAlone.request('GET', '/metrics')).body
      expect(metrics).toMatch(/jidoka_remote_calls_total{module="fleet",method="deployRule",outcome="ok"} [1-9]/)
      expect(metrics).toContain('jidoka_module_running{module="judgment"} 1')
      expect(metrics).toContain('jidoka_module_running{module="fleet"} 0')
    })

    it('alone have health, readiness and metrics of their own, and only their own routes', async () => {
      for (const path of ['/health', '/ready', '/metrics'])
        expect([path, (await judgmentAlone.request('GET', path)).status]).toEqual([path, 200])
      expect((await withToken(judgmentAlone, 'GET', cloudPaths.edges)).body.kind).toBe('not_found')
      expect((await withToken(judgmentAlone, 'GET', cloudPaths.judgmentRecent)).status).toBe(200)
    })

    it('I6: every internal route refuses whoever is no module, a signed-in administrator too, and a process with all modules has none', async () => {
      for (const { module, methods } of contracts) {
        for (const name of Object.keys(methods)) {
          const path = methodPath(module, name)
          expect([path, (await others.request('POST', path, { json: {} })).status]).toEqual([path, 401])
          expect([path, (await withToken(others, 'POST', path, {})).status]).toEqual([path, 401])
          expect([path, (await withToken(whole, 'POST', path, {})).status]).toEqual([path, 404])
        }
      }
      const described = Object.keys((await others.request('GET', '/openapi.json')).body.paths)
      expect(described.filter((path) => path.startsWith('/internal'))).toEqual([])
    })

    it('I6: each method is called by the modules that do and by no other, whatever key the process has besides', async () => {
      const keys = await ModuleKeys.open(
        moduleNames,
        { secret: inKeys('modules'), public: inKeys('modules', 'public') },
        whole.clock,
      )
      const tokens = new ServiceTokens(keys, whole.clock)
      const told: string[] = []
      for (const { module, methods } of contracts) {
        for (const method of Object.keys(methods)) {
          for (const caller of moduleNames) {
            const signed = await tokens.sign({ caller, module, method, tenantId: 'demo', by: 'admin' })
            const headers = { authorization: `Bearer ${signed}` }
            const { status } = await others.request('POST', methodPath(module, method), { json: { limit: 1 }, headers })
            if (status !== 401) told.push(`${caller} ${module}.${method}`)
          }
        }
      }
      expect(told).toEqual([
        'gateway identity.me',
        'gateway fleet.state',
        'judgment fleet.deployRule',
        'gateway judgment.recent',
        'gateway audit.chain',
      ])
    })

    it('I8: what they say to each other stands in no log', async () => {
      const lines: string[] = []
      const log = createLog('test', { level: 'trace', destination: { write: (line) => void lines.push(line) } })
      const loud = await World.open(whole.store, {
        clock: whole.clock,
        modules: 'gateway',
        log,
        environment: { JIDOKA_CLOUD_JUDGMENT_URL: server.url, JIDOKA_CLOUD_FLEET_URL: 'http://127.0.0.1:9' },
      })
      await withToken(loud, 'GET', cloudPaths.dashboard)
      await loud.cloud.stop()
      expect(lines.join('')).toContain('the module fleet gave no answer')
      expect(lines.join('')).not.toMatch(/Bearer|eyJ/)
    })

    describe('behind the gateway', () => {
      const ask = (path: string, init: { method?: string; headers?: Record<string, string> } = {}) =>
        gatewayAlone.cloud.app.request(path, {
          ...init,
          headers: { authorization: `Bearer ${token}`, ...init.headers },
        })

      it('are where they would be in one process: signing in with its cookie, pages, entity tags, problems', async () => {
        const signedIn = await gatewayAlone.login()
        expect(signedIn.headers.get('set-cookie')).toContain('jidoka_refresh=')
        const page = await ask(`${cloudPaths.judgmentRecent}?limit=1`)
        const etag = page.headers.get('etag') ?? ''
        expect([page.status, ((await page.json()) as { data: unknown[] }).data.length]).toEqual([200, 1])
        const known = await ask(`${cloudPaths.judgmentRecent}?limit=1`, { headers: { 'if-none-match': etag } })
        expect([known.status, await known.text()]).toEqual([304, ''])
        const wrong = await withToken(gatewayAlone, 'PUT', '/api/v1/rules/x', { definition: 1 })
        expect([wrong.status, wrong.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
        expect(wrong.body.request_id).toBe(wrong.headers.get('x-request-id'))
        expect((await gatewayAlone.request('GET', cloudPaths.edges)).status).toBe(401)
      })

      it('answers are compressed once, for whoever asks for it', async () => {
        const page = await ask(cloudPaths.judgmentRecent, { headers: { 'accept-encoding': 'gzip' } })
        expect(page.headers.get('content-encoding')).toBe('gzip')
        const text = gunzipSync(Buffer.from(await page.arrayBuffer())).toString()
        expect(JSON.parse(text)).toHaveProperty('meta.request_id')
      })

      it('take what edges send, byte for byte, as its signature says', async () => {
        const { nextSeq } = edge
        const path = syncPaths.batches
        const body = edge.recordsBatch([judgmentRecord(whole.clock.nowMs())], nextSeq.records)
        const answer = await gatewayAlone.request('POST', path, {
          headers: { ...edge.headers('POST', path, body), 'content-type': batchContentType },
          body,
        })
        expect([answer.status, answer.body.up_to_seq]).toEqual([200, nextSeq.records - 1])
      })

      it('hear the address of who asked from the gateway alone, and only on their public paths', async () => {
        const statuses = {
          '/internal/v1/fleet/state': 404,
          // The gateway's own, which it answers a GET with.
          '/api/v1/fleet/%2e%2e/%2e%2e/%2e%2e/metrics': 405,
          '/api/v1/fleet/../../../internal/v1/fleet/state': 404,
        }
        for (const [path, status] of Object.entries(statuses))
          expect([path, (await ask(path, { method: 'POST' })).status]).toEqual([path, status])
        const tries = Array.from({ length: ratePolicies.enrolment.max + 3 }, (_, no) =>
          gatewayAlone.request('POST', syncPaths.enrol, {
            json: { token: 'wrong' },
            headers: { 'x-forwarded-for': `10.0.0.${no}` },
          }),
        )
        // The limit of wrong tokens of one address holds, whatever address each of them claims.
        expect((await Promise.all(tries)).filter(({ status }) => status === 429)).toHaveLength(3)
      })
    })

    it('that are down are named, with a sentence in the language of who asks; the others come; and they are back when they are back', async () => {
      const { port } = new URL(server.url)
      await server.stop()
      const ask = async (language: string) =>
        dashboardSchema.parse(
          (
            await gatewayAlone.request('GET', cloudPaths.dashboard, {
              headers: { authorization: `Bearer ${token}`, 'accept-language': language },
            })
          ).body.data,
        )
      const english = await ask('en-US,en;q=0.9,ko;q=0.8')
      expect(english).toMatchObject({ judgments: null, fleet: null, audit: null })
      expect(english.unavailable).toContainEqual({
        part: 'judgments',
        module: 'judgment',
        reason: 'down',
        sentence: 'Recent judgments: the module does not answer. Try again in a moment; if it stays, tell your IT.',
      })
      expect((await ask('ko-KR')).unavailable[0]?.sentence).toContain('모듈이 응답하지 않습니다')
      const refused = await withToken(gatewayAlone, 'GET', cloudPaths.mobileJudgments)
      expect([refused.status, refused.body.kind, refused.body.sentence]).toEqual([
        503,
        'unavailable',
        'No answer can be given now. Try again in a moment.',
      ])
      // Six failures have opened the circuit: the gateway says so, and is ready.
      await ask('en')
      const ready = await gatewayAlone.request('GET', '/ready')
      expect([ready.status, ready.body.modules_down]).toEqual([200, expect.arrayContaining(['judgment'])])
      server = new HttpServer(others.cloud.app, { host: '127.0.0.1', port: Number(port) })
      await server.start()
      whole.clock.advance(30_000)
      expect(await ask('en')).toMatchObject({ judgments: expect.any(Array), fleet: { online: expect.any(Number) } })
      expect((await gatewayAlone.request('GET', '/ready')).body).toEqual({ status: 'ok', database: 'ok' })
    })
  })
}
