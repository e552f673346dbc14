/**
 * The peer of `bench cloud`: a bare Hono with pg, the same two routes as somebody would write them in an afternoon. The same transactions (begin, the tenant's
 * setting, the statement, commit), each statement awaited as such a handler awaits it, with the text and the name that ours has, so that neither is parsed and
 * planned anew, and the same rows in a pool of the same size; nobody is signed in, nothing is limited, traced, checked or judged, and no policy guards the rows.
 */
import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import type { Judgment } from '@jidoka/domain'
import { Hono } from 'hono'
import { Pool } from 'pg'
import type { PoolClient } from 'pg'
import type { Statement, Transaction } from '../../../cloud/server/src/platform/db/database.ts'
import { defaultDatabaseSettings } from '../../../cloud/server/src/platform/db/settings.ts'
import { pageSpans } from '../../../cloud/server/src/modules/judgment/page-spans.ts'
import { insertExecutions, listExecutions } from '../../../cloud/server/src/modules/judgment/repository.ts'
import type { RecentFilter } from '../../../cloud/server/src/modules/judgment/repository.ts'

const tenantId = process.env['PEER_TENANT'] ?? ''
const { pool: poolMin, pool_overflow: overflow } = defaultDatabaseSettings
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], min: poolMin, max: poolMin + overflow })

const newestPage: Omit<RecentFilter, 'limit'> = {
  edgeId: null,
  line: null,
  ruleId: null,
  status: null,
  abnormal: null,
  from: null,
  to: null,
  after: null,
}

async function inTransaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query({ name: 'tenant', text: `select set_config('jidoka.tenant_id', $1, true)`, values: [tenantId] })
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

interface PeerStatement {
  readonly name: string
  readonly text: string
  readonly values: unknown[]
}

/** The one statement that the cloud sends for a piece of work. */
function statementOf(work: (tx: Transaction) => unknown): PeerStatement {
  const sent: PeerStatement[] = []
  const keep = (statement: Statement, values: readonly unknown[] = []) => {
    if (typeof statement === 'string') throw new Error(`the cloud no longer names the statement ${statement}`)
    sent.push({ ...statement, values: [...values] })
  }
  work({
    tenantId,
    send: keep,
    query: (statement, values) => {
      keep(statement, values)
      return Promise.resolve([])
    },
    run: () => Promise.resolve(0),
    ends: () => undefined,
    afterCommit: () => undefined,
  })
  const [statement] = sent
  if (statement === undefined || sent.length !== 1) throw new Error('the cloud no longer does this by one statement')
  return statement
}

/** The newest page, out of the months that the cloud looks through first; the policy's condition is written out here. */
function recentOf(limit: number): PeerStatement {
  const nowMs = Date.now()
  const [span] = pageSpans({ newestMs: nowMs, fromMs: null, nowMs })
  const { name, text } = statementOf((tx) => listExecutions(tx, { ...newestPage, limit }, span))
  if (!text.includes(' where ')) throw new Error('the cloud no longer looks for its newest page in a span of months')
  return { name, text: text.replace(' where ', ' where tenant_id = $1 and '), values: [tenantId] }
}

/** Also writes the event that tells of the judgment. */
const insertOf = (judgment: Judgment): PeerStatement =>
  statementOf((tx) =>
    insertExecutions(
      tx,
      {
        edgeId: null,
        receivedAt: new Date().toISOString(),
        outbox: { append: () => undefined, reserve: (_, count) => Array.from({ length: count }, () => randomUUID()) },
      },
      [judgment],
    ),
  )

const app = new Hono()

app.get('/api/v1/judgment/recent', async (c) => {
  const limit = Number(c.req.query('limit') ?? '50')
  const { rows } = await inTransaction((client) => client.query(recentOf(limit)))
  return c.json({ data: rows.slice(0, limit) })
})

app.post('/api/v1/judgment/execute', async (c) => {
  const { workflow_id: ruleId, input } = await c.req.json<{ workflow_id: string; input: { value: number } }>()
  const status = input.value > 90 ? 'HIGH' : 'NORMAL'
  const judgment: Judgment = {
    id: randomUUID(),
    rule_id: ruleId,
    rule_version: 1,
    rule_hash: 'sha256:0000000000000000000000000000000000000000000000000000000000000000',
    subject: 'API',
    line: 'API',
    equipment: null,
    status,
    normal: status === 'NORMAL',
    previous_status: null,
    confidence: 0.8,
    method_used: 'rule',
    explanation: null,
    inputs: { value: { value: input.value, at_ms: Date.now() } },
    reading_seq: null,
    judged_at_ms: Date.now(),
  }
  await inTransaction((client) => client.query(insertOf(judgment)))
  const { id, confidence, explanation, method_used } = judgment
  return c.json({ data: { execution_id: id, status, confidence, explanation, method_used } })
})

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ ready: true, http: `http://127.0.0.1:${port}` })}\n`)
})
process.once('SIGTERM', () => process.exit(0))
