import { z } from 'zod'
import { alarmSchema } from './alarm.ts'
import { reportedItemSchema } from './desired.ts'
import { eventSchema } from './event.ts'
import { judgmentSchema } from './judgment.ts'
import { tagDefinitionSchema } from './tag.ts'

/** Something that happened to the line to the cloud: the outage ledger is made of these. */
const outageSchema = z.strictObject({
  from_ms: z.number().int(),
  to_ms: z.number().int().nullable(),
  cause: z.string().max(500),
  rows_waiting: z.number().int().nonnegative(),
})

/** Readings or records that are gone for good, by sequence, so that no gap is silent (I2). */
const dropSchema = z.strictObject({
  lane: z.enum(['readings', 'records']),
  from_seq: z.number().int().positive(),
  to_seq: z.number().int().positive(),
  reason: z.enum(['space', 'damaged', 'poison']),
})

const auditSchema = z.strictObject({
  actor: z.string().max(64),
  action: z.string().max(100),
  subject: z.string().max(200),
  detail: z.record(z.string().max(48), z.union([z.string().max(500), z.number(), z.boolean(), z.null()])).default({}),
})

const kindsAndBodies = {
  judgment: judgmentSchema,
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
