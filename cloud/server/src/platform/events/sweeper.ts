import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { allTenantsOf } from '../db/tenants.ts'
import type { ConsumerName } from './channels.ts'
import { durableConsumers } from './channels.ts'
import type { EventMetrics } from './event-metrics.ts'
import { eventLimits } from './limits.ts'
import { countEvents, forgetConsumed, forgetEvents, resendLost, tenantsWithEvents } from './outbox-repository.ts'
import type { Wanted } from './outbox-repository.ts'

const wanted: Wanted = (() => {
  const pairs = (Object.keys(durableConsumers) as ConsumerName[]).flatMap((consumer) =>
    durableConsumers[consumer].map((channel) => ({ consumer, channel })),
  )
  return { channels: pairs.map(({ channel }) => channel), consumers: pairs.map(({ consumer }) => consumer) }
})()

export interface SweeperParts {
  database: Database
  clock: Clock
  log: Log
  metrics: EventMetrics
  wake: (tenantId: string) => void
}

/** Hands on again what was handed on and never taken, forgets what is old, and counts. */
export class Sweeper implements Service {
  readonly name = 'event-sweeper'
  readonly #parts: SweeperParts
  #cancel: () => void = () => undefined
  #working: Promise<void> = Promise.resolve()
  #isStopped = false
  #forgetAtMs = 0

  constructor(parts: SweeperParts) {
    this.#parts = parts
  }

  start(): Promise<void> {
    this.#again()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await this.#working
  }

  #again(): void {
    if (this.#isStopped) return
    const { clock, log } = this.#parts
    this.#cancel = clock.after(eventLimits.sweepMs, () => {
      this.#working = this.sweep()
        .catch((error: unknown) => log.warn({ action: 'events.sweep', success: false }, describeError(error)))
        .then(() => this.#again())
    })
  }

  async sweep(): Promise<void> {
    const { database, clock, metrics, wake } = this.#parts
    const nowMs = clock.nowMs()
    for (const tenantId of await tenantsWithEvents(database, 'sent')) {
      await this.#apart(tenantId, async () => {
        const resent = await database.withTenant(tenantId, async (tx) => {
          const again = await resendLost(tx, wanted, nowMs)
          await forgetEvents(tx, wanted, nowMs)
          return again
        })
        metrics.resent.inc(resent)
        if (resent > 0) wake(tenantId)
      })
    }
    if (nowMs >= this.#forgetAtMs) {
      this.#forgetAtMs = nowMs + eventLimits.forgetMs
      for (const tenantId of await allTenantsOf(database))
        await this.#apart(tenantId, () => database.withTenant(tenantId, (tx) => forgetConsumed(tx, nowMs)))
    }
    const { waiting, oldestAt, dead } = await countEvents(database)
    metrics.waiting.set(waiting)
    metrics.dead.set(dead)
    metrics.oldestSeconds.set(oldestAt === null ? 0 : (nowMs - Date.parse(oldestAt)) / 1_000)
  }

  /** One tenant that cannot be reached keeps the sweep from nobody else; the next tries it again. */
  async #apart(tenantId: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const { log } = this.#parts
      log.warn({ action: 'events.sweep', success: false, tenant: tenantId }, describeError(error))
    }
  }
}
