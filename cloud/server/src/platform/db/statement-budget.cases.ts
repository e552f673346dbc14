import { cloudPaths, fill } from '@jidoka/contract'
import { generateCourierKey, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchangeKeys } from '../../testing/courier-files.ts'
import { fillArchives, fillJobs } from './row-security-world.ts'
import { writes, writesApart } from './write-budgets.ts'
import { statementsOf } from '../../testing/statements.ts'
import type { NewStore } from '../../testing/stores.ts'
import { judgmentRecord, ruleOf, tagRecord, World } from '../../testing/world.ts'
import type { Loose, TestEdge } from '../../testing/world.ts'

// A page of fifty rows asks the database as often as a page of one: a route that asks once more for each row is quick on a developer's machine, and slow where
// there are rows.

const rowsMany = 50

/** What a route is looked at with. */
interface Seeded {
  readonly edge: TestEdge
  readonly judgment: string
  readonly command: string
  readonly file: string
  readonly job: string
  readonly archive: string
  readonly objectLink: string
}

interface Budget {
  /** Statements at most; `begin` and `commit` are two of each transaction. */
  readonly statements: number
  /** Puts in what its path and query need. */
  readonly path?: (seeded: Seeded) => string
  /** How many rows an answer shows, of a route that answers with many. */
  readonly rows?: (data: Loose) => number
}

const length = (data: Loose): number => data.length
const ofEdge = (path: string) => (seeded: Seeded) => fill(path, { id: seeded.edge.id, command: seeded.command })
const page = (path: string) => () => `${path}?limit=${rowsMany}`

/** A page of judgments that is not full, the overview of edges and the state of the audit log. */
const dashboardStatements = 18

/** Every GET of the API, with what it asks when the names that it keeps in memory are known. Finding out who asks costs nothing: a token says it. */
const budgets: Readonly<Record<string, Budget>> = {
  [cloudPaths.objectLink]: { statements: 3, path: ({ objectLink }) => objectLink },
  [cloudPaths.objects]: { statements: 3, path: page(cloudPaths.objects), rows: length },
  [cloudPaths.objectUsage]: { statements: 3 },
  [cloudPaths.archives]: { statements: 3, path: page(cloudPaths.archives), rows: length },
  [cloudPaths.archiveRows]: {
    statements: 4,
    path: ({ archive }) => `${fill(cloudPaths.archiveRows, { id: archive })}?limit=${rowsMany}`,
    rows: length,
  },
  [cloudPaths.archiveSettings]: { statements: 3 },
  [cloudPaths.me]: { statements: 3 },
  [cloudPaths.audit]: { statements: 3, path: page(cloudPaths.audit), rows: length },
  [cloudPaths.auditChain]: { statements: 6 },
  [cloudPaths.auditExport]: { statements: 13 },
  // Without `from` a page that is not full is looked for in older months too, in at most five statements more.
  [cloudPaths.judgmentRecent]: {
    statements: 3,
    path: () => `${cloudPaths.judgmentRecent}?limit=${rowsMany}&from=2026-11-01T00:00:00Z`,
    rows: length,
  },
  [cloudPaths.judgment]: { statements: 4, path: ({ judgment }) => fill(cloudPaths.judgment, { id: judgment }) },
  [cloudPaths.rules]: { statements: 5, path: page(cloudPaths.rules), rows: length },
  [cloudPaths.rule]: { statements: 5, path: () => fill(cloudPaths.rule, { id: 'press-temperature' }) },
  [cloudPaths.sites]: { statements: 3, path: page(cloudPaths.sites), rows: length },
  [cloudPaths.edges]: { statements: 7, path: page(cloudPaths.edges), rows: length },
  [cloudPaths.edge]: { statements: 12, path: ofEdge(cloudPaths.edge) },
  [cloudPaths.edgeOutages]: { statements: 4, path: ofEdge(cloudPaths.edgeOutages), rows: length },
  [cloudPaths.edgeCommands]: { statements: 5, path: ofEdge(cloudPaths.edgeCommands), rows: length },
  [cloudPaths.edgeCommandBundle]: { statements: 5, path: ofEdge(cloudPaths.edgeCommandBundle) },
  [cloudPaths.edgeCourier]: { statements: 8, path: ofEdge(cloudPaths.edgeCourier) },
  [cloudPaths.courierFiles]: { statements: 3, rows: length },
  [cloudPaths.courierFile]: { statements: 3, path: ({ file }) => fill(cloudPaths.courierFile, { file }) },
  // Its page is one of edges: of all that there are, as the one with the lines is the last.
  [cloudPaths.lines]: { statements: 8, path: () => `${cloudPaths.lines}?limit=200`, rows: length },
  [cloudPaths.deadEvents]: { statements: 3, path: page(cloudPaths.deadEvents), rows: length },
  [cloudPaths.jobs]: { statements: 3, path: page(cloudPaths.jobs), rows: length },
  // As many as the program registers.
  [cloudPaths.jobKinds]: { statements: 4 },
  [cloudPaths.job]: { statements: 4, path: ({ job }) => fill(cloudPaths.job, { id: job }) },
  [cloudPaths.timeZone]: { statements: 3 },
  // And one in each database, for its size.
  [cloudPaths.tenants]: { statements: 4 },
  [cloudPaths.tenantMoves]: { statements: 0 },
  [cloudPaths.secrets]: { statements: 4, rows: length },
  [cloudPaths.dashboard]: { statements: dashboardStatements },
  [cloudPaths.webDashboard]: { statements: dashboardStatements + 3 },
  [cloudPaths.mobileDashboard]: { statements: dashboardStatements },
  [cloudPaths.slackDashboard]: { statements: dashboardStatements },
  [cloudPaths.webJudgments]: { statements: 10, path: page(cloudPaths.webJudgments), rows: length },
  [cloudPaths.mobileJudgments]: { statements: 10 },
  [cloudPaths.slackJudgments]: { statements: 10 },
}

