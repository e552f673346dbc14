import { z } from 'zod'
import { instantSchema } from './paging.ts'

// What an appliance says of its line to the cloud beyond the banner: lanes, receipts, epochs and the comparison of the two ends.

const laneSchema = z.enum(['records', 'readings'])

export const syncStatusSchema = z.object({
  /** The present life of the data folder. */
  epoch: z.string(),
  state: z.enum(['not_enrolled', 'connecting', 'online', 'offline']),
  since: instantSchema,
  problem: z.string().nullable(),
  lanes: z.array(
    z.object({
      lane: laneSchema,
      /** First number of the epoch. */
      start_seq: z.number().int(),
      stored_seq: z.number().int(),
      receipted_seq: z.number().int(),
      waiting_rows: z.number().int(),
      /** Age of the oldest row that is not receipted; null where none waits. */
      oldest_unsent_s: z.number().nonnegative().nullable(),
      rows_per_second: z.number().nonnegative().nullable(),
      /** Until nothing waits, at that rate. */
      seconds_left: z.number().nonnegative().nullable(),
      problem: z.string().nullable(),
    }),
  ),
  /** Where the cloud holds another history than this appliance, until a person settles it there. */
  troubles: z.array(
    z.object({
      kind: z.enum(['diverged', 'ahead']),
      lane: laneSchema,
      seq: z.number().int(),
      since: instantSchema,
      sentence: z.string(),
    }),
  ),
  last_receipt: z
    .object({
      lane: laneSchema,
      up_to_seq: z.number().int(),
      digest: z.string(),
      received_at: instantSchema,
      key_id: z.string(),
    })
    .nullable(),
  /** The last comparison of the two ends that came to its end. */
  last_audit: z.object({ at: instantSchema, is_whole: z.boolean(), differences: z.number().int() }).nullable(),
})
export type SyncStatus = z.infer<typeof syncStatusSchema>

export const epochRequestSchema = z.strictObject({
  /** The first eight characters of the present epoch, so that nobody begins another by accident. */
  present: z.string().regex(/^[0-9a-f]{8}$/, 'the first eight characters of the present epoch'),
})

export const epochBegunSchema = z.object({
  epoch: z.string(),
  former: z.string(),
  start_records: z.number().int(),
  start_readings: z.number().int(),
})
export type EpochBegun = z.infer<typeof epochBegunSchema>

export const outagesQuerySchema = z.object({
  before: instantSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(200),
})

export const auditRequestSchema = z.strictObject({ lane: laneSchema.optional(), repair: z.boolean().default(false) })

export const syncAuditSchema = z.object({
  state: z.enum(['none', 'running', 'done', 'failed']),
  started_at: instantSchema.nullable(),
  ended_at: instantSchema.nullable(),
  /** Why it could not be done. */
  problem: z.string().nullable(),
  report: z
    .object({
      epoch: z.string(),
      is_whole: z.boolean(),
      ranges: z.number().int(),
      rows: z.number().int(),
      /** Ranges with nothing here to hold against the cloud's. */
      unknown: z.number().int(),
      differences: z.array(
        z.object({
          lane: laneSchema,
          range: z.number().int(),
          from_seq: z.number().int(),
          to_seq: z.number().int(),
          where: z.enum(['cloud_rows', 'kept_sums', 'edge_rows', 'cloud_range']),
          edge_count: z.number().int(),
          cloud_count: z.number().int(),
          repair: z.enum(['repaired', 'not_held', 'refused']).nullable(),
          detail: z.string().nullable(),
        }),
      ),
    })
    .nullable(),
})
export type SyncAudit = z.infer<typeof syncAuditSchema>
