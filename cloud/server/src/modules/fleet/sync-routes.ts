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
import type { Context } from 'hono'
import { z } from 'zod'
import type { App } from '../../platform/http/app.ts'
import { limitBody } from '../../platform/http/body-limit.ts'
import type { AppEnv } from '../../platform/http/env.ts'
import { countedAddressOf } from '../../platform/http/env.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { RateLimiter } from '../../platform/http/rate-limiter.ts'
import type { TrustList } from '@jidoka/sync-protocol'
import { BodyBudget } from './body-budget.ts'
import { busyRetryMs } from './busy.ts'
import { commandLimits } from './command-limits.ts'
import type { Commands } from './commands.ts'
import type { Cursors } from './cursors.ts'
import type { ClaimedEdge, EdgeAuthenticator } from './edge-identity.ts'
import type { Enrolment } from './enrolment.ts'
import type { Ingestion } from './ingestion.ts'
import { checkProtocol, knowsTroublesAndTrust } from './protocol-version.ts'
import { shapeQuerySchema } from './shape.ts'
import type { ShapeSource } from './shape.ts'
import type { Troubles } from './troubles.ts'

export interface SyncRouteParts {
  authenticator: EdgeAuthenticator
  enrolment: Enrolment
  ingestion: Ingestion
  cursors: Cursors
  shape: ShapeSource
  troubles: Troubles
  commands: Commands
  /** The cloud's keys as they stand now. */
  trust: () => TrustList
  clock: Clock
  trustForwarded: boolean
  limiter: RateLimiter
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
    cursors,
    shape,
    troubles,
    commands,
    trust,
    clock,
    trustForwarded,
    limiter,
  }: SyncRouteParts,
): void {
  // The time of this end on every answer: an edge whose clock is off signs with it from then on.
  app.use('/sync/*', async (c, next) => {
    await next()
    // Past `c.header`, which would make a new answer of this one, by way of a web stream.
    c.res.headers.set(signatureHeaders.time, String(clock.nowMs()))
    c.res.headers.set('cache-control', 'no-store')
  })

  app.post(syncPaths.enrol, async (c) => {
    const address = countedAddressOf(c, trustForwarded)
    await limiter.take([{ policy: 'enrolment', who: address }], c)
    const json = await readJson(c)
    checkProtocol(json)
    const request = enrolmentRequestSchema.parse(json)
    const response = await enrolment.enrol(request)
    await limiter.clear({ policy: 'enrolment', who: address })
    return c.json(response)
  })

  const budget = new BodyBudget()
  const batchBody = limitBody(
    batchLimits.bytesMax,
    () => new RefusalError({ kind: 'too_large', detail: refusals.too_large.sentence }),
  )
  app.post(syncPaths.batches, batchBody, async (c) => {
    // The intake looks for a revocation in its transaction.
    const edge = await authenticator.recall(c.req.raw)
    refuseRevoked(edge)
    // As large as it says; as large as it may be when it says nothing that is a number.
    const said = Number(c.req.header('content-length') ?? Number.NaN)
    const claimedBytes = said >= 0 && said <= batchLimits.bytesMax ? said : batchLimits.bytesMax
    return budget.hold(edge.edgeId, claimedBytes, async () => {
      const bytes = await readBody(c)
      const { receipt } = await ingestion.receive(await authenticator.verify(edge, c.req.raw, bytes), bytes)
      return c.json(receipt)
    })
  })

  app.get(syncPaths.cursor, async (c) => {
    const identity = await authenticator.verify(await authenticator.recall(c.req.raw), c.req.raw, noBody)
    const epoch = epochSchema.parse(c.req.query('epoch'))
    const keys = knowsTroublesAndTrust(c.req.query('protocol')) ? trust() : null
    return c.json(await cursors.of(identity, epoch, keys))
  })

  app.post(syncPaths.troubles, async (c) => {
    const edge = await authenticator.find(c.req.raw)
    const body = await readBody(c)
    const identity = await authenticator.verify(edge, c.req.raw, body)
    const json = parseJson(body)
    checkProtocol(json)
    await troubles.report(identity, troubleReportSchema.parse(json))
    return c.json({ protocol: protocolVersion })
  })

  const bundleTooLarge = `A bundle has ${commandLimits.bundleBytesMax} bytes at most. Leave out the oldest log lines.`
  const bundleBody = limitBody(
    commandLimits.bundleBytesMax,
    () => new RefusalError({ kind: 'too_large', detail: bundleTooLarge }),
  )
  let bundles = 0
  app.put(`${syncPaths.bundles}/:command`, bundleBody, async (c) => {
    const edge = await authenticator.find(c.req.raw)
    refuseRevoked(edge)
    if (bundles >= commandLimits.bundlesAtOnceMax) throw new RefusalError({ kind: 'busy', retry_after_ms: busyRetryMs })
    bundles++
    try {
      const body = await readBody(c)
      const identity = await authenticator.verify(edge, c.req.raw, body)
      await commands.receiveBundle(identity, commandIdSchema.parse(c.req.param('command')), body)
      return c.json({ protocol: protocolVersion })
    } finally {
      bundles--
    }
  })

  app.get(syncPaths.shape, async (c) => {
    const identity = await authenticator.verify(await authenticator.find(c.req.raw), c.req.raw, noBody)
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

/** Nothing of a body is in memory before. */
async function readBody(c: Context<AppEnv>): Promise<Uint8Array> {
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
