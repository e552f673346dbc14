import type { Clock } from '@jidoka/base'
import {
  batchLimits,
  enrolmentRequestSchema,
  epochSchema,
  refusals,
  signatureHeaders,
  syncPaths,
} from '@jidoka/sync-protocol'
import { bodyLimit } from 'hono/body-limit'
import type { Context } from 'hono'
import { epochStanding } from '@jidoka/sync-engine'
import type { Database } from '../../platform/db/database.ts'
import type { App } from '../../platform/http/app.ts'
import type { AppEnv } from '../../platform/http/env.ts'
import { addressOf } from '../../platform/http/env.ts'
import { httpLimits } from '../../platform/http/limits.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import { RateLimit } from '../../platform/http/rate-limit.ts'
import type { EdgeAuthenticator } from './edge-identity.ts'
import type { Enrolment } from './enrolment.ts'
import { cursorOf } from './enrolment.ts'
import type { Ingestion } from './ingestion.ts'
import { busyRetryMs } from './ingestion.ts'
import { supersededEpochs } from './lane-repository.ts'
import { findEdge, noteSeen } from './repository.ts'
import { shapeQuerySchema } from './shape.ts'
import type { ShapeServer } from './shape.ts'

export interface SyncRouteParts {
  authenticator: EdgeAuthenticator
  enrolment: Enrolment
  ingestion: Ingestion
  shape: ShapeServer
  database: Database
  clock: Clock
  trustForwarded: boolean
}

const noBody = new Uint8Array(0)

/** What edges call. Bodies are those of the sync protocol, without the envelope of people's API; refusals stand in problems. */
export function addSyncRoutes(
  app: App,
  { authenticator, enrolment, ingestion, shape, database, clock, trustForwarded }: SyncRouteParts,
): void {
  const enrolments = new RateLimit(clock, {
    max: httpLimits.enrolmentsMax,
    windowMs: httpLimits.loginWindowMs,
    keysMax: httpLimits.rateKeysMax,
  })

  // The time of this end on every answer: an edge whose clock is off signs with it from then on.
  app.use('/sync/*', async (c, next) => {
    await next()
    c.header(signatureHeaders.time, String(clock.nowMs()))
    c.header('cache-control', 'no-store')
  })

  app.post(syncPaths.enrol, async (c) => {
    const address = addressOf(c, trustForwarded)
    enrolments.take(address)
    const request = enrolmentRequestSchema.parse(await readJson(c))
    const response = await enrolment.enrol(request)
    enrolments.clear(address)
    return c.json(response)
  })

  const batchBody = bodyLimit({
    maxSize: batchLimits.bytesMax,
    onError: () => {
      throw new RefusalError({ kind: 'too_large', detail: refusals.too_large.sentence })
    },
  })
  let bodies = 0
  app.post(syncPaths.batches, batchBody, async (c) => {
    const edge = await authenticator.find(c.req.raw)
    if (bodies >= httpLimits.batchBodiesMax) throw new RefusalError({ kind: 'busy', retry_after_ms: busyRetryMs })
    bodies++
    try {
      const bytes = new Uint8Array(await c.req.arrayBuffer())
      return c.json(await ingestion.receive(authenticator.verify(edge, c.req.raw, bytes), bytes))
    } finally {
      bodies--
    }
  })

  app.get(syncPaths.cursor, async (c) => {
    const { tenantId, edgeId } = authenticator.verify(await authenticator.find(c.req.raw), c.req.raw, noBody)
    const epoch = epochSchema.parse(c.req.query('epoch'))
    const cursor = await database.withTenant(tenantId, async (tx) => {
      await noteSeen(tx, edgeId, clock.nowMs())
      const edge = await findEdge(tx, edgeId)
      const standing = epochStanding(
        { currentEpoch: edge?.epoch ?? null, supersededEpochs: await supersededEpochs(tx, edgeId) },
        epoch,
      )
      if (standing.kind === 'refuse') throw new RefusalError(standing.refusal)
      return cursorOf(tx, edgeId, epoch)
    })
    return c.json(cursor)
  })

  app.get(syncPaths.shape, async (c) => {
    const identity = authenticator.verify(await authenticator.find(c.req.raw), c.req.raw, noBody)
    const query = shapeQuerySchema.parse(c.req.query())
    const { status, headers, body } = await shape.serve(identity, query, c.req.raw.signal)
    return c.body(body, status, { ...headers, 'content-type': 'application/json' })
  })
}

/** Any JSON; what is none fails the schema. */
async function readJson(c: Context<AppEnv>): Promise<unknown> {
  try {
    return await c.req.json()
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}
