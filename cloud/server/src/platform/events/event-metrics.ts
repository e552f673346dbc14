import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'

/** Labels are channels and consumers of the tables in channels.ts, so that no input makes a new series. */
export class EventMetrics {
  readonly relayed: Counter<'channel' | 'outcome'>
  readonly consumed: Counter<'consumer' | 'outcome'>
  readonly resent: Counter
  readonly waiting: Gauge
  readonly oldestSeconds: Gauge
  readonly dead: Gauge
  readonly told: Counter<'kind' | 'outcome'>

  constructor(registry: Registry) {
    const registers = [registry]
    this.relayed = new Counter({
      name: 'jidoka_events_relayed_total',
      help: 'Events of the outbox by what became of handing them on: done, failed (tried again)',
      labelNames: ['channel', 'outcome'],
      registers,
    })
    this.consumed = new Counter({
      name: 'jidoka_events_consumed_total',
      help: 'Events by durable consumer: taken, repeat (it had it already), failed (tried again), dead, unreadable (no event of ours)',
      labelNames: ['consumer', 'outcome'],
      registers,
    })
    this.resent = new Counter({
      name: 'jidoka_events_resent_total',
      help: 'Events that were handed on again, as a durable consumer had not taken them: Redis lost them, or nobody runs that consumer',
      registers,
    })
    this.waiting = new Gauge({
      name: 'jidoka_events_waiting',
      help: 'Events of the whole database that are not handed on; counted each minute',
      registers,
    })
    this.oldestSeconds = new Gauge({
      name: 'jidoka_events_oldest_waiting_seconds',
      help: 'Age of the oldest event that is not handed on; counted each minute',
      registers,
    })
    this.dead = new Gauge({
      name: 'jidoka_events_dead',
      help: 'Events of the whole database that a consumer could not take and that wait for a person; counted each minute',
      registers,
    })
    this.told = new Counter({
      name: 'jidoka_fanout_messages_total',
      help: 'Messages between processes by kind: sent, heard, lost (the way was down, or they were too many), refused (not one of ours)',
      labelNames: ['kind', 'outcome'],
      registers,
    })
  }
}
