import { createHash } from 'node:crypto'
import { signatureHeaders, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ruleOf, World } from '../../testing/world.ts'
import type { Loose, TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { fillWorld } from './row-security-world.ts'
import { samplesOf } from './row-security-samples.ts'

/*
 * I6 at the routes. Goal: whatever a person or an edge of tenant B sends with names of tenant A's things in it, A's rows stay as they are and nothing of A
 * comes back. Routes come from the OpenAPI document and values from A's own rows, so that a route that is added is tried without anybody thinking of it:
 * one whose input cannot be made from its schema, or that A itself cannot reach with A's values, fails here until a line is added below.
 * Really run: two tenants with rows in every table, every route, as the administrator of B. Routes of edges are in no document: they stand below by name.
 */

interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters: readonly { in: string; name: string; schema: Loose; required?: boolean }[]
  readonly body: Loose
}

/** Input that a schema does not say all of. */
const bodies: Readonly<Record<string, unknown>> = {
  // Not the rule of A: two that are the same have one hash, whoever wrote them.
  'PUT /api/v1/rules/{id}': {
    definition: ruleOf({ script: ruleOf().script.replace('0.95', '0.94') }),
    based_on_version: 0,
  },
  'POST /api/v1/jobs': { kind: 'jobs.tidy', input: {} },
  'PUT /api/v1/tenant/time-zone': { time_zone: 'Asia/Tokyo' },
  // B's cloud is one whose platform is B; what it makes is a third tenant.
  'POST /api/v1/tenants': { id: 'third', name: 'Third', admin_login: 'admin@third' },
  'POST /api/v1/tenants/{id}/move': { to: 'second' },
  'POST /api/v1/objects/uploads': { name: 'x.txt', content_type: 'text/plain', bytes: 1, sha256: '0'.repeat(64) },
  'PUT /api/v1/fleet/edges/{id}/desired/{kind}/{key}': { body: { name: { ko: 'x', en: 'x' }, time_zone: 'UTC' } },
}
/** Courier files are sealed: no schema makes one, and courier/refusals.cases.ts brings those of another tenant. */
const sealed = new Set([
  'POST /api/v1/fleet/courier',
  'PUT /api/v1/fleet/courier/{file}/pieces/{no}',
  // Signed by the program: platform/objects/objects.cases.ts tries others.
  'GET /api/v1/objects/links/{token}',
  'PUT /api/v1/objects/uploads/{token}',
  // The platform's word about any tenant: platform/objects/uploads.cases.ts asks it of others.
  'PUT /api/v1/tenants/{id}/storage',
])
/** About the session of who asks, not about a thing that has a name. */
const ofSession = new Set([
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/refresh',
  'POST /api/v1/auth/logout',
  'PUT /api/v1/auth/password',
  'DELETE /api/v1/auth/sessions',
])
/** In no document: they are of edges, or stream. */
const undocumented = new Set<string>([
  ...Object.values(syncPaths),
  '/api/v1/stream',
  '/api/v1/health',
  `${syncPaths.bundles}/:command`,
])

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** Of each route: more say nothing new, as every id of A is tried by itself. */
const attemptsMax = 100

