import { createLog } from '@jidoka/base'
import { openCollector } from '@jidoka/base/testing'
import type { CollectedSpan, Collector } from '@jidoka/base/testing'
import { cloudPaths } from '@jidoka/contract'
import { batchContentType, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewStore } from '../testing/stores.ts'
import { judgmentRecord, ruleOf, World } from '../testing/world.ts'
import type { TestEdge } from '../testing/world.ts'
import { eventLimits } from './events/limits.ts'

const parentId = 'b7ad6b7169203331'
let traces = 0
/** As of a sender that records its trace. */
const newTraceparent = () => `00-${(++traces).toString(16).padStart(32, '0')}-${parentId}-01`

/** Names of spans as a tree: each under its parent, in the order in which they ended. */
function treeOf(spans: readonly CollectedSpan[], parent: string): unknown[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .map(({ name, spanId }) => {
      const below = treeOf(spans, spanId)
      return below.length === 0 ? name : [name, below]
    })
}

export function tracingCases(newStore: NewStore): void {
  describe('traces', () => {
    let collector: Collector
    let world: World
    let edge: TestEdge
    const lines: Record<string, unknown>[] = []
    beforeAll(async () => {
      collector = await openCollector()
      const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
      world = await World.open(await newStore(), {
        jobs: true,
        log: createLog('cloud', { level: 'debug', destination }),
        environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_TRACES_SAMPLER_ARG: '0' },
      })
      await world.cloud.tracing.open()
      edge = await world.newEdge()
    })
    afterAll(async () => {
      await world.close()
      await collector.close()
    })
    const ofTrace = (traceparent: string) =>
      collector.spans.filter(({ traceId }) => traceId === traceparent.slice(3, 35))
    /** Without waiting until a batch of them is full. */
    const until = (isThere: () => boolean) =>
      vi.waitUntil(
        async () => {
          await world.cloud.tracing.flush()
          return isThere()
        },
        { interval: 10 },
      )
    /** The spans of a trace once one of this name is there. */
    const trace = async (traceparent: string, last: string) => {
      await until(() => ofTrace(traceparent).some(({ name }) => name === last))
      return ofTrace(traceparent)
    }
    const send = (body: Uint8Array, traceparent: string) =>
      world.request('POST', syncPaths.batches, {
        body,
        headers: {
          ...edge.headers('POST', syncPaths.batches, body),
          'content-type': batchContentType,
          traceparent,
        },
      })

    it('go on with the trace of an appliance, down to the statement that stores its rows', async () => {
      const traceparent = newTraceparent()
      const body = edge.readingsBatch([{ tagNo: 1, timeMs: world.clock.nowMs(), value: 7 }])
      expect((await send(body, traceparent)).status).toBe(200)
      const spans = await trace(traceparent, 'POST /sync/v1/batches')
      const [server] = spans.filter(({ kind }) => kind === 'server')
      expect(server).toMatchObject({
        parentSpanId: parentId,
        service: 'jidoka-cloud',
        isError: false,
        facts: { 'http.route': '/sync/v1/batches', 'http.response.status_code': 200 },
      })
      const intake = spans.find(({ name }) => name === 'intake')
      expect(intake).toMatchObject({
        parentSpanId: server?.spanId,
        facts: { 'jidoka.lane': 'readings', 'jidoka.from_seq': 1, 'jidoka.to_seq': 1, 'jidoka.rows_new': 1 },
      })
      const tree = JSON.stringify(treeOf(spans, intake?.spanId ?? ''))
      expect(tree).toMatch(/^\[\["transaction",\[.*"insert-segments"/)
      expect(lines.find(({ traceId, action }) => traceId === server?.traceId && action === server?.name)).toMatchObject(
        {
          spanId: expect.stringMatching(/^[\da-f]{16}$/),
          success: true,
        },
      )
    })

    it('go on in whoever takes an event, in whichever transaction that caused it', async () => {
      const traceparent = newTraceparent()
      const headers = { authorization: `Bearer ${await world.accessToken()}`, traceparent }
      const put = await world.request('PUT', '/api/v1/rules/press-temperature', {
        json: { definition: ruleOf(), based_on_version: 0 },
        headers,
      })
      expect(put.status).toBe(200)
      world.clock.advance(eventLimits.gatherMs)
      const consumed = (await trace(traceparent, 'consume judgment.cache')).find(({ kind }) => kind === 'consumer')
      expect(consumed).toMatchObject({ facts: { 'messaging.destination.name': 'rule.deployed' } })
      expect(ofTrace(traceparent).map(({ spanId }) => spanId)).toContain(consumed?.parentSpanId)
    })

    it('go on in a job, in whichever process and however late it runs', async () => {
      const traceparent = newTraceparent()
      const headers = { authorization: `Bearer ${await world.accessToken()}`, traceparent }
      const started = await world.request('POST', cloudPaths.jobs, { json: { kind: 'jobs.tidy', input: {} }, headers })
      expect(started.status).toBe(200)
      const run = (await trace(traceparent, 'job jobs.tidy')).find(({ kind }) => kind === 'consumer')
      expect(run?.facts).toMatchObject({ 'jidoka.outcome': 'done', 'jidoka.job': started.body.data.id })
      expect(ofTrace(traceparent).find(({ spanId }) => spanId === run?.parentSpanId)?.name).toBe('transaction')
      expect(treeOf(ofTrace(traceparent), run?.spanId ?? '')).toContainEqual(['transaction', expect.anything()])
    })

    it('reach the events of judgments that one statement stores and tells', async () => {
      const traceparent = newTraceparent()
      await send(edge.recordsBatch([judgmentRecord(world.clock.nowMs())]), traceparent)
      const events = await world.store.backend.pool.query<{ trace: string }>(
        `select trace from core.outbox where channel = 'judgment.executed' and trace like '%' || $1 || '%'`,
        [traceparent.slice(3, 35)],
      )
      expect(events.rows).toHaveLength(1)
    })

    it('I8: hold no value of a request or of a statement', async () => {
      const traceparent = newTraceparent()
      const login = await world.request('POST', '/api/v1/auth/login', {
        json: { login: 'planted-login', password: 'planted-password' },
        headers: { traceparent, cookie: 'planted-cookie=1' },
      })
      expect(login.status).toBe(401)
      await world.request('GET', '/api/v1/judgment/planted-id?line=planted-line', {
        headers: { traceparent, authorization: `Bearer ${await world.accessToken()}` },
      })
      await trace(traceparent, 'POST /api/v1/auth/login')
      await until(() => ofTrace(traceparent).filter(({ kind }) => kind === 'server').length === 2)
      expect(JSON.stringify(collector.spans)).not.toContain('planted')
      // What the sender did wrong is no failure of ours.
      expect(ofTrace(traceparent).filter(({ kind, isError }) => kind === 'server' && isError)).toEqual([])
    })

    it('are not begun where nobody asked for one and the ratio says none', () => {
      expect(collector.spans.filter(({ traceId }) => Number.parseInt(traceId, 16) > traces)).toEqual([])
    })
  })
}
