import { randomUUID } from 'node:crypto'
import type { Clock, Log, Tracer } from '@jidoka/base'
import { methodLabel, OperationalError, silentTracer } from '@jidoka/base'
import { OpenAPIHono } from '@hono/zod-openapi'
import { routePath } from 'hono/route'
import type { Metrics } from '../metrics.ts'
import { traceRequests } from '../tracing-requests.ts'
import { limitBody } from './body-limit.ts'
import { compressed } from './compression.ts'
import { cors, refuseForeignPages } from './cross-origin.ts'
import { takeOnlyDeclared } from './declared.ts'
import type { AppEnv, Caller } from './env.ts'
import { httpLimits } from './limits.ts'
import { answerUnrouted } from './methods.ts'
import { ProblemError, problemCause, toHttpProblem } from './problem.ts'
import { securityHeaders } from './security-headers.ts'
import { isOfPeople, limitTime } from './time-limit.ts'

export interface AppOptions {
  log: Log
  metrics: Metrics
  clock: Clock
  /** Whether people reach this program by https, so that browsers are told to insist on it. */
  https: boolean
  /** Absent: nothing is recorded. */
  tracer?: Tracer
  /** Origins of other programs' pages that may use the API; absent: none. */
  corsOrigins?: readonly string[]
}

export type App = OpenAPIHono<AppEnv>

/** As `isOfPeople` says. */
const pathsOfPeople = ['/api/*', '/bff/*']

/** Longer than that and somebody waits. */
const slowMs = 1_000

/** Paths with a body limit of their own, set at their routes. */
export const largeBodies =
  /^\/sync\/v1\/(batches|repairs|bundles\/[^/]+)$|^\/api\/v1\/fleet\/courier(\/|$)|^\/api\/v1\/fleet\/edges\/[^/]+\/desired\/|^\/api\/v1\/objects\/uploads\/./

/** An application with everything that is the same for all routes: request id, log, metrics, limits, security headers, errors. */
export function createApp({ log, metrics, clock, https, corsOrigins = [], tracer = silentTracer }: AppOptions): App {
  const app = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw result.error
    },
  })

  takeOnlyDeclared(app)

  app.use(traceRequests(tracer))
  const everywhere = securityHeaders(https)
  app.use(async (c, next) => {
    const startMs = clock.monotonicMs()
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    c.set('startMs', startMs)
    // Said before there is an answer: each that is put into one later would make hono copy it.
    for (const [name, value] of everywhere) c.header(name, value)
    c.header('x-request-id', requestId)
    if (isOfPeople(c.req.path)) {
      c.header('cache-control', 'no-store')
      c.header('vary', 'accept-encoding')
    }
    const waitsForNews = c.req.path.endsWith('/stream') || c.req.query('live') === 'true'
    if (!waitsForNews) metrics.requestQueue.inc()
    await next()
    if (!waitsForNews) metrics.requestQueue.dec()
    // It has the head alone, and nobody would ever read the body: a stream of events would stay open for good.
    if (c.req.method === 'HEAD') await c.res.body?.cancel()
    const durationMs = clock.monotonicMs() - startMs
    // Of what has answered; the last that would match may be one that answers what no other does.
    const route = routePath(c)
    const method = methodLabel(c.req.method)
    metrics.requests.inc({ method, route, status: String(c.res.status) })
    if (!waitsForNews) metrics.requestSeconds.observe({ method, route }, durationMs / 1_000)
    const caller: Caller | undefined = c.var.caller
    const { status } = c.res
    // Those who ask too often would fill the disk; a metric counts them.
    const isTold = (status >= 400 && status !== 429) || (!waitsForNews && durationMs > slowMs)
    log[isTold ? 'info' : 'debug']({
      action: `${method} ${route}`,
      requestId,
      userId: caller?.login,
      status,
      duration: Math.round(durationMs),
      success: status < 400,
    })
  })

  // Answers of programs; the console's files lie compressed already or are small.
  const compress = compressed()
  app.use('/openapi.json', compress)
  app.use('/docs', compress)
  const foreign = refuseForeignPages(corsOrigins)
  for (const path of pathsOfPeople) {
    app.use(path, compress)
    if (corsOrigins.length > 0) app.use(path, cors(corsOrigins))
    app.use(path, foreign)
  }
  app.use(limitTime(clock))
  const smallBodies = limitBody(
    httpLimits.bodyBytesMax,
    () => new ProblemError('too_large', `The body is larger than ${httpLimits.bodyBytesMax} bytes. Send less at once.`),
  )
  app.use((c, next) => (largeBodies.test(c.req.path) ? next() : smallBodies(c, next)))
  app.onError((error, c) => {
    // What it was doing fails, as it is stopped; the status is what proxies call this in their logs, and is sent to nobody.
    if (c.get('callerLeft') === true) return c.newResponse(null, 499 as 500)
    const requestId = c.var.requestId
    const { status, body, headers, ours } = toHttpProblem(error, requestId)
    if (body.refusal !== undefined) metrics.syncRefusals.inc({ reason: body.refusal.kind })
    if (ours)
      log.error(
        {
          // Not the path: a link to a file is its own key.
          action: `${methodLabel(c.req.method)} ${routePath(c)}`,
          requestId,
          userId: (c.var.caller as Caller | undefined)?.login,
          duration: Math.round(clock.monotonicMs() - c.var.startMs),
          success: false,
          // While a server is away it is every request, and its stack says nothing that the sentence does not.
          ...(error instanceof OperationalError ? {} : { stack: error.stack }),
        },
        problemCause(error),
      )
    return c.newResponse(JSON.stringify(body), status as 500, {
      ...headers,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    })
  })
  app.notFound((c) => answerUnrouted(app, c))
  return app
}
