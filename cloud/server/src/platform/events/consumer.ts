import type { Tracer } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database, Transaction } from '../db/database.ts'
import { storableJson, storableText } from '../db/storable.ts'
import type { Channel, CloudEvent, ConsumerName } from './channels.ts'
import { durableConsumers } from './channels.ts'
import { eventLimits } from './limits.ts'

type EventFor<Name extends ConsumerName> = CloudEvent<(typeof durableConsumers)[Name][number]>

/** Takes each event of its channels with the effect of exactly once. */
export interface Consumer<Name extends ConsumerName = ConsumerName> {
  readonly name: Name
  /**
   * Runs in a transaction of the event's tenant, in which it is also written that the event was taken. May run again after a failure, so an effect outside of
   * the database must bear being repeated. Several processes may work on events of one subject at once, and one that failed comes after later ones: a
   * handler that cares compares versions.
   */
  handle(tx: Transaction, event: EventFor<Name>): Promise<void>
}

/** One of any name: `handle` is called with events of its own channels alone, which `channelsOf` sees to. */
export type AnyConsumer = { readonly name: ConsumerName; handle(tx: Transaction, event: CloudEvent): Promise<void> }

export const channelsOf = (name: ConsumerName): readonly Channel[] => durableConsumers[name]

/** In the trace of what caused the event. False: this consumer had taken it before, and nothing was done. */
export function consumeOnce(
  { database, tracer }: { database: Database; tracer: Tracer },
  consumer: AnyConsumer,
  event: CloudEvent,
  nowMs: number,
): Promise<boolean> {
  const facts = { 'messaging.destination.name': event.channel, 'messaging.message.id': event.id }
  const work = async (tx: Transaction): Promise<boolean> => {
    // A second process with the same event waits here for the first, and then sees that there is nothing to do.
    const isFirst = await tx.run(
      'insert into core.consumed_events (tenant_id, consumer, event_id, consumed_at) values ($1, $2, $3, $4) on conflict do nothing',
      [tx.tenantId, consumer.name, event.id, new Date(nowMs).toISOString()],
    )
    if (isFirst === 0) return false
    await consumer.handle(tx, event)
    return true
  }
  return tracer.begin(`consume ${consumer.name}`, { kind: 'consumer', traceparent: event.trace, facts }, () =>
    database.withTenant(event.tenant_id, work),
  )
}

/** Lays an event aside that a consumer could not take. */
export function buryEvent(
  database: Database,
  {
    consumer,
    event,
    attempts,
    error,
    nowMs,
  }: { consumer: ConsumerName; event: CloudEvent; attempts: number; error: unknown; nowMs: number },
): Promise<void> {
  return database.withTenant(event.tenant_id, async (tx) => {
    await tx.run(
      `insert into core.dead_events (tenant_id, event_id, consumer, channel, subject, payload, trace, created_at, attempts, error, died_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       on conflict (tenant_id, event_id, consumer) do update set attempts = excluded.attempts, error = excluded.error, died_at = excluded.died_at`,
      [
        tx.tenantId,
        event.id,
        consumer,
        event.channel,
        event.subject,
        storableJson(event.payload),
        event.trace,
        event.at,
        attempts,
        storableText(describeError(error).slice(0, eventLimits.errorCharsMax)),
        new Date(nowMs).toISOString(),
      ],
    )
  })
}
