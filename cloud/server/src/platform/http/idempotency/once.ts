import { createHash, randomUUID } from 'node:crypto'
import type { Clock, Envelope, Log } from '@jidoka/base'
import { describeError, SecretError } from '@jidoka/base'
import type { Context, MiddlewareHandler } from 'hono'
import type { Database } from '../../db/database.ts'
import { currentRequest, outsideRequest } from '../../request-scope.ts'
import { limitBody } from '../body-limit.ts'
import type { AppEnv, Guard } from '../env.ts'
import { ProblemError } from '../problem.ts'
import type { RateLimiter } from '../rate-limiter.ts'
import { timeLimitMsOf } from '../time-limit.ts'
import { idempotencyLimits } from './limits.ts'
import type { KeptAnswer, KeyOwner, Known } from './repository.ts'
import { claimKey, findKey, keepAnswer, loseAnswer, markEffect, markEffectElsewhere, releaseKey } from './repository.ts'

// A POST with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) is done once, however often it is sent within a day. An attempt claims the key
// before it begins. Each of its transactions says in itself that something was changed, and is rolled back where the attempt no longer has the key: so what a
// process has left half-way when it died is known, and an attempt that was given up cannot end behind the back of its successor. What is changed elsewhere (in another process, of
// another tenant, as the owner of a database) is said before it begins. The answer is kept sealed, as it may be a token.

export interface OnceParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly envelope: Envelope
  readonly limiter: RateLimiter
}

/** Of the sender's choice: visible ASCII, with the quotes of a structured header or without. */
const keyPattern = new RegExp(`^[\\x21-\\x7e]{1,${idempotencyLimits.keyCharactersMax}}$`)

interface Held extends KeyOwner {
  readonly tenantId: string
  readonly claim: string
}

/** The guard of all routes, which also sees to it that what is sent under a key is done once. It costs a look at one header where there is none. */
export function guardOnce(guard: Guard, parts: OnceParts): Guard {
  const once = onceOnly(parts)
  // Here and not where the route limits its body, as that may stand behind this.
  const limit = limitBody(
    idempotencyLimits.bodyBytesMax,
    () =>
      new ProblemError(
        'too_large',
        `The body is larger than ${idempotencyLimits.bodyBytesMax} bytes. Send less at once.`,
      ),
  )
  return (permission): MiddlewareHandler<AppEnv> => {
    const admit = guard(permission)
    return (c, next) =>
      c.req.method === 'POST' && c.req.header('idempotency-key') !== undefined
        ? admit(c, async () => void (await limit(c, async () => void (await once(c, next)))))
        : admit(c, next)
  }
}

function onceOnly({ database, clock, log, envelope, limiter }: OnceParts): MiddlewareHandler<AppEnv> {
  const withKey = { database, clock, log, envelope }
  return async (c, next) => {
    const { tenantId, login } = c.get('caller')
    const key = keyOf(c.req.header('idempotency-key') ?? '')
    await limiter.take([{ policy: 'idempotency', who: `${tenantId} ${login}` }])
    const held = { tenantId, login, key, claim: randomUUID() }
    const digest = await digestOf(c)
    const nowMs = clock.nowMs()
    const claimedUntilMs = nowMs + timeLimitMsOf(c.req.path) + idempotencyLimits.claimGraceMs
    const known = await database.withTenant(tenantId, async (tx) => {
      const expiresAtMs = nowMs + idempotencyLimits.keptMs
      if (await claimKey(tx, { ...held, digest, nowMs, claimedUntilMs, expiresAtMs })) return null
      return findKey(tx, { login, key, digest, nowMs })
    })
    if (known !== null) {
      c.res = await answerAgain(c, known, held, envelope)
      return
    }
    await attempt(c, next, held, withKey)
  }
}

/** @throws ProblemError `invalid_input` */
function keyOf(header: string): string {
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header
  if (keyPattern.test(key)) return key
  throw new ProblemError(
    'invalid_input',
    `An Idempotency-Key has 1 to ${idempotencyLimits.keyCharactersMax} letters, digits and signs of ASCII. Send a UUID that you make up for the request.`,
  )
}

async function digestOf(c: Context<AppEnv>): Promise<Uint8Array> {
  const { pathname, search } = new URL(c.req.url)
  const body = new Uint8Array(await c.req.arrayBuffer())
  return createHash('sha256').update(`${c.req.method} ${pathname}${search}\n`).update(body).digest()
}

