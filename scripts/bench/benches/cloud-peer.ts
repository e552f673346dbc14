/**
 * The peer of `bench cloud`: a bare Hono with pg, the same two routes as somebody would write them in an afternoon. The same transactions (begin, the tenant's
 * setting, the statement, commit) and the same rows in a pool of the same size; nobody is signed in, nothing is limited, traced, checked or judged, and no policy
 * guards the rows.
 */
import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import type { Judgment } from '@jidoka/domain'
import { Hono } from 'hono'
import { Pool } from 'pg'
import type { PoolClient } from 'pg'
import type { Statement } from '../../../cloud/server/src/platform/db/database.ts'
import { defaultDatabaseSettings } from '../../../cloud/server/src/platform/db/settings.ts'
import { insertExecutions } from '../../../cloud/server/src/modules/judgment/repository.ts'

const tenantId = process.env['PEER_TENANT'] ?? ''
const { pool: poolMin, pool_overflow: overflow } = defaultDatabaseSettings
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], min: poolMin, max: poolMin + overflow })

const recent = `select execution_id, workflow_id, edge_id, executed_at, received_at, rule_id, rule_version, rule_hash, subject, line, equipment,
  status, normal, previous_status, confidence, method_used, explanation, inputs, reading_seq
  from core.judgment_executions where tenant_id = $1 order by executed_at desc, execution_id desc limit $2`

async function inTransaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(`select set_config('jidoka.tenant_id', $1, true)`, [tenantId])
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

/** The very statement of the cloud, which also writes the event that tells of the judgment. */
function insertOf(judgment: Judgment): { text: string; values: unknown[] } {
  const sent: { text: string; values: unknown[] }[] = []
  const keep = (statement: Statement, values: readonly unknown[] = []) => {
    sent.push({ text: typeof statement === 'string' ? statement : statement.text, values: [...values] })
  }
  insertExecutions(
    {
      tenantId,
      send: keep,
      query: () => Promise.resolve([]),
      run: () => Promise.resolve(0),
      ends: () => undefined,
      afterCommit: () => undefined,
    },
    {
      edgeId: null,
      receivedAt: new Date().toISOString(),
      outbox: { append: () => undefined, reserve: (_, count) => Array.from({ length: count }, () => randomUUID()) },
    },
    [judgment],
  )
  const [insert] = sent
  if (insert === undefined || sent.length !== 1)
    throw new Error('the cloud no longer stores a judgment by one statement')
  return insert
}

const app = new Hono()

app.get('/api/v1/judgment/recent', async (c) => {
  const limit = Number(c.req.query('limit') ?? '50')
  const { rows } = await inTransaction((client) => client.query(recent, [tenantId, limit + 1]))
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
