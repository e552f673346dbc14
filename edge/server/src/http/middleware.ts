import { timingSafeEqual } from 'node:crypto'
import { uuidv7 } from '@jidoka/base'
import { edgePaths } from '@jidoka/contract'
import type { MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import type { Principal } from '../users/user-directory.ts'
import type { EdgeEnv, EdgeServices } from './context.ts'
import { addressOf, signedIn } from './context.ts'
import { httpLimits } from './limits.ts'
import { HttpProblem } from './problem.ts'
import { RateWindow } from './rate-window.ts'

export const sessionCookie = 'jidoka_session'

/** A request's id: the caller's when it is a sane one, so that a trace goes through, else a new one. */
export const requestId: MiddlewareHandler<EdgeEnv> = async (c, next) => {
  const given = c.req.header('x-request-id')
  c.set('requestId', given !== undefined && /^[A-Za-z0-9._-]{8,64}$/.test(given) ? given : uuidv7())
  await next()
  c.header('x-request-id', c.get('requestId'))
}

export function rateLimit({ clock }: Pick<EdgeServices, 'clock'>): MiddlewareHandler<EdgeEnv> {
  const rates = new RateWindow(clock)
  return async (c, next) => {
    const retryAfterS = rates.count(addressOf(c))
    if (retryAfterS !== null)
      throw new HttpProblem('too_many_requests', `This address asks too often. Try again in ${retryAfterS} s.`, {
        retryAfterS,
      })
    await next()
  }
}

/**
 * A page of another site must not act with this site's cookie. SameSite=Strict keeps the cookie back; this refuses also
 * what old browsers send. Programs send neither header.
 */
export const sameOriginOnly: MiddlewareHandler<EdgeEnv> = async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    const origin = c.req.header('origin')
    const fetchSite = c.req.header('sec-fetch-site')
    const isForeign =
      origin === undefined
        ? fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none'
        : hostOf(origin) !== c.req.header('host')
    if (isForeign)
      throw new HttpProblem(
        'not_permitted',
        'Another site asked for this. Open the appliance by its own address and try again.',
      )
  }
  await next()
}

/** Finds out who asks; the routes decide whether that is enough. */
export function identify({
  users,
  sessions,
  cliToken,
}: Pick<EdgeServices, 'users' | 'sessions' | 'cliToken'>): MiddlewareHandler<EdgeEnv> {
  const expected = Buffer.from(`Bearer ${cliToken}`)
  const commandLine: Principal = {
    login: 'cli',
    user: { login: 'cli', name: 'Command line', role: 'admin', locale: 'en' },
    isAlive: () => true,
  }
  return async (c, next) => {
    c.set('principal', null)
    c.set('session', null)
    const authorization = c.req.header('authorization')
    const token = getCookie(c, sessionCookie)
    if (authorization !== undefined) {
      const given = Buffer.from(authorization)
      if (given.length === expected.length && timingSafeEqual(given, expected)) c.set('principal', commandLine)
    } else if (token !== undefined) {
      const session = sessions.find(token, users.passwordHashOf)
      const user = session && users.find(session.login)
      if (session && user) {
        c.set('session', session)
        c.set('principal', { login: user.login, user, isAlive: () => sessions.isAlive(session, users.passwordHashOf) })
      }
    }
    await next()
  }
}

/** What anybody may ask for: to come in, and to go. */
const openPaths: ReadonlySet<string> = new Set([edgePaths.login, edgePaths.logout])

/** Before anything of a request is looked at: a stranger learns nothing of the schemas from what is wrong with a question. */
export const signedInFirst: MiddlewareHandler<EdgeEnv> = async (c, next) => {
  if (!openPaths.has(c.req.path)) signedIn(c)
  await next()
}

/** A store that cannot write must answer in a sentence and not hold the caller; the change may still happen later. */
export function answerInTime({ clock }: Pick<EdgeServices, 'clock'>): MiddlewareHandler<EdgeEnv> {
  return async (_, next) => {
    let cancel: () => void = () => {}
    const late = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(httpLimits.answerTimeoutMs, () =>
        reject(
          new HttpProblem(
            'unavailable',
            'The appliance did not answer in time. Look at the state of its disk on the sync page and try again.',
            { retryAfterS: 5 },
          ),
        ),
      )
    })
    try {
      await Promise.race([next(), late])
    } finally {
      cancel()
    }
  }
}

export function securityHeaders({ behindTls }: Pick<EdgeServices, 'behindTls'>): MiddlewareHandler<EdgeEnv> {
  return async (c, next) => {
    await next()
    const headers = c.res.headers
    if (!headers.has('content-security-policy')) headers.set('content-security-policy', contentSecurityPolicy())
    headers.set('x-content-type-options', 'nosniff')
    headers.set('x-frame-options', 'DENY')
    headers.set('referrer-policy', 'no-referrer')
    headers.set('cross-origin-opener-policy', 'same-origin')
    headers.set('cross-origin-resource-policy', 'same-origin')
    headers.set('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=()')
    if (behindTls) headers.set('strict-transport-security', 'max-age=31536000; includeSubDomains')
    if (c.req.path.startsWith('/api/') && !headers.has('cache-control')) headers.set('cache-control', 'no-store')
  }
}

/** Everything from this appliance alone: it must work with no line out. `extra` allows one inline style by its hash. */
export const contentSecurityPolicy = (styleHash?: string): string =>
  [
    "default-src 'self'",
    `style-src 'self'${styleHash === undefined ? '' : ` '${styleHash}'`}`,
    // Rules are tried out in the browser by the same WebAssembly that runs on the appliance.
    "script-src 'self' 'wasm-unsafe-eval'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