/** @throws ProblemError where there is no answer to be given again */
async function answerAgain(
  c: Context<AppEnv>,
  { isSame, isClaimed, status, mediaType, sealed }: Known,
  held: Held,
  envelope: Envelope,
): Promise<Response> {
  if (!isSame)
    throw new ProblemError(
      'key_reused',
      'Another request was sent with this Idempotency-Key. Send this one with a new key.',
    )
  if (status === null && isClaimed)
    throw new ProblemError(
      'under_way',
      'The same request is under way. Send it again with the same key to hear how it ended.',
      { retryAfterS: idempotencyLimits.retryAfterS },
    )
  const unknown = new ProblemError(
    'conflict',
    'This request was carried out, at least in part, and its answer is not there. Look at what is there now; send what is missing with a new key.',
  )
  if (status === null || sealed === null || mediaType === null) throw unknown
  let bytes: Buffer
  try {
    bytes = await envelope.open(sealed, placeOf(held))
  } catch (error) {
    // A master key that is away comes back; one that is gone does not.
    if (error instanceof SecretError && error.kind !== 'unavailable') throw unknown
    throw error
  }
  const text = bytes.toString('utf8')
  c.set('answerText', text)
  c.header('idempotency-replayed', 'true')
  return c.newResponse(text, status as 200, { 'content-type': mediaType })
}

/** What is kept of an answer: all of one that is text, not too long and sealed in time, else that there was one. */
async function kept(
  c: Context<AppEnv>,
  held: Held,
  { clock, log, envelope }: Pick<OnceParts, 'clock' | 'log' | 'envelope'>,
): Promise<KeptAnswer> {
  const { status, headers } = c.res
  const mediaType = headers.get('content-type')
  const text =
    c.get('answerText') ??
    (mediaType?.startsWith('application/problem+json') === true ? await c.res.clone().text() : null)
  const bytes = text === null ? null : Buffer.from(text)
  if (bytes === null || bytes.length > idempotencyLimits.answerBytesMax) return { status, mediaType, sealed: null }
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(idempotencyLimits.sealMsMax, () => late.reject(new Error('it was not sealed in time')))
  try {
    const sealed = await Promise.race([envelope.seal(bytes, placeOf(held)), late.promise])
    return { status, mediaType, sealed: sealed.bytes }
  } catch (error) {
    log.warn({ action: 'idempotency.seal', success: false }, describeError(error))
    return { status, mediaType, sealed: null }
  } finally {
    cancel()
  }
}

const placeOf = ({ tenantId, login, key }: Held) => ({
  tenant: tenantId,
  purpose: 'idempotency',
  id: `${login} ${key}`,
})

const takenOver = () =>
  new ProblemError(
    'under_way',
    'Another attempt with this Idempotency-Key has begun. Send it again with the same key to hear how it ended.',
    { retryAfterS: idempotencyLimits.retryAfterS },
  )

async function attempt(
  c: Context<AppEnv>,
  next: () => Promise<void>,
  held: Held,
  { database, clock, log, envelope }: Pick<OnceParts, 'database' | 'clock' | 'log' | 'envelope'>,
): Promise<void> {
  const scope = currentRequest()
  if (scope !== undefined) {
    scope.beforeCommit = async (session, tenantId) => {
      if (tenantId !== held.tenantId || (await markEffect(session, held))) return
      throw takenOver()
    }
    scope.beforeElsewhere = () =>
      database.withTenant(held.tenantId, async (tx) => {
        if (!(await markEffectElsewhere(tx, held))) throw takenOver()
      })
  }
  await next()
  // Of one that was given up its sender has heard already that it was.
  const isAnswered = scope?.isOver !== true && c.res.status < 500
  const isDone = isAnswered && c.res.status < 400
  const finish = async () => {
    // What was refused and has changed nothing may be mended and sent again.
    if (!isDone && (await database.withTenant(held.tenantId, (tx) => releaseKey(tx, held)))) return
    const answer = isAnswered ? await kept(c, held, { clock, log, envelope }) : null
    await database.withTenant(held.tenantId, (tx) =>
      answer === null ? loseAnswer(tx, held) : keepAnswer(tx, held, answer),
    )
  }
  // What was done is answered, whether or not the answer could be kept; a repeat is told then that it is not there.
  await outsideRequest(finish).catch((error: unknown) =>
    log.error({ action: 'idempotency.keep', success: false }, describeError(error)),
  )
}
