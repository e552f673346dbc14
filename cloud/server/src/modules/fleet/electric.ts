import type { Clock, Log } from '@jidoka/base'
import { describeError, inSpan, outgoingTraceparent } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import type { EventHub } from '../../platform/events.ts'
import { ProblemError, RefusalError } from '../../platform/http/problem.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import { findEdge } from './repository.ts'
import type { ShapeAnswer, ShapeQuery, ShapeSource } from './shape.ts'

/** What edges get of a row; the id is the primary key, which a shape must carry. */
const columns = 'id,edge_id,kind,key,version,body'

const electricLimits = {
  /** Electric itself answers a long poll after 20 s; the client of an edge gives up after 45 s. */
  liveMsMax: 40_000,
  /** The first snapshot of a catalogue is made while the edge waits. */
  answerMsMax: 30_000,
  /** Bytes of an answer that stop coming hold a connection at both ends. */
  bodyMsMax: 60_000,
  healthMsMax: 2_000,
  /** When Electric does not say when to come again. */
  retryMs: 5_000,
} as const

export interface ElectricParts {
  readonly url: string
  readonly secret: string | undefined
  readonly database: Database
  readonly clock: Clock
  readonly hub: EventHub
  readonly metrics: Metrics
  readonly log: Log
  /** Aborted when the program stops: edges that wait are answered at once. */
  readonly stopping: AbortSignal
}

export type ElectricHealth = 'ok' | 'starting' | 'down'

/**
 * Serves an edge's desired state from an Electric service. The edge says only where it stands; table, rows and columns are set here, after it has
 * proven who it is, so that it cannot ask for anything else.
 */
export class ElectricProxy implements ShapeSource {
  readonly #parts: ElectricParts
  #cursor = 0

  constructor(parts: ElectricParts) {
    this.#parts = parts
  }

