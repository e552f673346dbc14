import { expect, test } from 'vitest'
import { ConnectionError, ProblemError } from './errors.ts'
import { followEventStream, silenceMsMax, type EventStreamParts } from './event-stream.ts'
import type { ServerEvent } from './sse-parser.ts'

const encoder = new TextEncoder()

/** A stream whose pieces the test sends, one response for each attempt. */
function world(attempts: ((signal: AbortSignal) => Response | Promise<Response>)[]) {
  const said: string[] = []
  const events: ServerEvent[] = []
  const waits: number[] = []
  const stop = new AbortController()
  let expire: (() => void) | null = null
  let tried = 0
  const parts: EventStreamParts = {
    url: '/stream',
    onOpen: () => said.push('open'),
    onEvent: (event) => events.push(event),
    onState: (state, error) =>
      said.push(error === null ? state : `${state}: ${error instanceof ConnectionError ? error.kind : error.message}`),
    onSignedOut: () => {
      said.push('signed out')
      return Promise.resolve(false)
    },
    random: () => 1,
    wait: (ms) => {
      waits.push(ms)
      if (tried === attempts.length) stop.abort()
      return Promise.resolve()
    },
    startTimer: (expired) => {
      expire = expired
      return () => {
        expire = null
      }
    },
    fetch: async (_url, init) => {
      const attempt = attempts[tried]
      tried += 1
      if (attempt === undefined) throw new TypeError('no more attempts')
      return attempt(init?.signal ?? stop.signal)
    },
  }
  return {
    said,
    events,
    waits,
    parts,
    stop,
    expire: () => expire?.(),
    follow: () => followEventStream(parts, stop.signal),
  }
}

const body = (text: string) =>
  new Response(
    new ReadableStream({ start: (controller) => (controller.enqueue(encoder.encode(text)), controller.close()) }),
    { headers: { 'content-type': 'text/event-stream; charset=utf-8' } },
  )
const refused = () => {
  throw new TypeError('fetch failed')
}
const problem = (status: number, kind: string) => () =>
  new Response(JSON.stringify({ type: '', kind, title: '', status, detail: kind }), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  })

test('a stream that ends is opened again, and each time the whole is fetched', async () => {
  const { said, events, follow } = world([() => body('event: a\ndata: 1\n\n'), () => body('event: b\ndata: 2\n\n')])
  await follow()
  expect(events).toEqual([
    { event: 'a', data: '1' },
    { event: 'b', data: '2' },
  ])
  expect(said).toEqual([
    'connecting',
    'live',
    'open',
    'lost: unreachable',
    'connecting',
    'live',
    'open',
    'lost: unreachable',
  ])
})

test('pauses grow from half a second to fifteen, and begin anew after a success', async () => {
  const { waits, follow } = world([
    refused,
    refused,
    refused,
    refused,
    refused,
    refused,
    refused,
    () => body(''),
    refused,
  ])
  await follow()
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 500, 1_000])
})

test('a line that is silent for forty seconds is given up and opened again', async () => {
  const silent = world([
    (signal) =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            signal.addEventListener('abort', () => controller.error(signal.reason))
            queueMicrotask(() => queueMicrotask(() => silent.expire()))
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      ),
  ])
  await silent.follow()
  expect(silenceMsMax).toBe(40_000)
  expect(silent.said).toEqual(['connecting', 'live', 'open', 'lost: timeout'])
})

test('a session that has ended stops the stream', async () => {
  const { said, waits, follow } = world([problem(401, 'not_signed_in'), () => body('')])
  await follow()
  expect(said).toEqual(['connecting', 'signed out'])
  expect(waits).toEqual([])
})

test('a session that was renewed goes on', async () => {
  const { said, parts, stop } = world([problem(401, 'not_signed_in'), () => body('')])
  await followEventStream({ ...parts, onSignedOut: () => Promise.resolve(true) }, stop.signal)
  expect(said).toContain('open')
})

test('a server that is busy is tried again', async () => {
  const { said, follow } = world([problem(503, 'unavailable'), () => body('')])
  await follow()
  expect(said.slice(0, 4)).toEqual(['connecting', 'lost: unavailable', 'connecting', 'live'])
})

test("a proxy's page in place of the stream is no stream", async () => {
  const { said, follow } = world([() => new Response('<html>', { headers: { 'content-type': 'text/html' } })])
  await follow()
  expect(said).toEqual(['connecting', 'lost: unreadable'])
})

test('a listener that throws closes the connection and begins anew', async () => {
  let signalOfAttempt: AbortSignal | null = null
  const { said, parts, stop } = world([
    (signal) => {
      signalOfAttempt = signal
      return body('event: a\ndata: {\n\n')
    },
  ])
  await followEventStream({ ...parts, onEvent: (event) => void JSON.parse(event.data) }, stop.signal)
  expect(said.at(-1)).toBe('lost: unreachable')
  expect((signalOfAttempt as AbortSignal | null)?.aborted).toBe(true)
})

test('a problem keeps what the server said', async () => {
  const errors: unknown[] = []
  const { parts, stop } = world([problem(403, 'not_permitted')])
  await followEventStream({ ...parts, onState: (_state, error) => errors.push(error) }, stop.signal)
  expect(errors.at(-1)).toBeInstanceOf(ProblemError)
})
