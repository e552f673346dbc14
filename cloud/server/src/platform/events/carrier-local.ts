import type { Clock, Log, Tracer } from '@jidoka/base'
import { describeError, silentTracer } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import type { Carried, Carrier } from './carrier.ts'
import type { Channel } from './channels.ts'
import { channelNames, consumersOf } from './channels.ts'
import type { AnyConsumer } from './consumer.ts'
import { buryEvent, channelsOf, consumeOnce } from './consumer.ts'
import type { EventMetrics } from './event-metrics.ts'
import { eventLimits } from './limits.ts'
import type { StoredEvent } from './outbox-repository.ts'

export interface LocalCarrierParts {
  database: Database
  clock: Clock
  log: Log
  metrics: EventMetrics
  /** Absent: nothing is recorded. */
  tracer?: Tracer
  /** Those that run in this process. */
  consumers: readonly AnyConsumer[]
}

/** Without Redis: the consumers of this process are called. Events of a channel that one elsewhere waits for are left to that process. */
export class LocalCarrier implements Carrier {
  readonly name = 'local'
  readonly isUp = true
  readonly channels: readonly Channel[]
  readonly #parts: LocalCarrierParts

  constructor(parts: LocalCarrierParts) {
    this.#parts = parts
    const here = new Set<string>(parts.consumers.map(({ name }) => name))
    this.channels = channelNames.filter((channel) => consumersOf(channel).every((name) => here.has(name)))
  }

  onUp(): void {}

  async carry(events: readonly StoredEvent[]): Promise<Carried> {
    const done: StoredEvent[] = []
    const failed: StoredEvent[] = []
    const stuck = new Set<string>()
    for (const event of events) {
      const place = `${event.channel} ${event.subject}`
      if (stuck.has(place)) continue
      if (await this.#consume(event)) done.push(event)
      else {
        stuck.add(place)
        failed.push(event)
      }
    }
    return { done, failed }
  }

  async #consume(event: StoredEvent): Promise<boolean> {
    const { database, clock, log, metrics, consumers, tracer = silentTracer } = this.#parts
    let isDone = true
    for (const consumer of consumers) {
      if (!channelsOf(consumer.name).includes(event.channel)) continue
      try {
        const isNew = await consumeOnce({ database, tracer }, consumer, event, clock.nowMs())
        metrics.consumed.inc({ consumer: consumer.name, outcome: isNew ? 'taken' : 'repeat' })
      } catch (error) {
        const about = { action: 'event.consume', success: false, consumer: consumer.name, event: event.id }
        if (event.attempts >= eventLimits.attemptsMax) {
          log.error(about, `given up after ${event.attempts} attempts: ${describeError(error)}`)
          await buryEvent(database, {
            consumer: consumer.name,
            event,
            attempts: event.attempts,
            error,
            nowMs: clock.nowMs(),
          })
          metrics.consumed.inc({ consumer: consumer.name, outcome: 'dead' })
        } else {
          log.warn(about, describeError(error))
          metrics.consumed.inc({ consumer: consumer.name, outcome: 'failed' })
          isDone = false
        }
      }
    }
    return isDone
  }
}
