import { OpenAPIHono } from '@hono/zod-openapi'
import { silentTracer } from '@jidoka/base'
import { edgePaths } from '@jidoka/contract'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import type { EdgeEnv, EdgeServices } from './context.ts'
import { docsPage, docsStyleHash } from './docs-page.ts'
import { httpLimits } from './limits.ts'
import { measureRequests } from './measure-requests.ts'
import {
  answerInTime,
  contentSecurityPolicy,
  identify,
  rateLimit,
  requestId,
  sameOriginOnly,
  signedInFirst,
  securityHeaders,
  sessionCookie,
} from './middleware.ts'
import { HttpProblem, notFound } from './problem.ts'
import { invalidInput, problemResponse } from './problem-response.ts'
import { authRoutes } from './routes/auth.ts'
import { boardRoutes } from './routes/board.ts'
import { commandRoutes } from './routes/commands.ts'
import { courierRoutes } from './routes/courier.ts'
import { judgmentRoutes } from './routes/judgments.ts'
import { operationRoutes } from './routes/operations.ts'
import { receiptRoutes } from './routes/receipts.ts'
import { syncRoutes } from './routes/sync.ts'
import { tagRoutes } from './routes/tags.ts'
import { staticFiles } from './static-files.ts'
import { traceRequests } from '../tracing/trace-requests.ts'

/** The appliance's HTTP side as a function from request to answer; tests call it by `app.request()`. */
export function createApp(services: EdgeServices): OpenAPIHono<EdgeEnv> {
  const app = new OpenAPIHono<EdgeEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalidInput(result.error)
    },
  })
  app.onError((error, c) => problemResponse(error, c, services.log))
  app.notFound((c) => problemResponse(notFound(`"${c.req.path}" here; see /docs`), c, services.log))

  app.use(traceRequests(services.tracer ?? silentTracer))
  if (services.meter !== undefined) app.use(measureRequests(services.meter, services.clock))
  app.use(requestId, securityHeaders(services))
  // 1 KiB: below it the gzip header costs more than it saves.
  app.use(compress({ threshold: 1_024 }))
  const smallBodies = bodyLimit({
    maxSize: httpLimits.bodyBytesMax,
    onError: () => {
      throw new HttpProblem('too_large', `A body may have ${httpLimits.bodyBytesMax} bytes at most.`)
    },
  })
  app.use(
    '/api/*',
    rateLimit(services),
    exceptCourier(smallBodies),
    sameOriginOnly,
    identify(services),
    signedInFirst,
    exceptCourier(answerInTime(services)),
  )

  operationRoutes(app, services)
  authRoutes(app, services)
  boardRoutes(app, services)
  tagRoutes(app, services)
  judgmentRoutes(app, services)
  syncRoutes(app, services)
  receiptRoutes(app, services)
  courierRoutes(app, services)
  commandRoutes(app, services)
  describeApi(app, services.version)
  staticFiles(app, services.webFolder)
  return app
}

/** A courier file goes to the disk as it comes, with a bound of its own, and applying it takes longer than an answer may. */
const exceptCourier =
  (limit: MiddlewareHandler<EdgeEnv>): MiddlewareHandler<EdgeEnv> =>
  (c, next) =>
    c.req.path === edgePaths.courierImport ? next() : limit(c, next)

function describeApi(app: OpenAPIHono<EdgeEnv>, version: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie,
  })
  const config = { openapi: '3.1.0', info: { title: 'Jidoka edge', version } }
  // Made at the first question: it takes some 50 ms and most starts are never asked.
  let document: ReturnType<typeof app.getOpenAPI31Document> | null = null
  const describe = () => (document ??= app.getOpenAPI31Document(config))
  app.get('/openapi.json', (c) => c.json(describe()))
  app.get('/docs', (c) =>
    c.html(docsPage(describe()), 200, { 'content-security-policy': contentSecurityPolicy(docsStyleHash) }),
  )
}
