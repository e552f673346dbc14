import type { Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Context } from 'hono'
import type { App } from '../http/app.ts'
import type { AppEnv } from '../http/env.ts'
import { addressOf } from '../http/env.ts'
import { ProblemError } from '../http/problem.ts'
import type { RateLimiter } from '../http/rate-limiter.ts'
import { reply } from '../http/reply.ts'
import type { CallFor, CallsOf, Contract, MethodTable } from './contract.ts'
import { internalPaths, methodPath, moduleHeader } from './contract.ts'
import type { ServiceClaims, ServiceTokens } from './service-token.ts'

export interface RemoteRouteParts {
  readonly tokens: ServiceTokens
  readonly limiter: RateLimiter
  readonly trustForwarded: boolean
  readonly log: Log
}

/** The methods of a contract as routes. They stand in no public document: other modules call them, with the client that is made from the same table. */
export function addRemoteRoutes<Methods extends MethodTable>(
  app: App,
  contract: Contract<Methods>,
  { calls, ...parts }: RemoteRouteParts & { readonly calls: CallsOf<Contract<Methods>> },
): void {
  const { module } = contract
  app.use(`${internalPaths}/${module}/*`, async (c, next) => {
    await next()
    c.header(moduleHeader, module)
    c.header('cache-control', 'no-store')
  })
  for (const [name, method] of Object.entries(contract.methods)) {
    const call = calls[name] as unknown as (on: CallFor, args: unknown) => Promise<unknown>
    app.post(methodPath(module, name), async (c) => {
      const { tenantId, by } = await authenticated(c, contract, name, parts)
      const args = method.args.parse(await jsonOf(c))
      return reply(c, await call({ tenantId, by, requestId: c.var.requestId, signal: c.req.raw.signal }, args))
    })
  }
}

async function authenticated(
  c: Context<AppEnv>,
  { module }: Contract,
  method: string,
  { tokens, limiter, trustForwarded, log }: RemoteRouteParts,
): Promise<ServiceClaims> {
  const token = /^Bearer (\S{1,4096})$/.exec(c.req.header('authorization') ?? '')?.[1]
  try {
    if (token === undefined) throw new Error('there is no token')
    return await tokens.read(token, { module, method })
  } catch (cause) {
    log.warn({ action: 'service.authenticate', module, method, success: false }, describeError(cause))
    c.header('www-authenticate', 'Bearer error="invalid_token"')
    await limiter.take([{ policy: 'api_stranger', who: addressOf(c, trustForwarded) }], c)
    throw new ProblemError(
      'not_signed_in',
      'This is for modules of the cloud. All of its processes need the same folder for keys, and clocks that agree.',
      { cause },
    )
  }
}

async function jsonOf(c: Context<AppEnv>): Promise<unknown> {
  try {
    return await c.req.json()
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new ProblemError('invalid_input', 'The body is not JSON. Send the arguments of the method as JSON.', {
      cause,
    })
  }
}
