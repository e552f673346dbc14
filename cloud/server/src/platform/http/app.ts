import { randomUUID } from 'node:crypto'
import type { Clock, Log } from '@jidoka/base'
import { OpenAPIHono } from '@hono/zod-openapi'
import { compress } from 'hono/compress'
import { routePath } from 'hono/route'
import { secureHeaders } from 'hono/secure-headers'
import type { Metrics } from '../metrics.ts'
import { limitBody } from './body-limit.ts'
import type { AppEnv } from './env.ts'
import { httpLimits } from './limits.ts'
import { ProblemError, problemCause, toHttpProblem } from './problem.ts'

export interface AppOptions {
  log: Log
  metrics: Metrics
  clock: Clock
  /** Whether people reach this program by https, so that browsers are told to insist on it. */
  https: boolean
}

export type App = OpenAPIHono<AppEnv>

/** Paths with a body limit of their own, set at their routes. */
const largeBodies =
  /^\/sync\/v1\/(batches|repairs|bundles\/[^/]+)$|^\/api\/v1\/fleet\/courier(\/|$)|^\/api\/v1\/fleet\/edges\/[^/]+\/desired\//

/** An application with everything that is the same for all routes: request id, log, metrics, limits, security headers, errors. */
export function createApp({ log, metrics, clock, https }: AppOptions): App {
  const app = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw result.error
    },
  })

  app.use(async (c, next) => {
    const startMs = clock.monotonicMs()
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    await next()
    c.header('x-request-id', requestId)
    const durationMs = clock.monotonicMs() - startMs
    const route = routePath(c, -1)
    const method = c.req.method
    metrics.requests.inc({ method, route, status: String(c.res.status) })
    if (!c.req.path.endsWith('/stream') && c.req.query('live') !== 'true')
      metrics.requestSeconds.observe({ method, route }, durationMs / 1_000)
    log.debug({
      action: `${method} ${route}`,
      requestId,
      status: c.res.status,
      duration: Math.round(durationMs),
      success: c.res.status < 400,
    })
  })

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        // Charts and components set sizes by style attributes.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        // Rules run in WebAssembly in the editor's try-out.
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        workerSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        formAction: ["'self'"],
      },
      strictTransportSecurity: https ? 'max-age=31536000; includeSubDomains' : false,
      referrerPolicy: 'no-referrer',
      xFrameOptions: 'DENY',
    }),
  )

  // Answers of programs; the console's files lie compressed already or are small.
  app.use('/api/*', compress({ encoding: 'gzip' }))
  const smallBodies = limitBody(
    httpLimits.bodyBytesMax,
    () => new ProblemError('too_large', `The body is larger than ${httpLimits.bodyBytesMax} bytes. Send less at once.`),
  )
  app.use((c, next) => (largeBodies.test(c.req.path) ? next() : smallBodies(c, next)))
  app.use('/api/*', async (c, next) => {
    await next()
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
  })

  app.onError((error, c) => {
    const requestId = c.var.requestId
    const { status, body, headers, ours } = toHttpProblem(error, requestId)
    if (body.refusal !== undefined) metrics.syncRefusals.inc({ reason: body.refusal.kind })
    if (ours)
      log.error(
        { action: `${c.req.method} ${c.req.path}`, requestId, success: false, stack: error.stack },
        problemCause(error),
      )
    return c.newResponse(JSON.stringify(body), status as 500, {
      ...headers,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    })
  })
  app.notFound(() => {
    throw new ProblemError(
      'not_found',
      'There is nothing at this address. The addresses of the API are listed at /docs.',
    )
  })
  return app
}
