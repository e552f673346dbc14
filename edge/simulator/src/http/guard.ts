import type { MiddlewareHandler } from 'hono'
import { problemResponse } from './problem.ts'

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Nobody signs in here, so only this machine may come: the socket is bound to loopback, a foreign `Host` is a name that
 * somebody pointed at it (DNS rebinding), and a foreign `Origin` is another site's page that uses this browser.
 */
export const onlyFromHere: MiddlewareHandler = async (context, next) => {
  const url = new URL(context.req.url)
  if (!loopbackNames.has(url.hostname))
    return problemResponse('not_permitted', 'The simulator answers only under localhost, 127.0.0.1 or [::1].')
  const origin = context.req.header('origin')
  if (origin !== undefined && origin !== url.origin)
    return problemResponse('not_permitted', `Pages of ${origin} may not control the simulator.`)
  return next()
}
