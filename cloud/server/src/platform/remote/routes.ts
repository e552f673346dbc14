import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Context } from 'hono'
import type { App } from '../http/app.ts'
import type { AppEnv } from '../http/env.ts'
import { addressOf } from '../http/env.ts'
import { ProblemError } from '../http/problem.ts'
import type { RateLimiter } from '../http/rate-limiter.ts'
import { reply } from '../http/reply.ts'
import { inRequest, RequestScope } from '../request-scope.ts'
import type { CallFor, CallsOf, Contract, Method, MethodTable } from './contract.ts'
import { internalPaths, methodPath, moduleHeader } from './contract.ts'
import type { ServiceClaims, ServiceTokens } from './service-token.ts'

export interface RemoteRouteParts {
  readonly tokens: ServiceTokens
  readonly limiter: RateLimiter
  readonly trustForwarded: boolean
  readonly clock: Clock
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
    c.res.headers.set(moduleHeader, module)
    c.res.headers.set('cache-control', 'no-store')
  })
  for (const [name, method] of Object.entries(contract.methods)) {
    const call = calls[name] as unknown as (on: CallFor, args: unknown) => Promise<unknown>
    app.post(methodPath(module, name), async (c) => {
      const { tenantId, by } = await authenticated(c, contract, name, parts)
      const args = method.args.parse(await jsonOf(c))
      const on = { tenantId, by, requestId: c.var.requestId, signal: c.req.raw.signal }
      return reply(c, await whileWaitedFor(on.signal, parts.clock, method.msMax, () => call(on, args)))
    })
  }
}

/** What nobody waits for any more is stopped in the database too, as it is of a request of people's. */
async function whileWaitedFor<Result>(
  left: AbortSignal,
  clock: Clock,
  msMax: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const scope = new RequestScope(clock, msMax)
  const end = () => scope.end()
  const cancel = clock.after(msMax, end)
  left.addEventListener('abort', end, { once: true })
  if (left.aborted) end()
  try {
    return await inRequest(scope, work)
  } finally {
    cancel()
    left.removeEventListener('abort', end)
    scope.close()
  }
}

async function authenticated(
  c: Context<AppEnv>,
  { module, methods }: Contract,
  method: string,
  { tokens, limiter, trustForwarded, log }: RemoteRouteParts,
): Promise<ServiceClaims> {
  const { callers } = methods[method] as Method
  const stranger = { policy: 'api_stranger', who: addressOf(c, trustForwarded) } as const
  const token = /^Bearer (\S{1,4096})$/.exec(c.req.header('authorization') ?? '')?.[1]
  // Before the signature is looked at, which is what costs.
  await limiter.check(stranger)
  try {
    if (token === undefined) throw new Error('there is no token')
    return await tokens.read(token, { module, method, callers })
  } catch (cause) {
    c.header('www-authenticate', 'Bearer error="invalid_token"')
    await limiter.take([stranger], c)
    // Of those that are too many nothing is written: they would fill the disk.
    log.warn({ action: 'service.authenticate', module, method, success: false }, describeError(cause))
    throw new ProblemError(
      'not_signed_in',
      'This is for modules of the cloud that call this method. The public keys of all of them belong into one folder, and their clocks must agree.',
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
