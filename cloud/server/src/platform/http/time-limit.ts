import type { Clock } from '@jidoka/base'
import { OperationalError } from '@jidoka/base'
import type { Context, MiddlewareHandler } from 'hono'
import { inRequest, RequestScope } from '../request-scope.ts'
import type { AppEnv } from './env.ts'
import { ProblemError } from './problem.ts'

/**
 * How long a request may take until the head of its answer; what is streamed behind it has no end. Without it a request that hangs holds its memory, and a
 * connection of the database, until its caller gives up.
 */
export const timeLimits: readonly (readonly [path: RegExp, limitMs: number])[] = [
  // A probe that waits longer is as good as an answer that is no.
  [/^\/(?:health|ready|metrics)$/, 10_000],
  // Waits for a change for 20 s, and behind an Electric service for as long as that does.
  [/^\/sync\/v1\/shape$/, 60_000],
  // Bytes come over a plant's slow line, and are decoded, verified and committed in turn.
  [/^\/sync\//, 120_000],
  [/^\/api\/v1\/fleet\/(?:courier(?:\/|$)|edges\/[^/]+\/courier$)/, 120_000],
  // A file of 100 MB over a slow line; its link bounds how often.
  [/^\/api\/v1\/objects\/uploads\/./, 900_000],
  // Walks through a whole chain, or a month of it.
  [/^\/api\/v1\/audit\//, 120_000],
]

/** What people and their programs call, and not appliances or those who watch over this one. */
export const isOfPeople = (path: string): boolean => path.startsWith('/api/') || path.startsWith('/bff/')

/** As long as a statement may take: people have gone on by then. */
export const timeLimitMsDefault = 30_000

export const timeLimitMsOf = (path: string): number =>
  timeLimits.find(([pattern]) => pattern.test(path))?.[1] ?? timeLimitMsDefault

/** Who asked has hung up: there is nobody to be answered. */
class CallerLeftError extends OperationalError {
  override name = 'CallerLeftError'
}

/**
 * Whether a request is given up when its caller hangs up. What is sent under a key is not: its sender has said that it asks again, and is to be told then how it
 * ended. Nor is what appliances send, for the same reason.
 */
const isLeftUndone = (c: Context<AppEnv>): boolean =>
  isOfPeople(c.req.path) && !(c.req.method === 'POST' && c.req.header('idempotency-key') !== undefined)

/**
 * Answers in time, whatever the handler waits for, and stops its work: of people's API nothing more is sent to the database, and what is under way there is
 * stopped by its server. The same where the caller hangs up. What appliances send goes on, as they send it again and are told then what became of it.
 */
export function limitTime(clock: Clock): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { path } = c.req
    const limitMs = timeLimitMsOf(path)
    const scope = new RequestScope(clock, limitMs)
    const expired = Promise.withResolvers<never>()
    const cancel = clock.after(limitMs, () => {
      scope.end()
      expired.reject(c.env?.incoming?.complete === false ? slowBody(limitMs) : timedOut(limitMs))
    })
    const socket = isLeftUndone(c) ? c.env?.outgoing : undefined
    // Nothing is sent before the head of the answer: it can only have been cut.
    const leave = () => {
      c.set('callerLeft', true)
      scope.end()
      expired.reject(new CallerLeftError('the caller has hung up'))
    }
    socket?.once('close', leave)
    try {
      await Promise.race([isOfPeople(path) ? inRequest(scope, next) : next(), expired.promise])
    } finally {
      cancel()
      socket?.off('close', leave)
      scope.close()
    }
  }
}

const timedOut = (limitMs: number) =>
  new ProblemError(
    'timed_out',
    `This was not done within ${limitMs / 1_000} s and was given up. Ask for less at once; look whether it was done before you send it again.`,
  )

const slowBody = (limitMs: number) =>
  new ProblemError('slow_request', `The body did not come within ${limitMs / 1_000} s. Send it again, or less at once.`)
