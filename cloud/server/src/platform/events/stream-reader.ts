import { randomUUID } from 'node:crypto'
import type { Clock, Log, Service, Tracer } from '@jidoka/base'
import { describeError, silentTracer } from '@jidoka/base'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import type { RedisLink } from '../redis/link.ts'
import { redisLimits } from '../redis/limits.ts'
import { entryField, streamOf } from './carrier-redis.ts'
import type { Channel, CloudEvent } from './channels.ts'
import { readEvent } from './channels.ts'
import type { AnyConsumer } from './consumer.ts'
import { buryEvent, channelsOf, consumeOnce } from './consumer.ts'
import type { EventMetrics } from './event-metrics.ts'
import { eventLimits } from './limits.ts'
import { retryPauseMs } from './retry-pause.ts'

export interface StreamReaderParts {
  link: RedisLink
  database: Database
  clock: Clock
  log: Log
  metrics: EventMetrics
  /** Absent: nothing is recorded. */
  tracer?: Tracer
  consumer: AnyConsumer
}

const entriesSchema = z.array(z.tuple([z.string(), z.array(z.string()).nullable()]))
const readSchema = z.array(z.tuple([z.string(), entriesSchema])).nullable()
const pendingSchema = z.array(z.tuple([z.string(), z.string(), z.number(), z.number()]))

/** Reads the streams of one consumer as a member of its group: an entry goes to one process, and to another when that one dies with it. */
export class StreamReader implements Service {
  readonly name: string
  readonly #parts: StreamReaderParts
  readonly #streams: readonly string[]
  /** Of this life of this process: what an earlier one left is claimed. */
  readonly #member = randomUUID()
  readonly #redis: Redis
  readonly #stopping = new AbortController()
  #claimAtMs = 0
  #reading: Promise<void> = Promise.resolve()

