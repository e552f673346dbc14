import { describeError, OperationalError } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import type { Problem, ProblemKind } from '@jidoka/contract'
import { problemStatus } from '@jidoka/contract'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { z } from 'zod'
import type { EdgeEnv } from './context.ts'
import { HttpProblem } from './problem.ts'

const titles: Record<ProblemKind, string> = {
  invalid_input: 'The request is not valid',
  not_signed_in: 'Not signed in',
  wrong_credentials: 'Wrong login or password',
  not_permitted: 'Not permitted',
  not_found: 'Not found',
  method_not_allowed: 'Not with this method',
  conflict: 'Conflict',
  too_large: 'Too large',
  storage_full: 'No room for more files',
  unsupported_media_type: 'In a form that is not taken',
  too_many_requests: 'Too many requests',
  rule_refused: 'The rule is refused',
  alarm_refused: 'The alarm does not allow this',
  unavailable: 'Not available at present',
  timed_out: 'Not done in time',
  slow_request: 'The request came too slowly',
  under_way: 'Still under way',
  key_reused: 'The key was used for another request',
  internal: 'Internal error',
}

/** The one place where an error becomes an answer. What nobody foresaw is logged with its stack and told without it (I8). */
export function problemResponse(error: Error, c: Context<EdgeEnv>, log: Log): Response {
  const problem = translate(error)
  if (problem.kind === 'internal' || problem.kind === 'unavailable') {
    log.error({ action: 'http', traceId: c.get('requestId'), path: c.req.path, err: error }, describeError(error))
  }
  const { retryAfterS, ...extra } = problem.extra
  const body: Problem = {
    type: `urn:jidoka:problem:${problem.kind}`,
    kind: problem.kind,
    title: titles[problem.kind],
    status: problemStatus[problem.kind],
    detail: problem.message,
    request_id: c.get('requestId'),
    ...extra,
  }
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    },
  })
}

function translate(error: Error): HttpProblem {
  if (error instanceof HttpProblem) return error
  if (error instanceof HTTPException) {
    if (error.status === 413) return new HttpProblem('too_large', 'The body is larger than this endpoint takes.')
    if (error.status < 500) return new HttpProblem('invalid_input', error.message || 'The request cannot be read.')
  }
  if (error instanceof OperationalError)
    return new HttpProblem('unavailable', error.message, { retryAfterS: 5 }, { cause: error })
  return new HttpProblem(
    'internal',
    'Something went wrong here. Give the request id to whoever looks after the appliance.',
    {},
    { cause: error },
  )
}

/** A sentence for each field that did not pass. */
export function invalidInput(error: z.ZodError): HttpProblem {
  const errors = error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  return new HttpProblem('invalid_input', 'Some fields are missing or wrong; see `errors`.', {
    errors: errors.slice(0, 50),
  })
}
