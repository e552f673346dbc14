import type { Clock } from '@jidoka/base'
import {
  batchLimits,
  enrolmentRequestSchema,
  epochSchema,
  protocolVersion,
  refusals,
  signatureHeaders,
  syncPaths,
  troubleReportSchema,
} from '@jidoka/sync-protocol'
import { bodyLimit } from 'hono/body-limit'
import type { Context } from 'hono'
import { z } from 'zod'
import { epochStanding } from '@jidoka/sync-engine'
import type { Database } from '../../platform/db/database.ts'
import type { App } from '../../platform/http/app.ts'
import type { AppEnv } from '../../platform/http/env.ts'
import { addressOf } from '../../platform/http/env.ts'
import { httpLimits } from '../../platform/http/limits.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import { RateLimit } from '../../platform/http/rate-limit.ts'
import type { TrustList } from '@jidoka/sync-protocol'
import { BodyBudget } from './body-budget.ts'
import { commandLimits } from './command-limits.ts'
import type { Commands } from './commands.ts'
import type { ClaimedEdge, EdgeAuthenticator } from './edge-identity.ts'
import type { Enrolment } from './enrolment.ts'
import { cursorOf } from './enrolment.ts'
import type { Ingestion } from './ingestion.ts'
import { busyRetryMs } from './ingestion.ts'
import { checkProtocol, knowsTroublesAndTrust } from './protocol-version.ts'
import { findEdgeLives } from './repository.ts'
import { shapeQuerySchema } from './shape.ts'
import type { ShapeSource } from './shape.ts'
import type { Troubles } from './troubles.ts'

export interface SyncRouteParts {
  authenticator: EdgeAuthenticator
  enrolment: Enrolment
  ingestion: Ingestion
  shape: ShapeSource
  troubles: Troubles
  commands: Commands
  /** The cloud's keys as they stand now. */
  trust: () => TrustList
  database: Database
  clock: Clock
  trustForwarded: boolean
}

const noBody = new Uint8Array(0)
const commandIdSchema = z.uuid()

/** What edges call. Bodies are those of the sync protocol, without the envelope of people's API; refusals stand in problems. */
export function addSyncRoutes(
  app: App,
  {
    authenticator,
    enrolment,
    ingestion,
    shape,
    troubles,
    commands,
    trust,
    database,
    clock,
    trustForwarded,
  }: SyncRouteParts,
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
    const json = await readJson(c)
    checkProtocol(json)
    const request = enrolmentRequestSchema.parse(json)
    const response = await enrolment.enrol(request)
    enrolments.clear(address)
    return c.json(response)
  })

  const budget = new BodyBudget()
  app.post(syncPaths.batches, async (c) => {
    // The intake looks for a revocation in its transaction.
    const edge = await authenticator.recall(c.req.raw)
    refuseRevoked(edge)
    // As large as it says; as large as it may be when it says nothing that is a number.
    const said = Number(c.req.header('content-length') ?? Number.NaN)
    const claimedBytes = said >= 0 && said <= batchLimits.bytesMax ? said : batchLimits.bytesMax
    return budget.hold(edge.edgeId, claimedBytes, async () => {
      const bytes = await readBody(c, batchLimits.bytesMax, refusals.too_large.sentence)
      const { receipt } = await ingestion.receive(authenticator.verify(edge, c.req.raw, bytes), bytes)
      return c.json(receipt)
    })
  })

  app.get(syncPaths.cursor, async (c) => {
    const { tenantId, edgeId } = authenticator.verify(await authenticator.recall(c.req.raw), c.req.raw, noBody)
    const epoch = epochSchema.parse(c.req.query('epoch'))
    const keys = knowsTroublesAndTrust(c.req.query('protocol')) ? trust() : null
    const cursor = await database.withTenant(tenantId, async (tx) => {
      const edge = await findEdgeLives(tx, edgeId)
      if (edge === null) throw new RefusalError({ kind: 'unknown_edge' })
      if (edge.revoked_at !== null) throw new RefusalError({ kind: 'revoked' })
      const { epoch: currentEpoch, superseded_epochs: superseded } = edge
      const standing = epochStanding({ currentEpoch, supersededEpochs: superseded }, epoch)
      if (standing.kind === 'refuse') throw new RefusalError(standing.refusal)
      return cursorOf(tx, edgeId, epoch, keys)
    })
    return c.json(cursor)
  })

  app.post(syncPaths.troubles, async (c) => {
    const edge = await authenticator.find(c.req.raw)
    const body = new Uint8Array(await c.req.arrayBuffer())
    const identity = authenticator.verify(edge, c.req.raw, body)
    const json = parseJson(body)
    checkProtocol(json)
    await troubles.report(identity, troubleReportSchema.parse(json))
    return c.json({ protocol: protocolVersion })
  })

  const bundleTooLarge = `A bundle has ${commandLimits.bundleBytesMax} bytes at most. Leave out the oldest log lines.`
  let bundles = 0
  app.put(`${syncPaths.bundles}/:command`, async (c) => {
    const edge = await authenticator.find(c.req.raw)
    refuseRevoked(edge)
    if (bundles >= commandLimits.bundlesAtOnceMax) throw new RefusalError({ kind: 'busy', retry_after_ms: busyRetryMs })
    bundles++
    try {
      const body = await readBody(c, commandLimits.bundleBytesMax, bundleTooLarge)
      const identity = authenticator.verify(edge, c.req.raw, body)
      await commands.receiveBundle(identity, commandIdSchema.parse(c.req.param('command')), body)
      return c.json({ protocol: protocolVersion })
    } finally {
      bundles--
    }
  })

  app.get(syncPaths.shape, async (c) => {
    const identity = authenticator.verify(await authenticator.find(c.req.raw), c.req.raw, noBody)
    const query = shapeQuerySchema.parse(c.req.query())
    const { status, headers, body } = await shape.serve(identity, query, c.req.raw.signal)
    return c.body(body, status, { ...headers, 'content-type': 'application/json' })
  })
}

/**
 * What an edge calls and this program does not know is a message of a later version. To be added behind all other routes of edges.
 */
export function addUnknownSyncRoute(app: App): void {
  app.all('/sync/*', () => {
    throw new RefusalError({ kind: 'protocol_version', upgrade: 'cloud' })
  })
}

/** Before its body takes memory: only who has its id, which is no secret but not to be guessed either, learns that it was revoked. */
function refuseRevoked(edge: ClaimedEdge): void {
  if (edge.isRevoked) throw new RefusalError({ kind: 'revoked' })
}

/** Reads a body, whether or not it says its length; nothing of it is in memory before. @throws RefusalError `too_large` */
async function readBody(c: Context<AppEnv>, bytesMax: number, tooLarge: string): Promise<Uint8Array> {
  const limit = bodyLimit({
    maxSize: bytesMax,
    onError: () => {
      throw new RefusalError({ kind: 'too_large', detail: tooLarge })
    },
  })
  await limit(c, () => Promise.resolve())
  return new Uint8Array(await c.req.arrayBuffer())
}

/** Any JSON; what is none fails the schema. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
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
