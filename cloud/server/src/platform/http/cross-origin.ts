import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './env.ts'
import { ProblemError } from './problem.ts'

const allowedHeaders = 'authorization, content-type, idempotency-key, if-none-match, x-request-id'
const exposedHeaders =
  'etag, idempotency-replayed, ratelimit, ratelimit-policy, retry-after, x-request-id, content-disposition'
/** Ten minutes: a list that was shortened holds soon, and no page asks before each request. */
const maxAgeS = 600

/**
 * Lets pages of these origins use the API with a token of their own. Cookies are not theirs: they are never allowed to come along. A page of any other origin
 * hears nothing of what is answered.
 */
export function cors(origins: readonly string[]): MiddlewareHandler<AppEnv> {
  const allowed = new Set(origins)
  return async (c, next) => {
    // What one origin is answered is not for another.
    c.header('vary', 'accept-encoding, origin')
    const origin = c.req.header('origin')
    if (origin === undefined || !allowed.has(origin)) return next()
    c.header('access-control-allow-origin', origin)
    c.header('access-control-expose-headers', exposedHeaders)
    if (c.req.method !== 'OPTIONS' || c.req.header('access-control-request-method') === undefined) return next()
    return c.body(null, 204, {
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      'access-control-allow-headers': allowedHeaders,
      'access-control-max-age': String(maxAgeS),
    })
  }
}

/**
 * Refuses what pages elsewhere, also on a neighbouring name of this one, would change: a browser says by itself where a request comes from. Over plain http it says
 * its origin alone, which is then held against the name that it has asked for. SameSite cookies keep other sites away, and not one's own neighbours.
 */
export function refuseForeignPages(origins: readonly string[]): MiddlewareHandler<AppEnv> {
  const allowed = new Set(origins)
  return (c, next) => {
    if (!isForeign(c.req.header('sec-fetch-site'), c.req.header('origin'), c.req.url)) return next()
    if (c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.method === 'OPTIONS') return next()
    if (allowed.has(c.req.header('origin') ?? '')) return next()
    throw new ProblemError(
      'not_permitted',
      'This came from a page of another address. Use the console of this cloud, or have the address added to JIDOKA_CLOUD_CORS_ORIGINS.',
    )
  }
}

function isForeign(site: string | undefined, origin: string | undefined, url: string): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== new URL(url).host
}
