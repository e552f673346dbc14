import { describeError, HashingBusyError, OperationalError, SecretError } from '@jidoka/base'
import type { Problem, ProblemKind } from '@jidoka/contract'
import { problemStatus } from '@jidoka/contract'
import type { Refusal } from '@jidoka/sync-protocol'
import { BatchError, refusals, refusalStatus } from '@jidoka/sync-protocol'
import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'
import { codeOf, DatabaseUnavailableError } from '../db/unavailable.ts'
import { ObjectError } from '../objects/object-error.ts'
import { RequestOverError } from '../request-scope.ts'

type ProblemDetails = Pick<Problem, 'errors' | 'line' | 'column' | 'reason'>

/** A request that cannot be served, as its sender is told. `message` says what to do next. */
export class ProblemError extends OperationalError {
  override name = 'ProblemError'
  readonly kind: ProblemKind
  readonly details: ProblemDetails
  /** Of `too_many_requests` and `unavailable`: when to try again. */
  readonly retryAfterS: number | undefined

  constructor(
    kind: ProblemKind,
    message: string,
    more: { details?: ProblemDetails; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.kind = kind
    this.details = more.details ?? {}
    this.retryAfterS = more.retryAfterS
  }
}

/** A request of an edge that is refused in the words of the sync protocol. */
export class RefusalError extends OperationalError {
  override name = 'RefusalError'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusals[refusal.kind].sentence)
    this.refusal = refusal
  }
}

const titles: Record<ProblemKind, string> = {
  invalid_input: 'The request is not right',
  not_signed_in: 'Not signed in',
  wrong_credentials: 'Wrong name or password',
  not_permitted: 'Not permitted',
  not_found: 'Not found',
  method_not_allowed: 'Not with this method',
  conflict: 'Changed meanwhile',
  too_large: 'Too large',
  storage_full: 'No room for more files',
  unsupported_media_type: 'In a form that is not taken',
  too_many_requests: 'Too many requests',
  rule_refused: 'The rule is refused',
  alarm_refused: 'The alarm is refused',
  unavailable: 'Not available now',
  timed_out: 'Not done in time',
  slow_request: 'The request came too slowly',
  under_way: 'Still under way',
  key_reused: 'The key was used for another request',
  internal: 'An error of the program',
}

export interface HttpProblem {
  status: number
  body: Problem & { refusal?: Refusal }
  headers: Record<string, string>
  /** An error of ours, for the log; the sender learns nothing of it. */
  ours: boolean
}

/** SQLSTATE classes of a database that cannot work now: connection, resources, operator intervention, system. */
const unavailableClasses = new Set(['08', '53', '57', '58'])

/**
 * `character_not_in_repertoire`, `untranslatable_character`, `datetime_field_overflow`, `invalid_time_zone_displacement_value`: what a
 * caller sent is well-formed and cannot be held. (What edges send is made holdable instead, see db/storable.ts.)
 */
const unholdableCodes = new Set(['22021', '22P05', '22008', '22009'])

/** The one place where an error becomes an answer. */
export function toHttpProblem(error: unknown, requestId: string): HttpProblem {
  if (error instanceof RefusalError) return refused(error.refusal, requestId)
  if (error instanceof BatchError) return refused(error.refusal, requestId)
  if (error instanceof ProblemError) return answer(error.kind, error.message, requestId, error)
  // Of a request that waited for what another one had begun; that one was answered long ago.
  if (error instanceof RequestOverError)
    return answer('unavailable', 'What this waited for was given up. Try again.', requestId, { retryAfterS: 1 })
  if (error instanceof HashingBusyError) return answer('unavailable', error.message, requestId, { retryAfterS: 5 })
  // What is wrong with the keys is for the log; whoever asked learns whether to come again.
  if (error instanceof SecretError) {
    const isPassing = error.kind === 'unavailable'
    const told = isPassing
      ? answer('unavailable', 'The service that keeps the keys does not answer. Try again in a moment.', requestId, {
          retryAfterS: 5,
        })
      : answer('internal', 'A secret cannot be sealed or opened. The log of the cloud says why.', requestId, {})
    return { ...told, ours: true }
  }
  if (error instanceof ObjectError) {
    if (error.kind === 'refused') return answer('invalid_input', error.message, requestId, {})
    if (error.kind === 'full') return answer('storage_full', error.message, requestId, {})
    const told =
      error.kind === 'unavailable'
        ? answer('unavailable', 'The files cannot be reached now. Try again in a moment.', requestId, {
            retryAfterS: 5,
          })
        : answer('internal', 'The file is damaged. The log of the cloud says how.', requestId, {})
    return { ...told, ours: true }
  }
  if (error instanceof z.ZodError) {
    const errors = error.issues.slice(0, 50).map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
    return answer('invalid_input', 'Mend the fields that are named and send the request again.', requestId, {
      details: { errors },
    })
  }
  if (error instanceof HTTPException) {
    const kind = kindOfStatus[error.status] ?? (error.status < 500 ? 'invalid_input' : 'internal')
    const detail =
      kind === 'invalid_input' ? 'The body cannot be read as JSON. Mend it and send it again.' : error.message
    return answer(kind, detail || 'The request cannot be read.', requestId, {})
  }
  const code = codeOf(error)
  if (unholdableCodes.has(code))
    return answer(
      'invalid_input',
      'The request holds a character or a time that cannot be stored. Leave it out and send the request again.',
      requestId,
      {},
    )
  const isUnavailable = error instanceof DatabaseUnavailableError || unavailableClasses.has(code.slice(0, 2))
  if (isUnavailable || /^E(CONN|PIPE|TIMEDOUT)/.test(code)) {
    return {
      ...answer('unavailable', 'The database does not answer. Try again in a moment.', requestId, { retryAfterS: 5 }),
      ours: true,
    }
  }
  return {
    ...answer('internal', 'Something went wrong here. Try again; if it stays, report the request id.', requestId, {}),
    ours: true,
  }
}

function answer(
  kind: ProblemKind,
  detail: string,
  requestId: string,
  more: { details?: ProblemDetails; retryAfterS?: number | undefined },
): HttpProblem {
  const status = problemStatus[kind]
  const headers: Record<string, string> =
    more.retryAfterS === undefined ? {} : { 'retry-after': String(more.retryAfterS) }
  return {
    status,
    headers,
    ours: false,
    body: {
      type: `urn:jidoka:problem:${kind}`,
      kind,
      title: titles[kind],
      status,
      detail,
      request_id: requestId,
      ...more.details,
    },
  }
}

const kindOfStatus: Record<number, ProblemKind> = {
  401: 'not_signed_in',
  403: 'not_permitted',
  404: 'not_found',
  409: 'conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  503: 'unavailable',
}

function refused(refusal: Refusal, requestId: string): HttpProblem {
  const status = refusalStatus(refusal)
  const kind = kindOfStatus[status] ?? 'invalid_input'
  const headers: Record<string, string> =
    refusal.kind === 'busy' ? { 'retry-after': String(Math.ceil(refusal.retry_after_ms / 1_000)) } : {}
  return {
    status,
    headers,
    ours: false,
    body: {
      type: `urn:jidoka:refusal:${refusal.kind}`,
      kind,
      title: titles[kind],
      status,
      detail: refusals[refusal.kind].sentence,
      request_id: requestId,
      refusal,
    },
  }
}

/** For the log: what really happened. */
export const problemCause = (error: unknown): string => describeError(error)
