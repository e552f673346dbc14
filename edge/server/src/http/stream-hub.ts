import type { Clock } from '@jidoka/base'
import type { BoardAlarm, BoardVerdict, EdgeStreamEvent, LineToCloud, TagValue } from '@jidoka/contract'
import { streamLimits } from './limits.ts'
import { StreamClient } from './stream-client.ts'

const encoder = new TextEncoder()
const heartbeat = encoder.encode(': heartbeat\n\n')

type ResetReason = 'rules' | 'catalogue'

/** A server-sent event as bytes; made once and shared by all clients. */
export const encodeEvent = ({ event, data }: EdgeStreamEvent): Uint8Array =>
  encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)

/**
 * The board's live stream. A tag's first change leaves at once, later ones at most every 75 ms with the newest value;
 * verdicts and alarms always at once. Nothing waits for a client: one that does not read is told to load the board again.
 */
export class StreamHub {
  readonly #clock: Clock
  readonly #clients = new Set<StreamClient>()
  readonly #sentMs = new Map<string, number>()
  readonly #pending = new Map<string, TagValue>()
  #cancelFlush: (() => void) | null = null
  #cancelHeartbeat: (() => void) | null = null
  readonly #resetPauses = new Map<ResetReason, { readonly cancel: () => void; isDue: boolean }>()
  slowClientsTotal = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get clientsCount(): number {
    return this.#clients.size
  }

  get isFull(): boolean {
    return this.#clients.size >= streamLimits.clientsMax
  }

  /** A new client's stream. It ends when the client goes, when `isAlive` says no, and with `stop`. */
  connect(isAlive: () => boolean): ReadableStream<Uint8Array> {
    const client = new StreamClient(isAlive, {
      onGone: () => this.#remove(client),
      onSlow: () => this.slowClientsTotal++,
    })
    this.#clients.add(client)
    client.send(encoder.encode(`retry: ${streamLimits.reconnectMs}\n: connected\n\n`))
    if (this.#cancelHeartbeat === null) this.#beat()
    return client.stream
  }

  values(values: readonly TagValue[]): void {
    if (this.#clients.size === 0 || values.length === 0) return
    const nowMs = this.#clock.monotonicMs()
    const due: TagValue[] = []
    for (const value of values) {
      if (nowMs - (this.#sentMs.get(value.key) ?? Number.NEGATIVE_INFINITY) >= streamLimits.valueEveryMs) {
        this.#pending.delete(value.key)
        this.#sentMs.set(value.key, nowMs)
        due.push(value)
      } else {
        this.#pending.set(value.key, value)
      }
    }
    this.#broadcastValues(due)
    this.#plan()
  }

  verdict(data: BoardVerdict): void {
    this.#broadcast({ event: 'verdict', data })
  }

  alarm(data: BoardAlarm): void {
    this.#broadcast({ event: 'alarm', data })
  }

  lineToCloud(data: LineToCloud): void {
    this.#broadcast({ event: 'line_to_cloud', data })
  }

  /** At once, and what follows within a second together at its end. */
  reset(reason: ResetReason): void {
    if (this.#clients.size === 0) return
    const pause = this.#resetPauses.get(reason)
    if (pause !== undefined) {
      pause.isDue = true
      return
    }
    this.#broadcast({ event: 'reset', data: { reason } })
    const cancel = this.#clock.after(streamLimits.resetEveryMs, () => {
      const isDue = this.#resetPauses.get(reason)?.isDue === true
      this.#resetPauses.delete(reason)
      if (isDue) this.reset(reason)
    })
    this.#resetPauses.set(reason, { cancel, isDue: false })
  }

  stop(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = null
    this.#cancelHeartbeat?.()
    this.#cancelHeartbeat = null
    for (const { cancel } of this.#resetPauses.values()) cancel()
    this.#resetPauses.clear()
    for (const client of this.#clients) client.end()
    this.#clients.clear()
  }

  #broadcast(event: EdgeStreamEvent): void {
    if (this.#clients.size === 0) return
    const bytes = encodeEvent(event)
    for (const client of this.#clients) client.send(bytes)
  }

  #broadcastValues(values: TagValue[]): void {
    if (values.length > 0) this.#broadcast({ event: 'values', data: { values } })
  }

  #plan(): void {
    if (this.#cancelFlush !== null || this.#pending.size === 0) return
    let dueMs = Number.POSITIVE_INFINITY
    for (const key of this.#pending.keys())
      dueMs = Math.min(dueMs, (this.#sentMs.get(key) ?? 0) + streamLimits.valueEveryMs)
    const delayMs = Math.max(streamLimits.flushGridMs, dueMs - this.#clock.monotonicMs())
    this.#cancelFlush = this.#clock.after(delayMs, () => {
      this.#cancelFlush = null
      this.values([...this.#pending.values()])
    })
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#clock.after(streamLimits.heartbeatEveryMs, () => {
      for (const client of this.#clients) {
        if (client.isAlive()) client.send(heartbeat)
        else client.end()
      }
      this.#beat()
    })
  }

  #remove(client: StreamClient): void {
    this.#clients.delete(client)
    if (this.#clients.size > 0) return
    // Nobody watches: the next client fetches the board, and what waited here is in it.
    this.#pending.clear()
    this.#sentMs.clear()
    this.#cancelFlush?.()
    this.#cancelFlush = null
    this.#cancelHeartbeat?.()
    this.#cancelHeartbeat = null
  }
}
