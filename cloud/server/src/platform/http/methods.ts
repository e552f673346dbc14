import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { AppEnv } from './env.ts'
import { ProblemError } from './problem.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** What a path may be asked with, as `Allow` says it; empty where there is nothing. */
export function allowedMethods(app: OpenAPIHono<AppEnv>, path: string): string[] {
  const fitting = methods.flatMap((method) =>
    app.router
      .match(method, path)[0]
      // What stands before all routes is of no method; the console answers every path that is not a program's.
      .flatMap(([[, route]]) => (route.method === method && !route.path.endsWith('*') ? [route] : [])),
  )
  const named = fitting.filter((route) => route.path === path)
  const declared = new Set((named.length > 0 ? named : fitting).map(({ method }) => method))
  return [...declared].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
}

/** What no route has taken: there is none for its path, or one for another method (RFC 9110, 15.5.6). */
export function answerUnrouted(app: OpenAPIHono<AppEnv>, c: Context<AppEnv>): Response {
  const allowed = allowedMethods(app, c.req.path)
  if (allowed.length === 0)
    throw new ProblemError(
      'not_found',
      'There is nothing at this address. The addresses of the API are listed at /docs.',
    )
  c.header('allow', [...allowed, 'OPTIONS'].join(', '))
  if (c.req.method === 'OPTIONS') return c.body(null, 204)
  throw new ProblemError(
    'method_not_allowed',
    `This address takes ${allowed.join(', ')}. Look at /docs for what each of them does.`,
  )
}
