import { parseTagKey, tagKey } from '@jidoka/domain'
import type { TagPlace } from '@jidoka/domain'
import { z } from 'zod'

/** `sensor/{line}/{sensor}` or `sensor/{line}/{equipment}/{sensor}`. */
export const sensorTopic = (place: TagPlace): string => `sensor/${tagKey(place)}`

/** The place that a topic names, or null for a topic that is not a sensor's. */
export function parseSensorTopic(topic: string): TagPlace | null {
  return topic.startsWith('sensor/') ? parseTagKey(topic.slice('sensor/'.length)) : null
}

/** Verdicts, retained, so that a PLC or a stack light that connects later knows the standing one. */
export const judgmentTopic = (line: string, ruleId: string): string => `judgment/${line}/${ruleId}`
/**
 * Every single verdict as it is made, QoS 0 and not retained: for whoever counts or acts on each part. Made only while
 * somebody subscribes. What stands is on `judgmentTopic`.
 */
export const verdictTopic = (line: string, ruleId: string): string => `verdict/${line}/${ruleId}`
export const alarmTopic = (line: string): string => `alarm/${line}`

const sensorValueSchema = z.union([z.number(), z.boolean(), z.string().max(1_024)])
/** ISO 8601 with a zone, or epoch seconds (below 1e11) or milliseconds. */
const sensorTimestampSchema = z.union([z.string().max(40), z.number()])
const sharedMembers = {
  tenant_id: z.string().max(63).optional(),
  unit: z.string().max(16).optional(),
  timestamp: sensorTimestampSchema.optional(),
  quality: z.enum(['good', 'uncertain', 'bad']).optional(),
}

/**
 * What a sensor publishes, as the reference has it. `timestamp` absent means now. `tenant_id` absent means the edge's own;
 * another one is refused. `unit` absent means the catalogue's.
 */
export const sensorPayloadSchema = z.object({ ...sharedMembers, value: sensorValueSchema })

/** One of several readings of a tag in one message: a plain value, the reference's object, or `[timestamp, value]`. */
export const sensorSampleSchema = z.union([
  sensorValueSchema,
  z.tuple([sensorTimestampSchema, sensorValueSchema]),
  sensorPayloadSchema,
])
const sensorSamplesSchema = z.array(sensorSampleSchema).min(1).max(1_000)

/** Every form that a reading may come in; see docs/guides/payloads.md. Members beside `samples` hold for all of them that do not say otherwise. */
export const sensorMessageSchema = z.union([
  sensorValueSchema,
  sensorPayloadSchema,
  sensorSamplesSchema,
  z.object({ ...sharedMembers, samples: sensorSamplesSchema }),
])

/** What goes out on `judgment/{line}/{rule}`. */
export const judgmentMessageSchema = z.object({
  judgment_id: z.string(),
  rule_id: z.string(),
  subject: z.string(),
  status: z.string(),
  confidence: z.number(),
  explanation: z.string().nullable(),
  judged_at: z.string(),
})

/** What goes out on `verdict/{line}/{rule}`. */
export const verdictMessageSchema = z.object({
  subject: z.string(),
  status: z.string(),
  confidence: z.number(),
  /** The reading that triggered it; null for MES events and timers. */
  reading_seq: z.number().int().nullable(),
  judged_at_ms: z.number().int(),
})

/** What goes out on `alarm/{line}`. */
export const alarmMessageSchema = z.object({
  alarm_id: z.string(),
  rule_id: z.string(),
  subject: z.string(),
  priority: z.string(),
  state: z.string(),
  status: z.string(),
  changed_at: z.string(),
})