/** Rows like the first of a table, with these columns of their own; `n` counts them. */
const multiplied: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'fleet.sites': { code: `'SITE' || n` },
  'fleet.edges': { id: 'gen_random_uuid()', name: `'edge ' || n`, public_key: `'key ' || n` },
  'fleet.outages': { seq: 'n + 1000', from_at: `now() + n * interval '1 s'` },
  'fleet.courier_files': { file_id: 'gen_random_uuid()' },
  'core.dead_events': { event_id: 'gen_random_uuid()' },
  'core.secrets': { name: `'secret-' || n` },
  'core.objects': { id: 'gen_random_uuid()', key: `'other ' || n` },
  'core.archives': { id: 'gen_random_uuid()', partition_name: `'other ' || n` },
  'core.jobs': { id: 'gen_random_uuid()', ticket: 'gen_random_uuid()' },
  'core.restored_rows': { no: 'n + 1' },
}

export function statementBudgetCases(newStore: NewStore): void {
  describe('statements of a route', () => {
    let world: World
    let seeded: Seeded
    const few = new Map<string, number>()
    beforeAll(async () => {
      world = await World.open(await newStore())
      seeded = await seed(world)
    })
    afterAll(() => world.close())

    const pathOf = (route: string) => budgets[route]?.path?.(seeded) ?? route
    /** The least of three times: what a request keeps in memory is there for the next. */
    const count = async (route: string) => {
      const counts: number[] = []
      for (let time = 0; time < 3; time++) {
        const texts = await statementsOf(async () => {
          const answer = await world.as('GET', pathOf(route))
          expect([route, answer.status]).toEqual([route, 200])
        }, true)
        counts.push(texts.length)
      }
      return Math.min(...counts)
    }
    const rows = async (route: string) => budgets[route]?.rows?.((await world.as('GET', pathOf(route))).body.data)

    it('are bounded for every GET of the API', async () => {
      const { body } = await world.request('GET', '/openapi.json')
      const routes = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
        'get' in item ? [path] : [],
      )
      expect(Object.keys(budgets).toSorted()).toEqual(routes.toSorted())
      for (const route of routes) {
        expect([route, (await rows(route)) !== 0]).toEqual([route, true])
        few.set(route, await count(route))
      }
      const over = [...few].filter(([route, statements]) => statements > (budgets[route]?.statements ?? 0))
      expect(over).toEqual([])
    })

    /** Of each route that changes something, the least of three times, about so many things. */
    const countWrites = async (many: number) => {
      const counts = new Map<string, number>()
      for (const [route, prepare] of Object.entries(writes)) {
        const method = route.slice(0, route.indexOf(' ')).toUpperCase()
        for (let time = 0; time < 3; time++) {
          const { path, json } = await prepare(world, seeded, many)
          const texts = await statementsOf(async () => {
            const answer = await world.as(method, path, json)
            expect([route, answer.status, answer.status < 300 ? '' : answer.body]).toEqual([route, 200, ''])
          }, true)
          counts.set(route, Math.min(texts.length, counts.get(route) ?? Infinity))
        }
      }
      return counts
    }

    it('are no more for fifty rows than for one', { timeout: 60_000 }, async () => {
      const before = new Map<string, number | undefined>()
      for (const route of few.keys()) before.set(route, await rows(route))
      await multiply(world, seeded)
      const more: unknown[] = []
      for (const [route, statements] of few) {
        const shown = await rows(route)
        if (shown !== undefined)
          expect([route, shown >= Math.min(rowsMany, (before.get(route) ?? 0) + rowsMany - 5)]).toEqual([route, true])
        const now = await count(route)
        // Fewer where a page that is full needs not be looked for in older months.
        if (now > statements) more.push([route, statements, now])
      }
      expect(more).toEqual([])
    })

    it(
      'are as many to change fifty things as one, and none for each row that is there',
      { timeout: 60_000 },
      async () => {
        const { body } = await world.request('GET', '/openapi.json')
        const routes = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
          ['post', 'put', 'delete'].flatMap((method) => (method in item ? [`${method} ${path}`] : [])),
        )
        expect([...Object.keys(writes), ...Object.keys(writesApart)].toSorted()).toEqual(routes.toSorted())
        const one = await countWrites(1)
        const fifty = await countWrites(rowsMany)
        expect([...fifty].filter(([route, statements]) => statements > (one.get(route) ?? 0))).toEqual([])
        // Fifty of everything are there by now.
        expect([...one].filter(([, statements]) => statements >= rowsMany)).toEqual([])
      },
    )
  })
}

