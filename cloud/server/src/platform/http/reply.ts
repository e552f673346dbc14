import { envelope } from '@jidoka/contract'
import type { Context, TypedResponse } from 'hono'
import { z } from 'zod'
import type { AppEnv } from './env.ts'

interface Envelope<Data> {
  data: Data
  meta: { request_id: string; next_cursor?: string }
}

/** The envelope of success. */
export function reply<Data>(
  c: Context<AppEnv>,
  data: Data,
  nextCursor?: string | null,
): Response & TypedResponse<Envelope<Data>, 200, 'json'> {
  const meta = { request_id: c.var.requestId, ...(nextCursor == null ? {} : { next_cursor: nextCursor }) }
  // `c.json` describes what JSON makes of it, member by member: a type too large for the compiler to write down.
  const answer: unknown = c.json({ data, meta }, 200)
  return answer as Response & TypedResponse<Envelope<Data>, 200, 'json'>
}

/** `responses` of a route that answers with `schema` in the envelope. The problems that every route may answer with are added by openapi.ts. */
export const answers = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  200: { description, content: { 'application/json': { schema: envelope(schema) } } },
})

/** `request.body` of a route that takes JSON. */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { 'application/json': { schema } },
})

export const nothing = z.object({})
