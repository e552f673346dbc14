import { methodSchema, ruleIdSchema, statusSchema, tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'

const instant = z.iso.datetime({ offset: true })

/** What each channel carries. Integrators read these: members are added, never renamed or removed, and a reader passes over those it does not know. */
export const channels = {
  /** Judgments that are stored now and were not before. One event for up to `executionsPerEvent` of a batch; read the whole of each by its id. */
  'judgment.executed': z.object({
    /** Null of judgments that were asked for here. */
    edge_id: z.uuid().nullable(),
    executions: z
      .array(
        z.object({
          execution_id: z.uuid(),
          workflow_id: ruleIdSchema,
          status: statusSchema,
          normal: z.boolean(),
          confidence: z.number().min(0).max(1),
          method_used: methodSchema,
          executed_at: instant,
        }),
      )
      .min(1),
  }),
  /** A version of a rule is what these edges shall judge with, or (`edge_ids` null) what the cloud itself judges with. */
  'rule.deployed': z.object({
    rule_id: ruleIdSchema,
    version: z.number().int().positive(),
    edge_ids: z.array(z.uuid()).nullable(),
    by: z.string().max(200),
  }),
  'workflow.completed': z.object({
    workflow_id: z.string().min(1).max(63),
    instance_id: z.uuid(),
    outcome: z.enum(['succeeded', 'failed', 'cancelled']),
  }),
  'drift.detected': z.object({
    connector_id: z.string().min(1).max(63),
    drift_id: z.uuid(),
    /** What has changed, as a sentence. */
    summary: z.string().max(1_000),
  }),
  'etl.completed': z.object({
    job_id: z.string().min(1).max(63),
    run_id: z.uuid(),
    outcome: z.enum(['succeeded', 'failed']),
    /** Tables whose rows have changed. */
    tables: z.array(z.string().max(127)).max(500),
  }),
} as const
export type Channel = keyof typeof channels
export const channelNames = Object.keys(channels) as [Channel, ...Channel[]]

/** One event is one row and one message: at 170 bytes a judgment this is 17 KB, which neither a Redis stream nor a table minds a thousand times. */
export const executionsPerEvent = 100

type EventOf<Name extends Channel> = {
  id: string
  tenant_id: string
  channel: Name
  /** Events of one subject are handed on in their order. */
  subject: string
  payload: z.infer<(typeof channels)[Name]>
  /** W3C traceparent of what caused it. */
  trace: string | null
  at: string
}
export type CloudEvent<Name extends Channel = Channel> = { [Each in Name]: EventOf<Each> }[Name]
/** What is written; the outbox adds id, tenant and time. */
export type NewEvent<Name extends Channel = Channel> = {
  [Each in Name]: Pick<EventOf<Each>, 'channel' | 'subject' | 'payload'> & { trace?: string | null }
}[Name]

const envelopeSchema = z.object({
  id: z.uuid(),
  tenant_id: tenantIdSchema,
  channel: z.enum(channelNames),
  subject: z.string().min(1).max(200),
  payload: z.unknown(),
  trace: z.string().max(100).nullable(),
  at: instant,
})

/** A message of a channel or an entry of a stream, checked. @throws SyntaxError, ZodError for one that is none. */
export function readEvent(text: string): CloudEvent {
  const event = envelopeSchema.parse(JSON.parse(text))
  return { ...event, payload: channels[event.channel].parse(event.payload) } as CloudEvent
}

/** By name, what must not miss an event of these channels, in whichever process it runs. Known to all processes: an event is kept until each of them took it. */
export const durableConsumers = {
  'judgment.cache': ['rule.deployed'],
} as const satisfies Record<string, readonly Channel[]>
export type ConsumerName = keyof typeof durableConsumers

export const consumersOf = (channel: Channel): ConsumerName[] =>
  (Object.keys(durableConsumers) as ConsumerName[]).filter((name) =>
    (durableConsumers[name] as readonly Channel[]).includes(channel),
  )
