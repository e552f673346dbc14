import { z } from 'zod'
import { desiredSchema } from './desired.ts'

export const breaks = ['unsynced', 'early', 'unfilled'] as const

/** What the appliance under test is started with: one argument of JSON. */
export const subjectOptionsSchema = z.strictObject({
  dataFolder: z.string().min(1),
  /**
   * Null: the appliance as it is. The others break a promise on purpose, so that the harness can be seen to find out:
   * `unsynced` writes without syncing, `early` acknowledges before the commit, `unfilled` forgets its windows at each start.
   */
  broken: z.enum(breaks).nullable(),
  /** Seconds that readings and records are kept; null: as long as there is room. */
  keptS: z.number().positive().nullable(),
  /** Absent: what it begins with. */
  desired: desiredSchema.optional(),
})
export type SubjectOptions = z.infer<typeof subjectOptionsSchema>

/** What it prints, a line of JSON each. */
export const subjectWordSchema = z.union([
  z.strictObject({ port: z.number().int(), found: z.string().nullable() }),
  z.strictObject({ problem: z.string().nullable() }),
  /** What is desired is in force. `tookMs`: since it listened; null where it was before. */
  z.strictObject({ inForce: z.strictObject({ tookMs: z.number().nullable() }) }),
])
export type SubjectWord = z.infer<typeof subjectWordSchema>

export const tenantId = 'acme'
