import type { Problem, ProblemKind } from '@jidoka/contract'
import { problemMessage } from './describe-error.ts'
import { ConnectionError, isAbort, ProblemError } from './errors.ts'

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface RequestOptions {
  readonly query?: Query
  readonly signal?: AbortSignal
  /** Milliseconds until the request is given up. */
  readonly timeoutMs?: number
}

export interface DownloadOptions extends RequestOptions {
  readonly method?: 'GET' | 'POST'
  /** Told how many bytes are here, several times a second. */
  readonly onBytes?: (bytes: number) => void
}

export interface Download {
  readonly blob: Blob
  /** As the server names it; null where it does not. */
  readonly name: string | null
  readonly headers: Headers
}

export interface Answer<Data> {
  readonly data: Data
  readonly meta: { readonly request_id: string; readonly next_cursor?: string }
}

export interface Api {
  /** A body that is a Blob goes as it is, anything else as JSON. Each throws ProblemError for an answer that is a problem, ConnectionError for none, and an AbortError when `signal` fired. */
  get<Data>(path: string, options?: RequestOptions): Promise<Answer<Data>>
  post<Data>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<Data>>
  put<Data>(path: string, body: unknown, options?: RequestOptions): Promise<Answer<Data>>
  delete<Data>(path: string, options?: RequestOptions): Promise<Answer<Data>>
  /** A file. One that breaks off midway is a ConnectionError, never half a file. */
  download(path: string, options?: DownloadOptions): Promise<Download>
}

export interface ApiParts {
  readonly fetch?: typeof fetch
  /** Put before every path; '' on the server's own origin. */
  readonly baseUrl?: string
  /** The value of the Authorization header, or null for none (sessions by cookie need none). */
  readonly authorization?: () => string | null
  /** Tried once after a 401; true when a new session was had and the request may be repeated. */
  readonly refresh?: () => Promise<boolean>
  /** Told when the session has ended for good. */
  readonly onSignedOut?: () => void
}

/** 15 s: longer than a slow query of history on a small appliance, shorter than an operator's patience with a dead screen. */
const timeoutMsDefault = 15_000

/** 6 h: a file of weeks over a plant's slow line. A server that says nothing at all is noticed by the browser before. */
const downloadTimeoutMsDefault = 6 * 3_600_000

/** Five times a second: enough for a number that runs, and a small panel has other things to draw. */
const progressEveryMs = 200

async function readBlob(response: Response, onBytes: ((bytes: number) => void) | undefined): Promise<Blob> {
  const counted = new TransformStream<Uint8Array, Uint8Array>(countBytes(onBytes))
  const body = response.body?.pipeThrough(counted) ?? null
  const type = response.headers.get('content-type') ?? ''
  // The browser keeps a large blob on its disk; an array of pieces would be in memory as a whole.
  return await new Response(body, { headers: { 'content-type': type } }).blob()
}

function countBytes(onBytes: ((bytes: number) => void) | undefined): Transformer<Uint8Array, Uint8Array> {
  let bytes = 0
  let toldAtMs = -Infinity
  return {
    transform(piece, controller) {
      bytes += piece.byteLength
      const nowMs = performance.now()
      if (nowMs - toldAtMs >= progressEveryMs) {
        toldAtMs = nowMs
        onBytes?.(bytes)
      }
      controller.enqueue(piece)
    },
    flush: () => onBytes?.(bytes),
  }
}

/** Names that a server of ours gives are plain; a path in one would be somebody else's doing. */
const fileNameOf = (headers: Headers): string | null =>
  /filename="([^"/\\]+)"/.exec(headers.get('content-disposition') ?? '')?.[1] ?? null

/** `/a` and `{ line: 'A', page: 2, none: null }` make `/a?line=A&page=2`. */
export function withQuery(path: string, query: Query | undefined): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

/** What a status means when the body is no problem of ours (a proxy's page, an old server). */
function kindOfStatus(status: number): ProblemKind {
  const kinds: Readonly<Record<number, ProblemKind>> = {
    401: 'not_signed_in',
    403: 'not_permitted',
    404: 'not_found',
    405: 'method_not_allowed',
    409: 'conflict',
    413: 'too_large',
    415: 'unsupported_media_type',
    429: 'too_many_requests',
    502: 'unavailable',
    503: 'unavailable',
    504: 'unavailable',
  }
  return kinds[status] ?? (status < 500 ? 'invalid_input' : 'internal')
}

export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null)
  const given = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>
  const known = given.kind !== undefined && Object.hasOwn(problemMessage, given.kind)
  const kind = known ? (given.kind as ProblemKind) : kindOfStatus(response.status)
  return {
    type: 'about:blank',
    title: response.statusText,
    detail: `the server answered ${response.status}`,
    ...given,
    kind,
    status: response.status,
  }
}

export function createApi(parts: ApiParts = {}): Api {
  const fetchOnce = parts.fetch ?? fetch.bind(globalThis)

  async function send(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? timeoutMsDefault)
    const headers = new Headers({ accept: 'application/json' })
    const isFile = body instanceof Blob
    const authorization = parts.authorization?.() ?? null
    if (authorization !== null) headers.set('authorization', authorization)
    if (body !== undefined) headers.set('content-type', isFile ? body.type : 'application/json')
    try {
      return await fetchOnce(`${parts.baseUrl ?? ''}${withQuery(path, options.query)}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
        signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
      })
    } catch (error) {
      if (isAbort(error)) throw error
      throw new ConnectionError(timeout.aborted ? 'timeout' : 'unreachable', path, error)
    }
  }

  /** The answer, once it is known to be none that refuses. */
  async function accepted(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response> {
    const sentWith = parts.authorization?.() ?? null
    let response = await send(method, path, body, options)
    if (response.status === 401 && parts.refresh) {
      const problem = await readProblem(response.clone())
      // Another call that was refused at the same time may have brought the new session while this answer was under way.
      const isRenewed = sentWith !== null && parts.authorization?.() !== sentWith
      if (problem.kind === 'not_signed_in' && (isRenewed || (await parts.refresh())))
        response = await send(method, path, body, options)
    }
    if (!response.ok) {
      const problem = await readProblem(response)
      if (problem.kind === 'not_signed_in') parts.onSignedOut?.()
      throw new ProblemError(problem)
    }
    return response
  }

  async function request<Data>(
    method: string,
    path: string,
    body: unknown,
    options: RequestOptions = {},
  ): Promise<Answer<Data>> {
    const response = await accepted(method, path, body, options)
    if (response.status === 204) return { data: null as Data, meta: { request_id: '' } }
    try {
      return (await response.json()) as Answer<Data>
    } catch (error) {
      if (isAbort(error)) throw error
      throw new ConnectionError('unreadable', path, error)
    }
  }

  async function download(path: string, options: DownloadOptions = {}): Promise<Download> {
    const { method = 'GET', onBytes, timeoutMs = downloadTimeoutMsDefault, ...rest } = options
    const response = await accepted(method, path, undefined, { ...rest, timeoutMs })
    try {
      const blob = await readBlob(response, onBytes)
      return { blob, name: fileNameOf(response.headers), headers: response.headers }
    } catch (error) {
      if (rest.signal?.aborted) throw error
      throw new ConnectionError('unreadable', path, error)
    }
  }

  return {
    get: (path, options) => request('GET', path, undefined, options),
    post: (path, body, options) => request('POST', path, body, options),
    put: (path, body, options) => request('PUT', path, body, options),
    delete: (path, options) => request('DELETE', path, undefined, options),
    download,
  }
}
