import type { Database, Session, Transaction } from '../db/database.ts'
import type { Channel, CloudEvent, ConsumerName } from './channels.ts'
import { eventLimits } from './limits.ts'

/** An event as it lies in the outbox. */
export type StoredEvent = CloudEvent & {
  /** How often it was taken to be handed on, this time included. */
  readonly attempts: number
}

/** What durable consumers want, as pairs. */
export interface Wanted {
  readonly channels: readonly Channel[]
  readonly consumers: readonly ConsumerName[]
}

const instant = (ms: number) => new Date(ms).toISOString()

/**
 * A commit of the relay is not waited for: one that a power cut takes hands an event on twice, which consumers bear, and waiting would be a turn of the disk
 * for each batch.
 */
async function unhurried(tx: Session): Promise<void> {
  await tx.query('set local synchronous_commit = off')
}

/** The tenants that have events to hand on (or, `sent`, that keep some which were), found by a step along the index for each and not by reading all rows. */
export async function tenantsWithEvents(database: Database, which: 'waiting' | 'sent'): Promise<string[]> {
  const condition = which === 'waiting' ? 'sent_at is null' : 'sent_at is not null'
  const found = await database.asDirectory((directory) =>
    directory.query<{ tenant_id: string }>(
      `with recursive found(tenant_id) as (
         (select min(tenant_id) from core.outbox where ${condition})
         union all
         select (select min(tenant_id) from core.outbox where ${condition} and tenant_id > found.tenant_id) from found where found.tenant_id is not null)
       select tenant_id from found where tenant_id is not null`,
    ),
  )
  return found.map(({ tenant_id: tenantId }) => tenantId)
}

/**
 * Takes the oldest events that are due, for one lease. An event is not taken while an older one of its subject is under way or waits for another try, in
 * whichever process: that keeps the order of a subject.
 */
