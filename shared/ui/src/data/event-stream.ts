import { readProblem } from './api.ts'
import { backoffMs } from './backoff.ts'
import { ConnectionError, isAbort, ProblemError } from './errors.ts'
import { createSseParser, type ServerEvent } from './sse-parser.ts'

export type StreamState = 'connecting' | 'live' | 'lost'

export interface EventStreamParts {
  /** Read again at each attempt, so that it may carry a fresh token in `headers`. */
  readonly url: string
  readonly headers?: () => Readonly<Record<string, string>>
  /** Each time that the stream is (again) open: fetch the whole now, since the stream carries changes only. */
  readonly onOpen: () => void
  readonly onEvent: (event: ServerEvent) => void
  readonly onState: (state: StreamState, error: Error | null) => void
  /** The session has ended; the stream does not try again unless this resolves to true (a token was refreshed). */
  readonly onSignedOut: () => Promise<boolean>
  readonly fetch?: typeof fetch
  readonly random?: () => number
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
  /** Calls `expired` unless it is stopped within that time. */
  readonly startTimer?: (expired: () => void, ms: number) => () => void
}

/**
 * 40 s without a byte: the servers send a comment every 15 s, so two were missed. A half-open connection (a Wi-Fi panel
 * carried out of range) would otherwise look alive for ever.
 */
export const silenceMsMax = 40_000

const waitInBrowser = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

const startTimerInBrowser = (expired: () => void, ms: number) => {
  const timer = setTimeout(expired, ms)
  return () => clearTimeout(timer)
}

/**
 * Follows a stream of server-sent events until `signal` fires, through lost connections, with growing pauses between attempts.
 * Over fetch and not EventSource: that one can send no Authorization header, cannot see a 401, and waits for ever on a dead line.
 */
export async function followEventStream(parts: EventStreamParts, signal: AbortSignal): Promise<void> {
  const wait = parts.wait ?? waitInBrowser
  let attempt = 0
  while (!signal.aborted) {
    parts.onState('connecting', null)
    try {
      await readOnce(parts, signal, () => {
        attempt = 0
        parts.onState('live', null)
        parts.onOpen()
      })
      throw new ConnectionError('unreachable', parts.url, new Error('the server closed the stream'))
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ProblemError && error.is('not_signed_in') && !(await parts.onSignedOut())) return
      parts.onState('lost', error instanceof Error ? error : new Error(String(error)))
    }
    await wait(backoffMs(attempt, parts.random ?? Math.random), signal)
    attempt += 1
  }
}

async function readOnce(parts: EventStreamParts, outer: AbortSignal, opened: () => void): Promise<void> {
  const silence = new AbortController()
  const startTimer = parts.startTimer ?? startTimerInBrowser
  let stopTimer = startTimer(() => silence.abort(), silenceMsMax)
  const fetchOnce = parts.fetch ?? fetch.bind(globalThis)
  const fetching = new AbortController()
  try {
    const response = await fetchOnce(parts.url, {
      headers: { accept: 'text/event-stream', ...parts.headers?.() },
      cache: 'no-store',
      signal: AbortSignal.any([outer, silence.signal, fetching.signal]),
    })
    if (!response.ok) throw new ProblemError(await readProblem(response))
    if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
      throw new ConnectionError('unreadable', parts.url)
    }
    opened()
    const feed = createSseParser(parts.onEvent)
    const decoder = new TextDecoder()
    const reader = response.body.getReader()
    for (;;) {
      const piece = await reader.read()
      if (piece.done) return
      stopTimer()
      stopTimer = startTimer(() => silence.abort(), silenceMsMax)
      feed(decoder.decode(piece.value, { stream: true }))
    }
  } catch (error) {
    if (silence.signal.aborted) throw new ConnectionError('timeout', parts.url, error)
    if (isAbort(error) || error instanceof ProblemError || error instanceof ConnectionError) throw error
    throw new ConnectionError('unreachable', parts.url, error)
  } finally {
    stopTimer()
    // An exception out of the parser leaves the body open: close the connection with it.
    fetching.abort()
  }
}