export function rowSecurityRoutesCases(newStore: NewStore): void {
  describe('routes as another tenant (I6)', () => {
    let world: World
    let other: World
    let edge: TestEdge
    let theirEdge: TestEdge
    let operations: Operation[]
    let uuids: string[]
    let words: string[]
    /** What stands in A's rows only and is never sent: if it comes back, it leaked. */
    let canaries: string[]

    beforeAll(async () => {
      world = await World.open(await newStore(), { attemptsMax: 1_000_000 })
      other = await World.open(world.store, { clock: world.clock, tenant: 'other', attemptsMax: 1_000_000 })
      ;({ edge } = await fillWorld(world))
      theirEdge = await other.newEdge({ name: 'their shop', siteCode: 'THEIRS', login: 'admin@other' })
      // Ids of this cloud's own keys stand in rows of both, and are nobody's secret.
      await other.as('PUT', '/api/v1/secrets/theirs', { purpose: 'theirs', value: 'theirs' }, 'admin@other')
      await other.cloud.audit.verifier.verify('other')
      const { body } = await world.request('GET', '/openapi.json')
      operations = Object.entries(body.paths as Record<string, Record<string, Loose>>).flatMap(([path, item]) =>
        Object.entries(item).map(([method, operation]) => ({
          method: method.toUpperCase(),
          path,
          parameters: operation.parameters ?? [],
          body: operation.requestBody?.content?.['application/json']?.schema,
        })),
      )
      await harvest()
    })
    afterAll(async () => {
      await other.cloud.stop()
      await world.close()
    })

    const own = async (text: string, values: unknown[] = []): Promise<Loose[]> =>
      (await world.store.backend.pool.query(text, values)).rows

    const tables = async (): Promise<string[]> =>
      (
        await own(
          `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_'
             and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') order by 1`,
        )
      ).map(({ name }) => name)

    /** Every row of A as text: equal before and after means that nothing was changed, added or taken. */
    async function digestOfA(): Promise<Record<string, string>> {
      const digests: Record<string, string> = {}
      for (const name of await tables()) {
        const rows = await own(`select t::text as row from ${name} t where tenant_id = 'demo' order by 1`)
        digests[name] = createHash('sha256').update(JSON.stringify(rows)).digest('hex')
      }
      return digests
    }

    async function harvest(): Promise<void> {
      const texts = async (tenant: string) => {
        const found = new Set<string>()
        const take = (value: unknown): void => {
          if (typeof value === 'string') found.add(value)
          else if (value !== null && typeof value === 'object' && !Buffer.isBuffer(value)) {
            for (const member of Object.values(value)) take(member)
          }
        }
        for (const name of await tables())
          for (const { row } of await own(`select to_jsonb(t) as row from ${name} t where tenant_id = $1`, [tenant]))
            take(row)
        return found
      }
      const [mine, theirs] = [await texts('demo'), await texts('other')]
      const onlyMine = [...mine].filter((text) => !theirs.has(text))
      uuids = onlyMine.filter((text) => uuid.test(text))
      words = onlyMine.filter((text) => /^[A-Za-z][\w./:-]{0,62}$/.test(text) && !uuid.test(text))
      const sent = new Set(words)
      canaries = onlyMine.filter(
        (text) => text.length >= 9 && !uuid.test(text) && !sent.has(text) && !/^(\d{4}-.*|0+)$/.test(text),
      )
    }

    /** A request for each value in each place, the others as they come. */
    function requestsOf({ method, path, parameters, body }: Operation): { path: string; json: unknown }[] {
      const made: { path: string; json: unknown }[] = []
      const parts = parameters.filter((parameter) => parameter.in === 'path')
      const json = bodies[`${method} ${path}`]
      for (let turn = 0; turn < attemptsMax; turn++) {
        const value = (name: string, schema: Loose, place: number) => {
          // An edge of A's in front of each of its other ids, and each id in front.
          const pool = samplesOf(schema, { uuids: place === 0 && turn % 2 === 0 ? [edge.id] : uuids, words })
          const sample = pool[Math.floor(turn / 2) % pool.length] ?? name
          return encodeURIComponent(typeof sample === 'string' ? sample : JSON.stringify(sample))
        }
        let url = path
        for (const [place, { name, schema }] of parts.entries())
          url = url.replace(`{${name}}`, value(name, schema, place))
        const query = parameters
          .filter((parameter) => parameter.in === 'query' && parameter.name !== 'cursor' && turn > 0)
          .filter((_, index) => index === turn % parameters.length)
          .map(({ name, schema }) => `${name}=${value(name, schema, 1)}`)
        const pool = body === undefined ? [undefined] : json === undefined ? samplesOf(body, { uuids, words }) : [json]
        made.push({ path: query.length === 0 ? url : `${url}?${query.join('&')}`, json: pool[turn % pool.length] })
      }
      return [...new Map(made.map((request) => [JSON.stringify(request), request])).values()]
    }

    it('I6: every route is in the document, or among those of edges', async () => {
      const described = new Set(operations.map(({ path }) => path.replaceAll(/\{(\w+)\}/g, ':$1')))
      const registered = world.cloud.app.routes
        .filter(({ method, path }) => method !== 'ALL' && /^\/(api|sync)\//.test(path))
        .map(({ path }) => path)
      expect([...new Set(registered)].filter((path) => !described.has(path) && !undocumented.has(path))).toEqual([])
      expect(uuids.length).toBeGreaterThan(10)
      expect(canaries.length).toBeGreaterThan(10)
    })

    it(
      "I6: no route gives or changes anything of A for the administrator of B who knows all of A's names",
      { timeout: 120_000 },
      async () => {
        const before = await digestOfA()
        const bad: unknown[] = []
        const neverTaken: string[] = []
        let tried = 0
        for (const operation of operations) {
          const { method, path } = operation
          const name = `${method} ${path}`
          if (sealed.has(name) || ofSession.has(name)) continue
          let isTaken = false
          for (const { path: url, json } of requestsOf(operation)) {
            tried++
            const { status, body } = await other.as(method, url, json, 'admin@other')
            const text = typeof body === 'string' ? body : JSON.stringify(body)
            const sent = `${decodeURIComponent(url)} ${JSON.stringify(json)}`
            if (status !== 400 && status !== 422) isTaken = true
            const leaked = [...canaries, ...uuids].filter((word) => text.includes(word) && !sent.includes(word))
            if (status >= 500 || (status < 300 && leaked.length > 0)) bad.push([method, url, json, status, leaked])
            if (status === 401 || status === 429) bad.push([method, url, status])
          }
          if (!isTaken) neverTaken.push(name)
        }
        expect(bad.slice(0, 5)).toEqual([])
        // Input that is refused for its form says nothing of whose it is: give the route a body above.
        expect(neverTaken).toEqual([])
        expect(tried).toBeGreaterThan(1_000)
        expect(await digestOfA()).toEqual(before)
      },
    )

    it(
      "I6: the same values reach A's things when A sends them, so that the silence above means something",
      { timeout: 120_000 },
      async () => {
        const unreached: string[] = []
        for (const operation of operations) {
          const { method, path } = operation
          if (method !== 'GET' || sealed.has(`${method} ${path}`)) continue
          let isReached = false
          for (const { path: url, json } of requestsOf(operation)) {
            const { status } = await world.as(method, url, json)
            isReached ||= status === 200
            if (isReached) break
          }
          if (!isReached) unreached.push(path)
        }
        expect(unreached).toEqual([])
      },
    )

    it("I6: no route of edges gives or changes anything of A for an edge of B that knows all of A's names", async () => {
      const before = await digestOfA()
      const answers: [string, number][] = []
      const attempt = async (method: string, path: string, body?: Uint8Array) => {
        const { status, body: said } = await theirEdge.signed(method, path, body)
        const text = typeof said === 'string' ? said : JSON.stringify(said)
        expect([path, canaries.filter((word) => text.includes(word))]).toEqual([path, []])
        answers.push([`${method} ${path}`, status])
      }
      const nowMs = world.clock.nowMs()
      for (const id of uuids) {
        await attempt('PUT', `${syncPaths.bundles}/${id}`, Uint8Array.of(0x1f, 0x8b))
        await attempt('GET', `${syncPaths.cursor}?epoch=${id}`)
        await attempt('GET', `${syncPaths.ranges}?epoch=${id}&lane=records&from=0`)
        await attempt('GET', `${syncPaths.shape}?offset=-1&table=desired&where=${id}`)
      }
      // A batch that says it is of A's edge, signed by B's.
      await attempt('POST', syncPaths.batches, edge.readingsBatch([{ tagNo: 1, timeMs: nowMs, value: 666 }], 2))
      await attempt('POST', syncPaths.repairs, edge.readingsBatch([{ tagNo: 1, timeMs: nowMs, value: 666 }], 1))
      // B's signature under the name of A's edge.
      const forged = await other.request('GET', syncPaths.shape, {
        headers: { ...theirEdge.headers('GET', syncPaths.shape), [signatureHeaders.edge]: edge.id },
      })
      expect(forged.status).toBe(401)
      expect(answers.filter(([, status]) => status >= 500)).toEqual([])
      expect(answers.filter(([path, status]) => status < 300 && path.includes(syncPaths.bundles))).toEqual([])
      expect(await digestOfA()).toEqual(before)
    })
  })
}
