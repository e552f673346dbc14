import type { Clock } from '@jidoka/base'
import { describeError, inSpan, outgoingTraceparent } from '@jidoka/base'
import type { Failure } from '@jidoka/sync-engine'
import { ClockOffset, refusalSchema, signRequest } from '@jidoka/sync-protocol'
import type { Refusal } from '@jidoka/sync-protocol'
import type { EdgeIdentity } from './identity.ts'
import { cloudLineLimits } from './limits.ts'

export interface CloudRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly body?: Uint8Array<ArrayBuffer>
  readonly contentType?: string
  readonly timeoutMs: number
}

export type CloudAnswer =
  | { readonly kind: 'ok'; readonly json: unknown }
  | { readonly kind: 'failed'; readonly failure: Failure }

export interface CloudLineOptions {
  readonly cloudUrl: string
  readonly identity: EdgeIdentity
  readonly clock: Clock
  readonly fetch?: typeof fetch
  /** The way down was refused because this appliance is revoked: the way up, which may have nothing to send, hears of it at once. */
  readonly onRevoked?: () => void
}

/** HTTP to the cloud: every request signed with the appliance's key, bounded in time and size, and its end told as a value. */
export class CloudLine {
  readonly cloudUrl: string
  readonly #identity: EdgeIdentity
  readonly #clock: Clock
  readonly #fetch: typeof fetch
  readonly #onRevoked: () => void
  readonly #offset = new ClockOffset()
  readonly #closed = new AbortController()

  constructor(options: CloudLineOptions) {
    this.cloudUrl = options.cloudUrl
    this.#identity = options.identity
    this.#clock = options.clock
    this.#fetch = options.fetch ?? fetch
    this.#onRevoked = options.onRevoked ?? (() => {})
  }

  /** The cloud's time, as far as its answers have said that it is another one than here. */
  cloudNowMs(): number {
    return this.#offset.apply(this.#clock.nowMs())
  }

  /** Ends what is on the line; nothing goes out afterwards. */
  close(): void {
    this.#closed.abort()
  }

  request(request: CloudRequest): Promise<CloudAnswer> {
    return inSpan(`${request.method} ${placeOf(request.path)}`, clientSpan, async (span) => {
      const answer = await this.#request(request)
      if (answer.kind === 'failed') span?.set({ 'jidoka.failure': answer.failure.kind })
      return answer
    })
  }

  async #request(request: CloudRequest): Promise<CloudAnswer> {
    try {
      const response = await this.#send(new URL(request.path, this.cloudUrl), {
        method: request.method,
        signal: AbortSignal.timeout(request.timeoutMs),
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(request.contentType === undefined ? {} : { headers: { 'content-type': request.contentType } }),
      })
      const text = await readBounded(response)
      if (response.ok) return parseJson(text) ?? strange(response)
      const refusal = refusalOf(text)
      if (refusal === null) return strange(response)
      if (refusal.kind === 'stale') this.#offset.learn(response.headers, this.#clock.nowMs())
      return { kind: 'failed', failure: { kind: 'refused', refusal } }
    } catch (error) {
      const isTimeout = error instanceof Error && error.name === 'TimeoutError'
      return {
        kind: 'failed',
        failure: isTimeout ? { kind: 'timeout' } : { kind: 'network', cause: networkCause(error) },
      }
    }
  }

  /**
   * `fetch` with this appliance's signature, for the client of the desired state. A request that the cloud refuses for its
   * time is repeated once with the cloud's own.
   */
  readonly signedFetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const response = await this.#send(url, init)
    if (response.status !== 401 && response.status !== 403) return response
    const text = await readBounded(response)
    const refusal = refusalOf(text)
    if (refusal?.kind === 'revoked') this.#onRevoked()
    if (refusal?.kind === 'stale' && this.#offset.learn(response.headers, this.#clock.nowMs()))
      return this.#send(url, init)
    return new Response(text, response)
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    const body = init.body instanceof Uint8Array ? init.body : new Uint8Array(0)
    const edgeId = this.#identity.enrolled?.edge_id
    const headers = new Headers(init.headers)
    if (edgeId !== undefined) {
      const nowMs = this.#offset.apply(this.#clock.nowMs())
      const path = `${url.pathname}${url.search}`
      const signed = signRequest({
        method: init.method ?? 'GET',
        path,
        body,
        edgeId,
        privateKey: this.#identity.privateKey,
        nowMs,
      })
      for (const [name, value] of Object.entries(signed)) headers.set(name, value)
    }
    const traceparent = outgoingTraceparent()
    if (traceparent !== null) headers.set('traceparent', traceparent)
    const signals = [this.#closed.signal, ...(init.signal ? [init.signal] : [])]
    // A redirect would carry the signature elsewhere and cannot be right: the address is configured.
    return this.#fetch(url, { ...init, headers, redirect: 'error', signal: AbortSignal.any(signals) })
  }
}

const clientSpan = { kind: 'client' } as const
/** An address without what is one appliance's: `/sync/v1/batches`. */
const placeOf = (path: string): string => path.split('?', 1).join('').split('/', 4).join('/')

const strange = (response: Response): CloudAnswer => {
  const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfterMs = Number.isFinite(retryAfterS) && retryAfterS >= 0 ? retryAfterS * 1_000 : null
  return { kind: 'failed', failure: { kind: 'strange_answer', status: response.status, retryAfterMs } }
}

function parseJson(text: string): CloudAnswer | null {
  try {
    return { kind: 'ok', json: JSON.parse(text) }
  } catch {
    return null // the caller tells it as a strange answer
  }
}

/** The refusal inside a problem (RFC 9457); null where something else than the cloud answered. */
function refusalOf(text: string): Refusal | null {
  const parsed = parseJson(text)
  if (parsed?.kind !== 'ok' || typeof parsed.json !== 'object' || parsed.json === null || !('refusal' in parsed.json))
    return null
  const refusal = refusalSchema.safeParse(parsed.json.refusal)
  return refusal.success ? refusal.data : null
}

async function readBounded(response: Response): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > cloudLineLimits.answerBytesMax)
      throw new Error(`an answer of more than ${cloudLineLimits.answerBytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** undici says "fetch failed" and puts what happened into the cause. */
function networkCause(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return describeError(cause).slice(0, 400)
}
