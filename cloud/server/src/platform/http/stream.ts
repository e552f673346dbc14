import type { CloudStreamEvent } from '@jidoka/contract'
import type { Clock } from '@jidoka/base'
import { cloudPaths, cloudStreamPermissions } from '@jidoka/contract'
import { may } from '@jidoka/domain'
import { streamSSE } from 'hono/streaming'
import type { EventHub } from '../events.ts'
import type { Metrics } from '../metrics.ts'
import type { App } from './app.ts'
import { takeQuery } from './declared.ts'
import type { Guard } from './env.ts'
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
  let clients = 0
  app.get(cloudPaths.stream, guard('board:read'), takeQuery([]), (c) => {
    if (clients >= httpLimits.streamClientsMax || stopping.aborted) {
      throw new ProblemError(
        'unavailable',
        'Too many consoles follow events at once. This one goes on with fetching; try again in a minute.',
        { retryAfterS: 60 },
      )
    }
    const caller = c.var.caller
    return streamSSE(c, async (stream) => {
      metrics.streamClients.set(++clients)
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
        metrics.streamClients.set(--clients)
      }
    })
  })
}