const admin = { tenant: 'demo', at: '2026-11-21T09:00:00Z' }

/** One of everything. */
async function seed(world: World): Promise<Seeded> {
  const edge = await world.newEdge()
  await exchangeKeys(edge, generateCourierKey().publicKey)
  const atMs = world.clock.nowMs()
  const judged = judgmentRecord(atMs)
  await world.as('PUT', '/api/v1/rules/press-temperature', { definition: ruleOf(), based_on_version: 0 })
  await putLines(world, edge, 1)
  await edge.sendRecords([tagRecord(atMs, 1, 'LINE-A/PRESS-1/temperature'), judged])
  await edge.sendReadings([{ tagNo: 1, timeMs: atMs, value: 1 }])
  await world.as('PUT', fill(cloudPaths.secret, { name: 'erp' }), { purpose: 'test', value: 'not to be told' })
  const issued = await issueCommand(world, edge)
  const bundle = new Uint8Array(100)
  bundle.set([0x1f, 0x8b])
  await edge.signed('PUT', `${syncPaths.bundles}/${issued}`, bundle)
  await edge.sendRecords([
    {
      at_ms: atMs,
      kind: 'reported',
      body: { kind: 'command', key: issued, version: 1, state: 'done', problem: null, rule_hash: null },
    },
  ])
  const { pool } = world.store.backend
  const file = crypto.randomUUID()
  await pool.query(
    `insert into fleet.courier_files (tenant_id, file_id, edge_id, epoch, state, bytes, pieces, created_at, begun_at, begun_by, touched_at, ended_at)
     values ($1, $2, $3, $4, 'done', 1, 1, $5, $5, 'admin', $5, $5)`,
    [admin.tenant, file, edge.id, edge.epoch, admin.at],
  )
  await pool.query(
    `insert into fleet.outages (tenant_id, edge_id, epoch, seq, from_at, to_at, cause, rows_waiting) values ($1, $2, $3, 1, $4, $4, 'unreachable', 1)`,
    [admin.tenant, edge.id, edge.epoch, admin.at],
  )
  await pool.query(
    `insert into core.dead_events (tenant_id, event_id, consumer, channel, subject, payload, created_at, attempts, error, died_at)
     values ($1, gen_random_uuid(), 'test', 'rule.deployed', 's', '{}', $2, 10, 'no', $2)`,
    [admin.tenant, admin.at],
  )
  const { body } = judged
  const archive = await fillArchives(world)
  const { port: objects } = world.cloud.objects
  const stored = await objects.find('demo', 'archives/judgment_executions_y2024m01.parquet')
  const objectLink = objects.presign('demo', stored?.id ?? '', { seconds: 600 }).path
  return {
    edge,
    judgment: (body as { id: string }).id,
    command: issued,
    file,
    job: await fillJobs(world),
    archive,
    objectLink,
  }
}

