import { hash } from 'node:crypto'
import { envelope } from '@jidoka/contract'
import type { Context, TypedResponse } from 'hono'
import { z } from 'zod'
import type { AppEnv } from './env.ts'

interface Envelope<Data> {
  data: Data
  meta: { request_id: string; next_cursor?: string }
}

/** The envelope of success. A GET has an entity tag, and is answered with 304 where the caller has that already. */
export function reply<Data>(
  c: Context<AppEnv>,
  data: Data,
  nextCursor?: string | null,
): Response & TypedResponse<Envelope<Data>, 200, 'json'> {
  // What JSON makes of it, member by member, is a type too large for the compiler to write down.
  const answer: unknown = answerOf(c, JSON.stringify(data), nextCursor ?? null)
  return answer as Response & TypedResponse<Envelope<Data>, 200, 'json'>
}

function answerOf(c: Context<AppEnv>, data: string, nextCursor: string | null): Response {
  if (c.req.method === 'GET') {
    const tag = tagOf(data, nextCursor)
    c.header('etag', tag)
    const known = c.req.header('if-none-match')
    if (known !== undefined && isKnown(known, tag)) return c.body(null, 304)
  }
  const meta = JSON.stringify({
    request_id: c.get('requestId'),
    ...(nextCursor === null ? {} : { next_cursor: nextCursor }),
  })
  const text = `{"data":${data},"meta":${meta}}`
  c.set('answerText', text)
  return c.body(text, 200, { 'content-type': 'application/json' })
}

/** Weak: of what is answered, not of its bytes, in which each request has an id of its own. */
const tagOf = (data: string, nextCursor: string | null): string =>
  `W/"${hash('sha256', nextCursor === null ? data : `${data} ${nextCursor}`, 'base64url').slice(0, 22)}"`

/** RFC 9110, 13.1.2: compared weakly. */
function isKnown(ifNoneMatch: string, tag: string): boolean {
  const opaque = tag.slice(2)
  return ifNoneMatch.split(',').some((each) => {
    const known = each.trim()
    return known === '*' || known === opaque || known === tag
  })
}

/** `responses` of a route that answers with `schema` in the envelope. The problems that every route may answer with are added by openapi.ts. */
export const answers = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  200: { description, content: { 'application/json': { schema: envelope(schema) } } },
})

/** `request.body` of a route that takes JSON, with an example where its form is hard to guess. */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema, example?: z.input<Schema>) => ({
  required: true,
  content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) } },
})

export const nothing = z.object({})
