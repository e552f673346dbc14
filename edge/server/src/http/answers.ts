import { envelope, problemSchema } from '@jidoka/contract'
import type { Context } from 'hono'
import type { z } from 'zod'
import type { EdgeEnv } from './context.ts'

/** The success of a route in its declaration: the envelope around a schema. Everything else is a problem. */
export const answers = <Data extends z.ZodType>(data: Data, description: string) => ({
  200: { content: { 'application/json': { schema: envelope(data) } }, description },
  default: {
    content: { 'application/problem+json': { schema: problemSchema } },
    description: 'A problem (RFC 9457); `kind` says which.',
  },
})

export const body = <Data extends z.ZodType>(data: Data) => ({
  body: { required: true, content: { 'application/json': { schema: data } } },
})

/** Puts data into the envelope. */
export const enclose = <Data>(c: Context<EdgeEnv>, data: Data, nextCursor?: string) => ({
  data,
  meta: { request_id: c.get('requestId'), ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }) },
})

/** Routes that need a signed-in person say so in the API description. */
export const signedInSecurity = [{ session: [] as string[] }]
