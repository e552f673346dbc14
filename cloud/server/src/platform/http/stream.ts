import type { CloudStreamEvent } from '@jidoka/contract'
import type { Clock } from '@jidoka/base'
import { cloudPaths, cloudStreamPermissions } from '@jidoka/contract'
import { may } from '@jidoka/domain'
import { streamSSE } from 'hono/streaming'
import type { EventHub } from '../events.ts'
import type { Metrics } from '../metrics.ts'
import type { App } from './app.ts'
import { takeQuery } from './declared.ts'
import type { Caller, Guard } from './env.ts'
import { httpLimits } from './limits.ts'
import { ProblemError } from './problem.ts'

/**
 * Events that wait for one client. When it does not keep up they are thrown away as a whole and it is told to fetch again:
 * a gap that nobody sees would be worse than no stream.
 */
export class StreamBuffer {
  #events: CloudStreamEvent[] = []
  #wake: (() => void) | undefined
  #max: number

  constructor(max: number = httpLimits.streamEventsMax) {
    this.#max = max
  }

  push(event: CloudStreamEvent): void {
    if (this.#events.length >= this.#max) this.#events = [{ event: 'reset', data: { reason: 'slow_client' } }]
    else this.#events.push(event)
    this.wake()
  }

  wake(): void {
    this.#wake?.()
  }

  take(): CloudStreamEvent[] {
    return this.#events.splice(0)
  }

  /** Resolves when there may be something, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (this.#events.length > 0) return
    const woken = Promise.withResolvers<void>()
    const timer = setTimeout(woken.resolve, ms)
    this.#wake = woken.resolve
    await woken.promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}

/** Who follows events now. Nobody takes the places of all: one person or tenant whose program opens them without end would shut out every other tenant. */
export class StreamClients {
  size = 0
  readonly #counts = new Map<string, number>()

  haveRoomFor(caller: Caller): boolean {
    return (
      this.size < httpLimits.streamClientsMax &&
      boundsOf(caller).every(({ key, max }) => (this.#counts.get(key) ?? 0) < max)
    )
  }

  /** @returns what is to be called once, when the client goes */
  comes(caller: Caller): () => void {
    const keys = boundsOf(caller).map(({ key }) => key)
    this.#add(keys, 1)
    return () => this.#add(keys, -1)
  }

  #add(keys: readonly string[], change: 1 | -1): void {
    this.size += change
    for (const key of keys) {
      const count = (this.#counts.get(key) ?? 0) + change
      if (count === 0) this.#counts.delete(key)
      else this.#counts.set(key, count)
    }
  }
}

const boundsOf = ({ tenantId, login }: Caller) => [
  { key: tenantId, max: httpLimits.streamClientsOfTenantMax },
  { key: `${tenantId} ${login}`, max: httpLimits.streamClientsOfLoginMax },
]

/** `GET /api/v1/stream`: what happens in the caller's tenant, as far as the caller's role may read it. Ends with the access token, and when `stopping` is aborted. */
export function addStreamRoute(
  app: App,
  {
    hub,
    guard,
    metrics,
    clock,
    stopping,
  }: { hub: EventHub; guard: Guard; metrics: Metrics; clock: Clock; stopping: AbortSignal },
): void {
  const clients = new StreamClients()
  app.get(cloudPaths.stream, guard('board:read'), takeQuery([]), (c) => {
    const caller = c.var.caller
    if (stopping.aborted || !clients.haveRoomFor(caller)) {
      throw new ProblemError(
        'unavailable',
        'Too many consoles follow events at once. This one goes on with fetching; try again in a minute.',
        { retryAfterS: 60 },
      )
    }
    return streamSSE(c, async (stream) => {
      const goes = clients.comes(caller)
      metrics.streamClients.set(clients.size)
      const buffer = new StreamBuffer()
      const leave = hub.subscribe(caller.tenantId, (event) => {
        if (may(caller.role, cloudStreamPermissions[event.event])) buffer.push(event)
      })
      const wake = () => buffer.wake()
      stopping.addEventListener('abort', wake)
      stream.onAbort(wake)
      try {
        // A first byte, so that proxies and browsers see the stream open.
        await stream.write(': open\n\n')
        while (!stream.aborted && !stopping.aborted && clock.nowMs() / 1_000 < caller.expiresAtS) {
          await buffer.wait(httpLimits.streamHeartbeatMs)
          if (caller.hasEnded?.() === true) break
          const events = buffer.take()
          if (events.length === 0) await stream.write(': still here\n\n')
          for (const { event, data } of events) await stream.writeSSE({ event, data: JSON.stringify(data) })
        }
      } finally {
        leave()
        stopping.removeEventListener('abort', wake)
        goes()
        metrics.streamClients.set(clients.size)
      }
    })
  })
}
