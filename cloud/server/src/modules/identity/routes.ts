import { changePasswordSchema, cloudPaths, loginRequestSchema, sessionSchema, userSchema } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { may } from '@jidoka/domain'
import type { App } from '../../platform/http/app.ts'
import type { AppEnv, Guard } from '../../platform/http/env.ts'
import { countedAddressOf } from '../../platform/http/env.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import type { RateLimiter } from '../../platform/http/rate-limiter.ts'
import { answers, jsonBody, nothing, reply } from '../../platform/http/reply.ts'
import { LoginLimit } from './login-limit.ts'
import type { IdentityPort } from './port.ts'
import type { IdentityService } from './service.ts'
import { refreshS } from './service.ts'

const cookieName = 'jidoka_refresh'
/** The cookie goes to these routes alone. */
const cookiePath = '/api/v1/auth'
const tags = ['identity']

/** Checks the access token of the Authorization header, then how often its holder and tenant have asked, then the permission. */
export function createGuard(
  identity: IdentityPort,
  { limiter, trustForwarded }: { limiter: RateLimiter; trustForwarded: boolean },
): Guard {
  const authenticate = async (c: Context<AppEnv>) => {
    const token = /^Bearer (\S{1,8192})$/.exec(c.req.header('authorization') ?? '')?.[1]
    const stranger = { policy: 'api_stranger', who: countedAddressOf(c, trustForwarded) } as const
    try {
      if (token === undefined) throw new ProblemError('not_signed_in', 'Sign in first.')
      return await identity.authenticate(token, () => limiter.check(stranger))
    } catch (error) {
      await limiter.take([stranger], c)
      throw error
    }
  }
  return (permission): MiddlewareHandler<AppEnv> =>
    async (c, next) => {
      const caller = await authenticate(c)
      const { tenantId, login } = caller
      await limiter.take(
        [
          { policy: 'api_user', who: `${tenantId} ${login}` },
          { policy: 'api_tenant', who: tenantId },
        ],
        c,
      )
      if (permission !== null && !may(caller.role, permission)) {
        throw new ProblemError(
          'not_permitted',
          `Your role may not do this; it takes the permission ${permission}. Ask an administrator.`,
        )
      }
      c.set('caller', caller)
      await next()
    }
}

export function addIdentityRoutes(
  app: App,
  {
    service,
    guard,
    https,
    trustForwarded,
    limiter,
  }: { service: IdentityService; guard: Guard; https: boolean; trustForwarded: boolean; limiter: RateLimiter },
): void {
  const logins = new LoginLimit(limiter)
  const strangerOf = (c: Context<AppEnv>) =>
    ({ policy: 'api_stranger', who: countedAddressOf(c, trustForwarded) }) as const
  const cookie = { path: cookiePath, httpOnly: true, sameSite: 'Strict', secure: https } as const
  const keep = (c: Context<AppEnv>, token: string) => setCookie(c, cookieName, token, { ...cookie, maxAge: refreshS })

  app.openAPIRegistry.registerComponent('securitySchemes', 'refresh', {
    type: 'apiKey',
    in: 'cookie',
    name: cookieName,
    description: 'Set by signing in, and replaced with each use',
  })

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.login,
      tags,
      summary: 'Sign in; the refresh token comes as a cookie',
      security: [],
      request: { body: jsonBody(loginRequestSchema) },
      responses: answers(sessionSchema, 'Signed in'),
    }),
    async (c) => {
      const { login, password } = c.req.valid('json')
      const address = countedAddressOf(c, trustForwarded)
      await logins.begin(login, address, c)
      const { session, refreshToken } = await service.login(login, password)
      await logins.succeeded(login, address)
      keep(c, refreshToken)
      return reply(c, session)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.refresh,
      tags,
      summary: 'A new access token for the refresh cookie, which is replaced',
      security: [{ refresh: [] }],
      responses: answers(sessionSchema, 'Signed in'),
    }),
    async (c) => {
      const token = getCookie(c, cookieName)
      if (token === undefined) throw new ProblemError('not_signed_in', 'Sign in first.')
      const stranger = strangerOf(c)
      await limiter.check(stranger)
      // A session that goes on counts nothing: everybody of a plant may come from one address.
      const { session, refreshToken } = await service.refresh(token).catch(async (error: unknown) => {
        await limiter.take([stranger], c)
        throw error
      })
      keep(c, refreshToken)
      return reply(c, session)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.logout,
      tags,
      summary: 'Sign out',
      // Whoever has no cookie any more is signed out.
      security: [{ refresh: [] }, {}],
      responses: answers(nothing, 'Signed out'),
    }),
    async (c) => {
      const token = getCookie(c, cookieName)
      await limiter.take([strangerOf(c)], c)
      if (token !== undefined) await service.logout(token)
      deleteCookie(c, cookieName, cookie)
      return reply(c, {})
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.sessions,
      tags,
      summary: 'Sign out everywhere: in this browser and in all others',
      middleware: guard(null),
      responses: answers(nothing, 'Signed out'),
    }),
    async (c) => {
      await service.endAll(c.var.caller)
      deleteCookie(c, cookieName, cookie)
      return reply(c, {})
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.password,
      tags,
      summary: 'Change the own password; every other sign-in ends, and this one goes on with what is answered',
      middleware: guard(null),
      request: { body: jsonBody(changePasswordSchema) },
      responses: answers(sessionSchema, 'Changed, and signed in anew'),
    }),
    async (c) => {
      const { caller } = c.var
      const address = countedAddressOf(c, trustForwarded)
      await logins.begin(caller.login, address, c)
      const { session, refreshToken } = await service.changePassword(caller, c.req.valid('json'))
      await logins.succeeded(caller.login, address)
      keep(c, refreshToken)
      return reply(c, session)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.me,
      tags,
      summary: 'Who is signed in',
      middleware: guard(null),
      responses: answers(userSchema, 'The caller'),
    }),
    async (c) => reply(c, await service.me(c.var.caller)),
  )
}