  async serve(identity: EdgeIdentity, query: ShapeQuery, gone: AbortSignal): Promise<ShapeAnswer> {
    const { clock, hub, metrics, stopping } = this.#parts
    const isLive = query.live === 'true'
    const ended = new AbortController()
    let reason: 'gone' | 'revoked' | 'slow' | 'stopping' | undefined
    const end = (why: NonNullable<typeof reason>) => {
      reason ??= why
      ended.abort()
    }
    const hungUp = () => end('gone')
    const stops = () => end('stopping')
    gone.addEventListener('abort', hungUp)
    stopping.addEventListener('abort', stops)
    // Listening before looking: a revocation in between is not missed.
    const unlisten = hub.onDesiredChange(identity.edgeId, () => {
      this.#isRevoked(identity).then(
        (isRevoked) => isRevoked && end('revoked'),
        (error: unknown) => this.#warn(error),
      )
    })
    const cancel = clock.after(isLive ? electricLimits.liveMsMax : electricLimits.answerMsMax, () => end('slow'))
    if (isLive) metrics.shapeWaiters.inc()
    try {
      if (await this.#isRevoked(identity)) throw new RefusalError({ kind: 'revoked' })
      if (gone.aborted) hungUp()
      if (stopping.aborted) stops()
      const response = await inSpan('GET /v1/shape', { kind: 'client' }, () => {
        const traceparent = outgoingTraceparent()
        const headers = traceparent === null ? {} : { headers: { traceparent } }
        return fetch(this.#urlOf(identity.edgeId, query), { signal: ended.signal, ...headers })
      })
      return await this.#answerOf(response, ended)
    } catch (error) {
      if (error instanceof RefusalError || error instanceof ProblemError) throw error
      if (reason === 'revoked') throw new RefusalError({ kind: 'revoked' })
      if (reason === 'stopping' && isLive) return this.#nothingNew(query)
      if (reason === undefined) this.#warn(error)
      throw notServed('The service behind it does not answer.', error)
    } finally {
      if (isLive) metrics.shapeWaiters.dec()
      cancel()
      unlisten()
      gone.removeEventListener('abort', hungUp)
      stopping.removeEventListener('abort', stops)
    }
  }

  async health(): Promise<ElectricHealth> {
    const ended = new AbortController()
    const cancel = this.#parts.clock.after(electricLimits.healthMsMax, () => ended.abort())
    try {
      const response = await fetch(serviceUrl(this.#parts.url, '/v1/health'), { signal: ended.signal })
      await response.body?.cancel()
      return response.status === 200 ? 'ok' : response.status === 202 ? 'starting' : 'down'
    } catch {
      return 'down'
    } finally {
      cancel()
    }
  }

  #urlOf(edgeId: string, { offset, handle, live, cursor }: ShapeQuery): URL {
    const url = serviceUrl(this.#parts.url, '/v1/shape')
    const set = (name: string, value: string | undefined) => {
      if (value !== undefined) url.searchParams.set(name, value)
    }
    set('offset', offset)
    set('handle', handle)
    set('live', live)
    set('cursor', cursor)
    set('table', 'fleet.desired')
    set('where', 'edge_id = $1 and deleted = false')
    set('params[1]', edgeId)
    set('columns', columns)
    // Of an update every column, as an edge reads rows and not differences.
    set('replica', 'full')
    set('secret', this.#parts.secret)
    return url
  }

  async #answerOf(response: Response, ended: AbortController): Promise<ShapeAnswer> {
    const { status } = response
    if ((status === 200 || status === 409) && response.body !== null) {
      const headers = Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('electric-')))
      return { status, headers, body: this.#bounded(response.body, ended) }
    }
    const said = (await response.text()).slice(0, 500)
    this.#warn(new Error(`Electric answers ${status}: ${said}`))
    if (status === 429 || status === 503) {
      const afterS = Number(response.headers.get('retry-after') ?? Number.NaN)
      const afterMs = Number.isFinite(afterS) && afterS >= 0 ? afterS * 1_000 : electricLimits.retryMs
      throw new RefusalError({ kind: 'busy', retry_after_ms: Math.min(afterMs, 3_600_000) })
    }
    if (status === 401 || status === 403)
      throw notServed('The service behind it does not know this cloud: its administrator checks ELECTRIC_SECRET.')
    throw notServed('The service behind it refuses what it is asked: its administrator looks into the log.')
  }

  /** Streamed through as it comes, and given up when it stops coming. */
  #bounded(body: ReadableStream<Uint8Array>, ended: AbortController): ReadableStream<Uint8Array> {
    const { clock } = this.#parts
    const giveUp = () => ended.abort()
    let cancel = clock.after(electricLimits.bodyMsMax, giveUp)
    return body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          cancel()
          cancel = clock.after(electricLimits.bodyMsMax, giveUp)
          controller.enqueue(chunk)
        },
        flush: () => cancel(),
        cancel: () => cancel(),
      }),
    )
  }

  /** What Electric itself says at the end of a long poll in which nothing happened. */
  #nothingNew({ handle, offset }: ShapeQuery): ShapeAnswer {
    this.#cursor = Math.max(this.#cursor + 1, this.#parts.clock.nowMs())
    return {
      status: 200,
      headers: {
        ...(handle === undefined ? {} : { 'electric-handle': handle }),
        'electric-offset': offset,
        'electric-up-to-date': '',
        'electric-cursor': String(this.#cursor),
      },
      body: JSON.stringify([{ headers: { control: 'up-to-date' } }]),
    }
  }

  async #isRevoked({ tenantId, edgeId }: EdgeIdentity): Promise<boolean> {
    const edge = await this.#parts.database.withTenant(tenantId, (tx) => findEdge(tx, edgeId))
    return edge?.revoked_at !== null
  }

  #warn(error: unknown): void {
    this.#parts.log.warn({ action: 'electric.shape', success: false }, describeError(error))
  }
}

/** A path of the service, which may itself lie below a path of a proxy; what stands in the query (`source_id`) stays. */
export function serviceUrl(base: string, path: string): URL {
  const url = new URL(base)
  url.pathname = url.pathname.replace(/\/+$/, '') + path
  return url
}

function notServed(why: string, cause?: unknown): ProblemError {
  return new ProblemError(
    'unavailable',
    `The desired state cannot be served now. ${why} What the edge has stays in force.`,
    {
      retryAfterS: electricLimits.retryMs / 1_000,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
