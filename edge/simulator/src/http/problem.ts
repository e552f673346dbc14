import { randomUUID } from 'node:crypto'
import { problemStatus } from '@jidoka/contract'
import type { Problem, ProblemKind } from '@jidoka/contract'
import type { z } from 'zod'

/** RFC 9457. `detail` tells what to do next. */
export function problemResponse(kind: ProblemKind, detail: string, errors?: Problem['errors']): Response {
  const status = problemStatus[kind]
  const problem: Problem = {
    type: `urn:jidoka:problem:${kind}`,
    kind,
    title: kind.replaceAll('_', ' '),
    status,
    detail,
    request_id: randomUUID(),
    ...(errors === undefined ? {} : { errors }),
  }
  return new Response(JSON.stringify(problem), { status, headers: { 'content-type': 'application/problem+json' } })
}

export function invalidInput(error: z.ZodError): Response {
  const errors = error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  return problemResponse(
    'invalid_input',
    errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '),
    errors,
  )
}
