import type { Clock, Log, Service, Tracer } from '@jidoka/base'
import { describeError, outsideTraces, silentTracer } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import type { Carrier } from './carrier.ts'
import { consumersOf } from './channels.ts'
import type { EventMetrics } from './event-metrics.ts'
import { eventLimits } from './limits.ts'
import { retryPauseMs } from './retry-pause.ts'
import { claimEvents, postponeEvents, settleEvents, tenantsWithEvents } from './outbox-repository.ts'
import type { StoredEvent } from './outbox-repository.ts'

export interface RelayParts {
  database: Database
  clock: Clock
  log: Log
  metrics: EventMetrics
  /** Absent: nothing is recorded. */
  tracer?: Tracer
  carrier: Carrier
}

/**
 * Takes events out of the outbox and hands them on, at least once. Each process has one: it is woken by the commits of its own process, and looks now and then for
 * what another one left that was killed. (Announcing each event to all processes by NOTIFY would hold a lock of the whole database through each commit,
 * and batches of edges would wait for each other's disk.)
 */
export class Relay implements Service {
  readonly name = 'event-relay'
  readonly #parts: RelayParts
  readonly #waiting = new Set<string>()
  #cancelGather: (() => void) | null = null
  #cancelPoll: () => void = () => undefined
  #working: Promise<void> = Promise.resolve()
  #looking: Promise<void> = Promise.resolve()
  #isWorking = false
  #isStopped = false

  constructor(parts: RelayParts) {
    this.#parts = parts
    parts.carrier.onUp(() => this.#lookNow())
  }

  async start(): Promise<void> {
    await this.look()
    this.#pollLater()
  }

  /** What is under way is ended; what waits is left to the next process, or the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelGather?.()
    this.#cancelPoll()
    await this.idle()
  }

  /** This tenant has committed events. */
  wake(tenantId: string): void {
    this.#waiting.add(tenantId)
    this.#cancelGather ??= this.#parts.clock.after(eventLimits.gatherMs, () => this.#run())
  }

  /** Finds all tenants whose events wait, and begins with them. */
  async look(): Promise<void> {
    if (this.#isStopped || !this.#parts.carrier.isUp) return
    try {
      for (const tenantId of await tenantsWithEvents(this.#parts.database, 'waiting')) this.#waiting.add(tenantId)
    } catch (error) {
      // Asked again at the next look; the log says so each time.
      this.#parts.log.warn({ action: 'events.look', success: false }, describeError(error))
    }
    if (this.#waiting.size > 0) this.#run()
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#looking
    await this.#working
  }

  #pollLater(): void {
    if (this.#isStopped) return
    this.#cancelPoll = this.#parts.clock.after(eventLimits.pollMs, () => {
      this.#lookNow()
      this.#pollLater()
    })
  }

  #lookNow(): void {
    const before = this.#looking
    this.#looking = before.then(() => this.look())
  }

  #run(): void {
    this.#cancelGather?.()
    this.#cancelGather = null
    if (this.#isWorking || this.#isStopped) return
    this.#isWorking = true
    // It hands on what many have caused.
    this.#working = outsideTraces(() => this.#work()).finally(() => {
      this.#isWorking = false
    })
  }

  async #work(): Promise<void> {
    const { tracer = silentTracer } = this.#parts
    for (const tenantId of this.#waiting) {
      if (this.#isStopped || !this.#parts.carrier.isUp) return
      // Before and not after, so that what is committed meanwhile is not overlooked.
      this.#waiting.delete(tenantId)
      try {
        // A full batch: there may be more. Tenants take turns.
        const taken = await tracer.begin('relay events', { facts: { 'jidoka.tenant': tenantId } }, () =>
          this.#relay(tenantId),
        )
        if (taken === eventLimits.batchMax) this.#waiting.add(tenantId)
      } catch (error) {
        // The poll finds it again.
        this.#parts.log.warn({ action: 'events.relay', success: false, tenant: tenantId }, describeError(error))
      }
    }
  }

  /** Returns how many were taken. */
  async #relay(tenantId: string): Promise<number> {
    const { database, clock, carrier } = this.#parts
    const { channels } = carrier
    const events = await database.withTenant(tenantId, (tx) =>
      claimEvents(tx, { channels, nowMs: clock.nowMs(), batchMax: eventLimits.batchMax }),
    )
    if (events.length === 0) return 0
    try {
      const { done, failed } = await carrier.carry(events)
      await this.#settle(tenantId, events, { done, failed })
    } catch (error) {
      const dueMs = clock.nowMs() + eventLimits.retryMsMin
      await database.withTenant(tenantId, (tx) =>
        postponeEvents(tx, { ids: events.map(({ id }) => id), dueMs, isCounted: false }),
      )
      throw error
    }
    return events.length
  }

  async #settle(
    tenantId: string,
    events: readonly StoredEvent[],
    { done, failed }: { done: readonly StoredEvent[]; failed: readonly StoredEvent[] },
  ): Promise<void> {
    const { database, clock, metrics } = this.#parts
    const [keep, drop] = [done.filter(isKept), done.filter((event) => !isKept(event))]
    const settled = new Set([...done, ...failed].map(({ id }) => id))
    const held = events.filter(({ id }) => !settled.has(id))
    const nowMs = clock.nowMs()
    await database.withTenant(tenantId, async (tx) => {
      await settleEvents(tx, { keep: keep.map(({ id }) => id), drop: drop.map(({ id }) => id), nowMs })
      for (const { id, attempts } of failed)
        await postponeEvents(tx, { ids: [id], dueMs: nowMs + retryPauseMs(attempts), isCounted: true })
      if (held.length > 0) await postponeEvents(tx, { ids: held.map(({ id }) => id), dueMs: nowMs, isCounted: false })
    })
    for (const { channel } of done) metrics.relayed.inc({ channel, outcome: 'done' })
    for (const { channel } of failed) metrics.relayed.inc({ channel, outcome: 'failed' })
  }
}

/** Until all durable consumers have taken it. */
const isKept = ({ channel }: StoredEvent): boolean => consumersOf(channel).length > 0
