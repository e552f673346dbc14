import type { Tracer } from '@jidoka/base'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { EdgeEnv } from '../http/context.ts'

/** Each request of a board or a program as a trace, called by its route: an address may hold what is somebody's. */
export function traceRequests(tracer: Tracer): MiddlewareHandler<EdgeEnv> {
  return (c, next) => {
    const { method } = c.req
    const traceparent = c.req.header('traceparent')
    return tracer.begin(method, { kind: 'server', traceparent }, async (span) => {
      await next()
      if (!span.isRecorded) return
      const route = routePath(c)
      span.rename(`${method} ${route}`)
      span.set({ 'http.request.method': method, 'http.route': route, 'http.response.status_code': c.res.status })
      if (c.res.status >= 500) span.fail(c.error ?? new Error(String(c.res.status)))
    })
  }
}