  constructor(parts: StreamReaderParts) {
    this.#parts = parts
    this.name = `stream-reader ${parts.consumer.name}`
    this.#streams = channelsOf(parts.consumer.name).map((channel: Channel) => streamOf(channel))
    // A read waits for an entry, and must not look like a connection that is dead.
    this.#redis = parts.link.connection('streams', {
      commandTimeout: eventLimits.readWaitMs + redisLimits.commandMsMax,
      socketTimeout: eventLimits.readWaitMs + redisLimits.silenceMsMax,
    })
  }

  start(): Promise<void> {
    // Told by the link's log; it goes on trying.
    this.#redis.connect().catch(() => undefined)
    this.#reading = this.#read()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#reading
  }

  async #read(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.#turn()
      } catch (error) {
        if (signal.aborted) return
        // Redis is away, or has forgotten the group with everything else: what was lost with it is handed on again from the outbox.
        this.#parts.log.debug({ action: 'event.read', consumer: this.#parts.consumer.name }, describeError(error))
        await this.#pause(redisLimits.retryMsMax)
        if (this.#redis.status === 'ready') await this.#makeGroups()
      }
    }
  }

  async #turn(): Promise<void> {
    const { consumer, clock } = this.#parts
    if (clock.monotonicMs() >= this.#claimAtMs) {
      const startMs = clock.monotonicMs()
      await this.#makeGroups()
      for (const stream of this.#streams) await this.#claim(stream)
      // Behind it: what a connection that is not up yet has cut short is done again at once.
      this.#claimAtMs = startMs + eventLimits.claimAfterMs
    }
    const read = readSchema.parse(
      await this.#redis.xreadgroup(
        'GROUP',
        consumer.name,
        this.#member,
        'COUNT',
        eventLimits.readMax,
        'BLOCK',
        eventLimits.readWaitMs,
        'STREAMS',
        ...this.#streams,
        ...this.#streams.map(() => '>'),
      ),
    )
    for (const [stream, entries] of read ?? [])
      for (const [id, fields] of entries) await this.#take(stream, { id, fields, deliveries: 1 })
  }

  async #makeGroups(): Promise<void> {
    for (const stream of this.#streams) {
      try {
        // From its beginning: what was laid there before the group was made is for it too.
        await this.#redis.xgroup('CREATE', stream, this.#parts.consumer.name, '0', 'MKSTREAM')
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error
      }
    }
  }

  /** What a process has read and not done, this one included: at once after the death of that one, and after a pause that grows for what fails. */
  async #claim(stream: string): Promise<void> {
    const group = this.#parts.consumer.name
    let from = '-'
    for (;;) {
      const pending = pendingSchema.parse(
        await this.#redis.xpending(stream, group, 'IDLE', eventLimits.claimAfterMs, from, '+', eventLimits.readMax),
      )
      for (const [id, , idleMs, deliveries] of pending) {
        const pauseMs = Math.max(eventLimits.claimAfterMs, retryPauseMs(deliveries))
        if (idleMs < pauseMs || this.#stopping.signal.aborted) continue
        // None: another process was faster, or the entry has been cut away.
        const claimed = entriesSchema.parse(await this.#redis.xclaim(stream, group, this.#member, pauseMs, id))
        for (const [, fields] of claimed) await this.#take(stream, { id, fields, deliveries: deliveries + 1 })
      }
      const last = pending.at(-1)?.[0]
      if (last === undefined || pending.length < eventLimits.readMax) return
      from = `(${last}`
    }
  }

  async #take(
    stream: string,
    entry: { id: string; fields: readonly string[] | null; deliveries: number },
  ): Promise<void> {
    const { database, clock, log, metrics, consumer, tracer = silentTracer } = this.#parts
    const about = { action: 'event.consume', success: false, consumer: consumer.name, entry: entry.id }
    const event = this.#eventOf(entry)
    // Cut away by the bound of the stream, which the outbox makes good; or written by somebody else.
    if (event === null) return this.#done(stream, entry.id)
    try {
      const isNew = await consumeOnce({ database, tracer }, consumer, event, clock.nowMs())
      metrics.consumed.inc({ consumer: consumer.name, outcome: isNew ? 'taken' : 'repeat' })
    } catch (error) {
      if (entry.deliveries < eventLimits.attemptsMax) {
        log.warn({ ...about, event: event.id }, describeError(error))
        metrics.consumed.inc({ consumer: consumer.name, outcome: 'failed' })
        return
      }
      log.error({ ...about, event: event.id }, `given up after ${entry.deliveries} attempts: ${describeError(error)}`)
      await buryEvent(database, {
        consumer: consumer.name,
        event,
        attempts: entry.deliveries,
        error,
        nowMs: clock.nowMs(),
      })
      metrics.consumed.inc({ consumer: consumer.name, outcome: 'dead' })
    }
    await this.#done(stream, entry.id)
  }

  #eventOf({ id, fields }: { id: string; fields: readonly string[] | null }): CloudEvent | null {
    if (fields === null) return null
    const text = fields[fields.indexOf(entryField) + 1]
    try {
      if (!fields.includes(entryField) || text === undefined) throw new TypeError(`it has no member "${entryField}"`)
      return readEvent(text)
    } catch (error) {
      const { log, metrics, consumer } = this.#parts
      log.error(
        { action: 'event.read', success: false, consumer: consumer.name, entry: id },
        `no event: ${describeError(error)}`,
      )
      metrics.consumed.inc({ consumer: consumer.name, outcome: 'unreadable' })
      return null
    }
  }

  async #done(stream: string, id: string): Promise<void> {
    await this.#redis.xack(stream, this.#parts.consumer.name, id)
  }

  async #pause(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>()
    const { signal } = this.#stopping
    const cancel = this.#parts.clock.after(ms, over.resolve)
    const stop = () => over.resolve()
    signal.addEventListener('abort', stop)
    await over.promise
    signal.removeEventListener('abort', stop)
    cancel()
  }
}
