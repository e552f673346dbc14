import { randomUUID } from 'node:crypto'
import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { CloudStreamEvent } from '@jidoka/contract'
import { cloudStreamEvents } from '@jidoka/contract'
import { tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'
import type { EventHub, OtherHubs } from '../events.ts'
import type { EventMetrics } from './event-metrics.ts'
import type { Wire } from './wire.ts'

/** Bounds of what processes tell each other, each with what would happen without it. */
export const fanoutLimits = {
  /** Time to gather: a busy second is twenty sendings. */
  gatherMs: 50,
  /** Messages that wait to be sent; beyond it the others are told to fetch again. */
  waitingMax: 1_000,
  /** Followed tenants are told anew this often, and forgotten after the second: a process that died follows nothing. */
  listensEveryMs: 15_000,
  listensForMs: 40_000,
  /** Tenants in one message, and those remembered; beyond it consoles see what other processes took when they fetch. */
  tenantsPerMessage: 100,
  tenantsMax: 10_000,
  tagsMax: 100,
} as const

const from = z.uuid()
const tags = z.array(z.string().min(1).max(200)).max(fanoutLimits.tagsMax)
const messageSchema = z.discriminatedUnion('kind', [
  /** A process has begun, or has missed something: whoever follows a tenant says so. */
  z.object({ kind: z.literal('hello'), from }),
  z.object({ kind: z.literal('listens'), from, tenants: z.array(tenantIdSchema).max(fanoutLimits.tenantsPerMessage) }),
  z.object({
    kind: z.literal('stream'),
    from,
    tenant: tenantIdSchema,
    event: z.enum(Object.keys(cloudStreamEvents) as [CloudStreamEvent['event'], ...CloudStreamEvent['event'][]]),
    data: z.unknown(),
  }),
  /** What is cached with one of these tags is not so any more. */
  z.object({ kind: z.literal('drop'), from, tenant: tenantIdSchema, tags }),
  /** Somebody's access has ended; whose is in the database. */
  z.object({ kind: z.literal('access'), from }),
])
type Message = z.infer<typeof messageSchema>
type MessageBody = Message extends infer Each ? (Each extends Message ? Omit<Each, 'from'> : never) : never

export interface FanoutParts {
  wire: Wire
  hub: EventHub
  clock: Clock
  log: Log
  metrics: EventMetrics
}

/**
 * Tells the other processes of this cloud what their consoles and caches want to hear at once. Nothing is kept and nothing is sure: consoles fetch again when
 * told, cached values have an end, and what must not be missed goes through the outbox.
 */
export class Fanout implements Service, OtherHubs {
  readonly name = 'fanout'
  readonly #parts: FanoutParts
  readonly #id = randomUUID()
  /** By tenant, until when somebody elsewhere follows it, on the monotonic clock. */
  readonly #followedUntilMs = new Map<string, number>()
  #texts: { kind: Message['kind']; text: string }[] = []
  #resets = new Set<string>()
  #cancelSend: (() => void) | null = null
  #cancelListens: () => void = () => undefined
  #sending: Promise<void> = Promise.resolve()
  #accessEnded: () => void = () => undefined
  #dropped: (tenantId: string | null, tags: readonly string[]) => void = () => undefined

  constructor(parts: FanoutParts) {
    this.#parts = parts
    parts.hub.connect(this)
  }

  /** @param heard called when another process has dropped tags of a tenant; with null when that may have been missed */
  onDrop(heard: (tenantId: string | null, tags: readonly string[]) => void): void {
    this.#dropped = heard
  }

  /** @param heard called when another process has ended somebody's access, or may have */
  onAccessEnded(heard: () => void): void {
    this.#accessEnded = heard
  }

  async start(): Promise<void> {
    await this.#parts.wire.open(
      (text) => this.#hear(text),
      () => this.#missed(),
    )
    this.#put({ kind: 'hello' })
    this.#sayListens()
  }

  async stop(): Promise<void> {
    this.#cancelListens()
    if (this.#cancelSend !== null) {
      this.#cancelSend()
      this.#send()
    }
    await this.#sending
    await this.#parts.wire.close()
  }

  isHeard(tenantId: string): boolean {
    const untilMs = this.#followedUntilMs.get(tenantId)
    return untilMs !== undefined && untilMs > this.#parts.clock.monotonicMs()
  }

  tell(tenantId: string, { event, data }: CloudStreamEvent): void {
    if (!this.#put({ kind: 'stream', tenant: tenantId, event, data })) this.#resets.add(tenantId)
  }

  listens(tenantId: string): void {
    this.#put({ kind: 'listens', tenants: [tenantId] })
  }

  drop(tenantId: string, dropped: readonly string[]): void {
    for (let at = 0; at < dropped.length; at += fanoutLimits.tagsMax)
      this.#put({ kind: 'drop', tenant: tenantId, tags: dropped.slice(at, at + fanoutLimits.tagsMax) })
  }

  tellAccessEnded(): void {
    this.#put({ kind: 'access' })
  }

  /** False: it is too long, or too many wait. */
  #put(message: MessageBody): boolean {
    const { wire, clock, metrics } = this.#parts
    const text = JSON.stringify({ ...message, from: this.#id })
    this.#cancelSend ??= clock.after(fanoutLimits.gatherMs, () => this.#send())
    if (this.#texts.length >= fanoutLimits.waitingMax || Buffer.byteLength(text) > wire.bytesMax) {
      metrics.told.inc({ kind: message.kind, outcome: 'lost' })
      return false
    }
    this.#texts.push({ kind: message.kind, text })
    return true
  }

  #send(): void {
    this.#cancelSend = null
    const texts = this.#texts
    const resets = this.#resets
    this.#texts = []
    this.#resets = new Set()
    for (const tenant of resets)
      texts.push({
        kind: 'stream',
        text: JSON.stringify({
          kind: 'stream',
          tenant,
          event: 'reset',
          data: { reason: 'slow_client' },
          from: this.#id,
        }),
      })
    const before = this.#sending
    this.#sending = before.then(() => this.#sendNow(texts))
  }

  async #sendNow(texts: readonly { kind: Message['kind']; text: string }[]): Promise<void> {
    const { wire, metrics, log } = this.#parts
    let outcome = 'lost'
    try {
      if (wire.isUp && texts.length > 0) {
        await wire.send(texts.map(({ text }) => text))
        outcome = 'sent'
      }
    } catch (error) {
      log.debug({ action: 'fanout.send', success: false }, describeError(error))
    }
    for (const { kind } of texts) metrics.told.inc({ kind, outcome })
  }

  #hear(text: string): void {
    const { hub, metrics, log, wire } = this.#parts
    let message: Message
    try {
      if (Buffer.byteLength(text) > wire.bytesMax) throw new RangeError('it is too long')
      message = messageSchema.parse(JSON.parse(text))
    } catch (error) {
      metrics.told.inc({ kind: 'unknown', outcome: 'refused' })
      log.warn({ action: 'fanout.hear', success: false }, `not a message of ours: ${describeError(error)}`)
      return
    }
    if (message.from === this.#id) return
    metrics.told.inc({ kind: message.kind, outcome: 'heard' })
    if (message.kind === 'hello') this.#sayListensNow()
    else if (message.kind === 'listens') this.#follow(message.tenants)
    else if (message.kind === 'drop') this.#dropped(message.tenant, message.tags)
    else if (message.kind === 'access') this.#accessEnded()
    else {
      const data = cloudStreamEvents[message.event].safeParse(message.data)
      if (data.success) hub.deliver(message.tenant, { event: message.event, data: data.data } as CloudStreamEvent)
      // Of a newer version of the program: it is there to be fetched.
      else hub.deliver(message.tenant, { event: 'reset', data: { reason: 'slow_client' } })
    }
  }

  #follow(tenants: readonly string[]): void {
    const untilMs = this.#parts.clock.monotonicMs() + fanoutLimits.listensForMs
    for (const tenant of tenants) {
      this.#followedUntilMs.delete(tenant)
      this.#followedUntilMs.set(tenant, untilMs)
    }
    for (const tenant of this.#followedUntilMs.keys()) {
      if (this.#followedUntilMs.size <= fanoutLimits.tenantsMax) break
      this.#followedUntilMs.delete(tenant)
    }
  }

  /** The way was cut, or is open for the first time. */
  #missed(): void {
    const { hub } = this.#parts
    for (const tenantId of hub.heardHere) hub.deliver(tenantId, { event: 'reset', data: { reason: 'slow_client' } })
    this.#dropped(null, [])
    this.#accessEnded()
    this.#put({ kind: 'hello' })
    this.#sayListensNow()
  }

  #sayListensNow(): void {
    const tenants = this.#parts.hub.heardHere
    for (let at = 0; at < tenants.length; at += fanoutLimits.tenantsPerMessage)
      this.#put({ kind: 'listens', tenants: tenants.slice(at, at + fanoutLimits.tenantsPerMessage) })
  }

  #sayListens(): void {
    this.#sayListensNow()
    this.#cancelListens = this.#parts.clock.after(fanoutLimits.listensEveryMs, () => this.#sayListens())
  }
}
