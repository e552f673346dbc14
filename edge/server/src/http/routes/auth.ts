import { changePasswordSchema, edgePaths, loginRequestSchema, userSchema } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import { z } from 'zod'
import { sessionLimits } from '../../users/sessions.ts'
import { userView } from '../../users/user-directory.ts'
import { answers, body, enclose, signedInSecurity } from '../answers.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { addressOf, signedIn } from '../context.ts'
import { sessionCookie } from '../middleware.ts'
import { HttpProblem } from '../problem.ts'

const tags = ['Sign-in']
const done = z.object({ done: z.literal(true) })

const login = createRoute({
  method: 'post',
  path: edgePaths.login,
  tags,
  summary: 'Sign in',
  description: 'Sets an HTTP-only session cookie. 20 attempts in 15 minutes by login and address.',
  request: body(loginRequestSchema),
  responses: answers(userSchema, 'Who is signed in'),
})
const logout = createRoute({
  method: 'post',
  path: edgePaths.logout,
  tags,
  summary: 'Sign out',
  responses: answers(done, 'The session has ended'),
})
const me = createRoute({
  method: 'get',
  path: edgePaths.me,
  tags,
  summary: 'Who is signed in',
  security: signedInSecurity,
  responses: answers(userSchema, 'The user'),
})
const password = createRoute({
  method: 'post',
  path: edgePaths.password,
  tags,
  summary: 'Change the own password',
  description: 'Every other session of this user ends.',
  security: signedInSecurity,
  request: body(changePasswordSchema),
  responses: answers(done, 'The password is changed'),
})

export function authRoutes(app: OpenAPIHono<EdgeEnv>, services: EdgeServices): void {
  const { users, sessions, limiter, pipeline, clock, log } = services

  const giveCookie = async (c: Context<EdgeEnv>, userLogin: string, passwordHash: string): Promise<void> => {
    setCookie(c, sessionCookie, await sessions.create(userLogin, passwordHash), {
      httpOnly: true,
      sameSite: 'Strict',
      secure: services.behindTls,
      path: '/',
      maxAge: sessionLimits.ageMs / 1_000,
    })
  }
  const audit = (actor: string, action: string, address: string): Promise<void> =>
    pipeline.appendRecord({
      kind: 'audit',
      at_ms: clock.nowMs(),
      body: { actor, action, subject: actor, detail: { address } },
    })

  /** Checks a password under the limits of attempts. */
  const checkPassword = async (c: Context<EdgeEnv>, userLogin: string, given: string) => {
    const address = addressOf(c)
    const blocked = limiter.begin(userLogin, address)
    if (blocked) {
      const minutes = Math.ceil(blocked.retryAfterS / 60)
      throw new HttpProblem(
        'too_many_requests',
        `Too many wrong attempts. Try again in ${minutes} min, or ask an administrator.`,
        blocked,
      )
    }
    const user = await users.authenticate(userLogin, given)
    if (user === null) {
      log.warn({ action: 'login', userId: userLogin, success: false, address }, 'wrong login or password')
      throw new HttpProblem('wrong_credentials', 'The login or the password is wrong. Both are case-sensitive.')
    }
    limiter.succeeded(userLogin, address)
    return user
  }

  app.openapi(login, async (c) => {
    const request = c.req.valid('json')
    const user = await checkPassword(c, request.login, request.password)
    await giveCookie(c, user.login, user.passwordHash)
    await audit(user.login, 'signed_in', addressOf(c))
    log.info({ action: 'login', userId: user.login, success: true }, 'signed in')
    return c.json(enclose(c, userView(user)), 200)
  })

  app.openapi(logout, async (c) => {
    const session = c.get('session')
    if (session) {
      await sessions.end(session)
      await audit(session.login, 'signed_out', addressOf(c))
    }
    deleteCookie(c, sessionCookie, { path: '/' })
    return c.json(enclose(c, { done: true as const }), 200)
  })

  app.openapi(me, (c) => c.json(enclose(c, userView(signedIn(c).user)), 200))

  app.openapi(password, async (c) => {
    const principal = signedIn(c)
    const stored = users.find(principal.login)
    if (stored === null)
      throw new HttpProblem('not_permitted', 'The command line has no password. Sign in as a person.')
    if (stored.origin === 'desired')
      throw new HttpProblem(
        'conflict',
        'This user comes from the cloud. Change the password there; it reaches this appliance by itself.',
      )
    const { current, next } = c.req.valid('json')
    const user = await checkPassword(c, stored.login, current)
    const changed = await users.changePassword(user, next)
    await giveCookie(c, changed.login, changed.passwordHash)
    await audit(changed.login, 'password_changed', addressOf(c))
    return c.json(enclose(c, { done: true as const }), 200)
  })
}
