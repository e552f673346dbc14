import type { Clock } from '@jidoka/base'
import { methodLabel } from '@jidoka/base'
import { edgePaths } from '@jidoka/contract'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { EdgeEnv } from './context.ts'
import type { RequestMeter } from '../metrics/request-meter.ts'

export function measureRequests(meter: RequestMeter, clock: Clock): MiddlewareHandler<EdgeEnv> {
  return async (c, next) => {
    const startMs = clock.monotonicMs()
    await next()
    const seconds = c.req.path === edgePaths.stream ? null : (clock.monotonicMs() - startMs) / 1_000
    meter.requested(methodLabel(c.req.method), routePath(c), c.res.status, seconds)
  }
}
