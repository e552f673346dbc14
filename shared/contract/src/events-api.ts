import { z } from 'zod'
import { instantSchema } from './paging.ts'

/** An event that one consumer of the cloud could not take however often it tried. */
export const deadEventSchema = z.object({
  id: z.string(),
  consumer: z.string(),
  channel: z.string(),
  subject: z.string(),
  payload: z.record(z.string(), z.unknown()),
  created_at: instantSchema,
  attempts: z.number().int(),
  /** What the last attempt said. */
  error: z.string(),
  died_at: instantSchema,
})
export type DeadEvent = z.infer<typeof deadEventSchema>
