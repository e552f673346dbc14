import type { Tracer } from '@jidoka/base'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { AppEnv } from './http/env.ts'

/**
 * Each request as a trace, or as a part of its sender's. It is called by its route: an address may hold what is somebody's. A request that waits for news is
 * under way for as long as it waits.
 */
export function traceRequests(tracer: Tracer): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    const { method } = c.req
    const traceparent = c.req.header('traceparent')
    return tracer.begin(method, { kind: 'server', traceparent }, async (span) => {
      await next()
      if (!span.isRecorded) return
      const route = routePath(c)
      const { status } = c.res
      const tenant: string | undefined = c.var.caller?.tenantId
      span.rename(`${method} ${route}`)
      span.set({
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        'jidoka.request_id': c.var.requestId,
        ...(tenant === undefined ? {} : { 'jidoka.tenant': tenant }),
      })
      // What the sender did wrong is no failure of ours.
      if (status >= 500) span.fail(c.error ?? new Error(String(status)))
    })
  }
}
