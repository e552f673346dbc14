import { z } from 'zod'
import { instantSchema, pageQuerySchema } from './paging.ts'

/** Waiting: for its time, or for a process. Dead: it failed as often as it may, and a person decides. */
export const jobStates = ['waiting', 'running', 'done', 'dead', 'cancelled'] as const
export const jobStateSchema = z.enum(jobStates)
export type JobState = z.infer<typeof jobStateSchema>

/** `module.what`, as the program registers it. */
export const jobKindSchema = z
  .string()
  .max(63)
  .regex(/^[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)+$/, 'a kind of job is named module.what')

const textSchema = z.object({ ko: z.string(), en: z.string() })

/** Null total: it has not said how much there is. */
export const jobProgressSchema = z.object({
  done: z.number(),
  total: z.number().nullable(),
  note: z.string().nullable(),
})

/** What a list shows of a job, and what the stream says of one that has come on. */
export const jobNewsSchema = z.object({
  id: z.string(),
  kind: z.string(),
  state: jobStateSchema,
  /** Somebody wants it to end; it is told, and ends when it has heard. */
  cancelling: z.boolean(),
  attempt: z.number().int(),
  attempts_max: z.number().int(),
  progress: jobProgressSchema,
  /** Of the last attempt that failed. */
  error: z.string().nullable(),
  by: z.string(),
  created_at: instantSchema,
  /** Not before. */
  due_at: instantSchema,
  started_at: instantSchema.nullable(),
  ended_at: instantSchema.nullable(),
})
export type JobNews = z.infer<typeof jobNewsSchema>

/** `lost`: the process that ran it ended, or did not answer. `released`: it stopped in order and gave it back. */
export const jobOutcomes = ['done', 'failed', 'lost', 'released', 'cancelled'] as const

export const jobSchema = jobNewsSchema.extend({
  input: z.record(z.string(), z.unknown()),
  result: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
  trace: z.string().nullable(),
  /** The last ones, newest first. */
  attempts: z.array(
    z.object({
      attempt: z.number().int(),
      process: z.string(),
      started_at: instantSchema,
      ended_at: instantSchema.nullable(),
      /** Null: it runs. */
      outcome: z.enum(jobOutcomes).nullable(),
      error: z.string().nullable(),
    }),
  ),
})
export type Job = z.infer<typeof jobSchema>

export const jobQuerySchema = pageQuerySchema.extend({
  state: jobStateSchema.optional(),
  kind: jobKindSchema.optional(),
})

export const startJobSchema = z.strictObject({
  kind: jobKindSchema,
  input: z.record(z.string().max(100), z.unknown()).default({}),
})

/** A kind of job that this cloud knows. */
export const jobKindInfoSchema = z.object({
  kind: z.string(),
  title: textSchema,
  about: textSchema,
  scope: z.enum(['tenant', 'platform']),
  /** Five fields; null: nobody starts it by the clock. */
  schedule: z.string().nullable(),
  /** The zone that the schedule is read in. */
  time_zone: z.string(),
  next_at: instantSchema.nullable(),
  last_at: instantSchema.nullable(),
  /** Nobody starts it by hand. */
  by_programs: z.boolean(),
  /** Whether who asks may start it. */
  may_start: z.boolean(),
  /** Whether who asks may cancel one and put one back. */
  may_change: z.boolean(),
  /** It does not start without: a button alone cannot. */
  needs_input: z.boolean(),
  concurrency: z.number().int(),
  attempts_max: z.number().int(),
  timeout_s: z.number().int(),
})
export type JobKindInfo = z.infer<typeof jobKindInfoSchema>

/** A name of the IANA database that this runtime knows. */
export const timeZoneSchema = z
  .string()
  .max(64)
  .refine((name) => {
    try {
      return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions() !== undefined
    } catch {
      return false
    }
  }, 'it is not the name of a time zone, such as Asia/Seoul')

export const tenantTimeZoneSchema = z.strictObject({ time_zone: timeZoneSchema })
