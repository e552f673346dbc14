import { z } from 'zod'

/** Success: `{ data, meta }`. `next_cursor` is there when another page follows. */
export const metaSchema = z.object({ request_id: z.string(), next_cursor: z.string().optional() })
export const envelope = <Data extends z.ZodType>(data: Data) => z.object({ data, meta: metaSchema })

/** Kinds of problems that both tiers answer with; the user interfaces have a sentence for each, in both languages. */
export const problemKinds = [
  'invalid_input',
  'not_signed_in',
  'wrong_credentials',
  'not_permitted',
  'not_found',
  'method_not_allowed',
  'conflict',
  'too_large',
  'storage_full',
  'unsupported_media_type',
  'too_many_requests',
  'rule_refused',
  'alarm_refused',
  'unavailable',
  'timed_out',
  'slow_request',
  'under_way',
  'key_reused',
  'internal',
] as const
export type ProblemKind = (typeof problemKinds)[number]

/** RFC 9457, with `kind` as the member that programs decide by. `detail` says what to do next. */
export const problemSchema = z.object({
  type: z.string(),
  kind: z.enum(problemKinds),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  request_id: z.string().optional(),
  /** Of `invalid_input`: a sentence for each field. */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  /** Of `rule_refused`: where in the script. */
  line: z.number().int().optional(),
  column: z.number().int().optional(),
  /** Of `alarm_refused`: see AlarmRefusal. */
  reason: z.string().optional(),
})
export type Problem = z.infer<typeof problemSchema>

export const problemStatus: Record<ProblemKind, number> = {
  invalid_input: 400,
  not_signed_in: 401,
  wrong_credentials: 401,
  not_permitted: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  storage_full: 507,
  unsupported_media_type: 415,
  too_many_requests: 429,
  rule_refused: 422,
  alarm_refused: 409,
  unavailable: 503,
  timed_out: 504,
  slow_request: 408,
  under_way: 409,
  key_reused: 422,
  internal: 500,
}