export async function claimEvents(
  tx: Transaction,
  { channels, nowMs, batchMax }: { channels: readonly Channel[]; nowMs: number; batchMax: number },
): Promise<StoredEvent[]> {
  await unhurried(tx)
  // One at a time: what is being taken here must be seen as taken by the next.
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('core.outbox ' || $1, 0))`, [tx.tenantId])
  return tx.query<StoredEvent>(
    {
      name: 'claim-events',
      text: `with waiting as (
         select id, no, channel, subject, due_at from core.outbox
         where tenant_id = $1 and sent_at is null and channel = any($2::text[]) order by no limit $3 for update skip locked),
       due as (
         select id, no from waiting w where due_at <= $4 and not exists (
           select from waiting e where e.channel = w.channel and e.subject = w.subject and e.no < w.no and e.due_at > $4)
         order by no limit $5),
       taken as (
         update core.outbox o set due_at = $6, attempts = o.attempts + 1 from due where o.tenant_id = $1 and o.id = due.id
         returning o.id, o.no, o.tenant_id, o.channel, o.subject, o.payload, o.trace, o.created_at as at, o.attempts)
       select id, tenant_id, channel, subject, payload, trace, at, attempts from taken order by no`,
    },
    [tx.tenantId, channels, eventLimits.windowMax, instant(nowMs), batchMax, instant(nowMs + eventLimits.leaseMs)],
  )
}

/** These were handed on. Those of channels without a durable consumer have done all that they are for. */
export async function settleEvents(
  tx: Transaction,
  { keep, drop, nowMs }: { keep: readonly string[]; drop: readonly string[]; nowMs: number },
): Promise<void> {
  await unhurried(tx)
  if (drop.length > 0)
    await tx.run('delete from core.outbox where tenant_id = $1 and id = any($2::uuid[])', [tx.tenantId, drop])
  if (keep.length > 0)
    await tx.run('update core.outbox set sent_at = $3 where tenant_id = $1 and id = any($2::uuid[])', [
      tx.tenantId,
      keep,
      instant(nowMs),
    ])
}

/** These were not handed on, and are due again then. @param isCounted false where the failure was none of theirs */
export async function postponeEvents(
  tx: Transaction,
  { ids, dueMs, isCounted }: { ids: readonly string[]; dueMs: number; isCounted: boolean },
): Promise<void> {
  await unhurried(tx)
  await tx.run(
    'update core.outbox set due_at = $3, attempts = attempts - $4::int where tenant_id = $1 and id = any($2::uuid[])',
    [tx.tenantId, ids, instant(dueMs), isCounted ? 0 : 1],
  )
}

/** Hands on once more what was handed on and a consumer has still not taken: Redis may have lost it. Returns how many. */
export function resendLost(tx: Transaction, wanted: Wanted, nowMs: number): Promise<number> {
  return tx.run(
    `update core.outbox set sent_at = null, due_at = $4 where tenant_id = $1 and id in (
       select o.id from core.outbox o
       where o.tenant_id = $1 and o.sent_at is not null
         and o.sent_at < $4::timestamptz - make_interval(secs => least($5 * power(2, least(o.attempts, 10) - 1), $6) / 1000.0)
         and exists (
           select from unnest($2::text[], $3::text[]) as g(channel, consumer) where g.channel = o.channel
             and not exists (select from core.consumed_events c where c.tenant_id = $1 and c.consumer = g.consumer and c.event_id = o.id)
             and not exists (select from core.dead_events d where d.tenant_id = $1 and d.consumer = g.consumer and d.event_id = o.id))
       order by o.no limit $7)`,
    [
      tx.tenantId,
      wanted.channels,
      wanted.consumers,
      instant(nowMs),
      eventLimits.resendMs,
      eventLimits.keptMs,
      eventLimits.sweepRowsMax,
    ],
  )
}

/** Forgets events that all have taken and that were kept long enough. To be called after `resendLost`, which takes the others out of here. */
export async function forgetEvents(tx: Transaction, wanted: Wanted, nowMs: number): Promise<number> {
  return tx.run(
    `delete from core.outbox where tenant_id = $1 and id in (
       select o.id from core.outbox o where o.tenant_id = $1 and o.sent_at < $4 and not exists (
         select from unnest($2::text[], $3::text[]) as g(channel, consumer) where g.channel = o.channel
           and not exists (select from core.consumed_events c where c.tenant_id = $1 and c.consumer = g.consumer and c.event_id = o.id)
           and not exists (select from core.dead_events d where d.tenant_id = $1 and d.consumer = g.consumer and d.event_id = o.id))
       limit $5)`,
    [tx.tenantId, wanted.channels, wanted.consumers, instant(nowMs - eventLimits.keptMs), eventLimits.sweepRowsMax],
  )
}

/** Forgets what was taken long ago, and what nobody has looked at for as long. */
export async function forgetConsumed(tx: Transaction, nowMs: number): Promise<void> {
  await tx.run('delete from core.consumed_events where tenant_id = $1 and consumed_at < $2', [
    tx.tenantId,
    instant(nowMs - eventLimits.consumedKeptMs),
  ])
  await tx.run('delete from core.dead_events where tenant_id = $1 and died_at < $2', [
    tx.tenantId,
    instant(nowMs - eventLimits.deadKeptMs),
  ])
}

/** How the outbox of all tenants stands. */
export async function countEvents(
  database: Database,
): Promise<{ waiting: number; oldestAt: string | null; dead: number }> {
  const rows = await database.asDirectory((directory) =>
    directory.query<{ tenant_id: string; waiting: number; oldest_at: string | null; dead: number }>(
      `select tenant_id, sum(waiting)::int as waiting, min(oldest_at) as oldest_at, sum(dead)::int as dead from (
         select tenant_id, count(*) as waiting, min(created_at) as oldest_at, 0 as dead from core.outbox where sent_at is null group by tenant_id
         union all
         select tenant_id, 0, null, count(*) from core.dead_events group by tenant_id
       ) as counted group by tenant_id`,
    ),
  )
  const counted = { waiting: 0, oldestAt: null as string | null, dead: 0 }
  for (const { waiting, oldest_at: oldestAt, dead } of rows) {
    counted.waiting += waiting
    counted.dead += dead
    if (oldestAt !== null && (counted.oldestAt === null || oldestAt < counted.oldestAt)) counted.oldestAt = oldestAt
  }
  return counted
}