async function putLines(world: World, edge: TestEdge, count: number): Promise<void> {
  const answer = await world.as('PUT', `/api/v1/fleet/edges/${edge.id}/desired/site/site`, {
    body: {
      name: { ko: '울산', en: 'Ulsan' },
      time_zone: 'Asia/Seoul',
      lines: Array.from({ length: count }, (_, no) => ({
        code: `LINE-${no}`,
        area: 'PRESS',
        name: { ko: '가 라인', en: 'Line A' },
      })),
    },
  })
  expect(answer.status).toBe(200)
}

async function issueCommand(world: World, edge: TestEdge): Promise<string> {
  const id = crypto.randomUUID()
  const answer = await world.as('POST', fill(cloudPaths.edgeCommands, { id: edge.id }), {
    id,
    what: { name: 'support_bundle' },
  })
  expect(answer.status).toBeLessThan(300)
  return answer.body.data.id
}

/** Fifty of everything: through the program where that is quick, else in its tables. */
async function multiply(world: World, { edge }: Seeded): Promise<void> {
  const { pool } = world.store.backend
  const atMs = world.clock.nowMs()
  await putLines(world, edge, rowsMany)
  await edge.sendRecords(Array.from({ length: rowsMany }, (_, no) => judgmentRecord(atMs + no)))
  for (let no = 0; no < rowsMany; no++) {
    await world.newToken()
    const id = `rule-${no}`
    const saved = await world.as('PUT', `/api/v1/rules/${id}`, { definition: ruleOf({ id }), based_on_version: 0 })
    expect(saved.status).toBe(200)
  }
  for (const [table, columns] of Object.entries(multiplied)) {
    const changes = Object.entries(columns).map(([column, value]) => `'${column}', ${value}`)
    await pool.query(
      `insert into ${table} select (jsonb_populate_record(old, jsonb_build_object(${changes.join(', ')}))).*
       from ${table} old, generate_series(1, ${rowsMany}) n where old.ctid = (select ctid from ${table} limit 1)`,
    )
  }
  await pool.query(
    `insert into fleet.desired select (jsonb_populate_record(old, jsonb_build_object('id', gen_random_uuid(), 'key', gen_random_uuid()))).*
     from fleet.desired old, generate_series(1, ${rowsMany}) n where old.kind = 'command'`,
  )
}
