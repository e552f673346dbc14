import { z } from 'zod'
import { alarmSchema } from './alarm.ts'
import { reportedItemSchema } from './desired.ts'
import { eventSchema } from './event.ts'
import { judgmentSchema } from './judgment.ts'
import { codeSchema } from './place.ts'
import { ruleIdSchema, statusSchema } from './rule.ts'
import { tagDefinitionSchema } from './tag.ts'

export const dropReasons = ['space', 'damaged', 'poison', 'pruned'] as const

/** Something that happened to the line to the cloud: the outage ledger is made of these. */
const outageSchema = z.strictObject({
  from_ms: z.number().int(),
  to_ms: z.number().int().nullable(),
  cause: z.string().max(500),
  rows_waiting: z.number().int().nonnegative(),
  /** When everything that waited at its end was receipted; absent until then, and of records from before protocol 1.2, as the next. */
  drained_ms: z.number().int().optional(),
  /** Rows that were dropped of what waited, by reason. */
  dropped: z.partialRecord(z.enum(dropReasons), z.number().int().positive()).optional(),
  /** Highest number of each lane that was receipted when it was drained. */
  receipted: z.strictObject({ records: z.number().int(), readings: z.number().int() }).optional(),
})

/** Readings or records that are gone for good, by sequence, so that no gap is silent (I2). */
export const dropSchema = z.strictObject({
  lane: z.enum(['readings', 'records']),
  from_seq: z.number().int().positive(),
  to_seq: z.number().int().positive(),
  reason: z.enum(dropReasons),
  /** Rows that are gone: fewer than the range holds where only some classes of records went. Absent: all of it. */
  count: z.number().int().positive().optional(),
  /** Class of the rows, see the order of dropping; absent where all of the range went. */
  what: z.string().max(48).optional(),
})

/**
 * An unbroken run of the same normal verdict of one rule at one subject: none of them was a record of its own. Anything
 * but normal, anything below the rule's confidence threshold and every change is one, and ends the run.
 */
export const verdictRunSchema = z.strictObject({
  rule_id: ruleIdSchema,
  rule_version: z.number().int().positive(),
  rule_hash: z.string().regex(/^[0-9a-f]{64}$/),
  subject: z.string().min(1).max(150),
  line: codeSchema,
  status: statusSchema,
  /** Of the readings that triggered the first and the last verdict; null where MES events did. */
  first_reading_seq: z.number().int().positive().nullable(),
  last_reading_seq: z.number().int().positive().nullable(),
  first_at_ms: z.number().int(),
  last_at_ms: z.number().int(),
  /** Verdicts in the run. */
  count: z.number().int().positive(),
})
export type VerdictRun = z.infer<typeof verdictRunSchema>

const auditSchema = z.strictObject({
  actor: z.string().max(64),
  action: z.string().max(100),
  subject: z.string().max(200),
  detail: z.record(z.string().max(48), z.union([z.string().max(500), z.number(), z.boolean(), z.null()])).default({}),
})

const kindsAndBodies = {
  judgment: judgmentSchema,
  verdict_run: verdictRunSchema,
  alarm: alarmSchema,
  event: eventSchema,
  tag: tagDefinitionSchema,
  reported: reportedItemSchema,
  outage: outageSchema,
  drop: dropSchema,
  audit: auditSchema,
}

const base = { seq: z.number().int().positive(), at_ms: z.number().int() }

/** A row of the records lane: a gapless sequence number, when the edge wrote it, and what it says. */
export const recordSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...base, kind: z.literal('judgment'), body: kindsAndBodies.judgment }),
  z.strictObject({ ...base, kind: z.literal('verdict_run'), body: kindsAndBodies.verdict_run }),
  z.strictObject({ ...base, kind: z.literal('alarm'), body: kindsAndBodies.alarm }),
  z.strictObject({ ...base, kind: z.literal('event'), body: kindsAndBodies.event }),
  z.strictObject({ ...base, kind: z.literal('tag'), body: kindsAndBodies.tag }),
  z.strictObject({ ...base, kind: z.literal('reported'), body: kindsAndBodies.reported }),
  z.strictObject({ ...base, kind: z.literal('outage'), body: kindsAndBodies.outage }),
  z.strictObject({ ...base, kind: z.literal('drop'), body: kindsAndBodies.drop }),
  z.strictObject({ ...base, kind: z.literal('audit'), body: kindsAndBodies.audit }),
])
export type JournalRecord = z.infer<typeof recordSchema>
/** A record before the journal has given it a number. */
export type NewRecord = JournalRecord extends infer Each
  ? Each extends JournalRecord
    ? Omit<Each, 'seq'>
    : never
  : never
