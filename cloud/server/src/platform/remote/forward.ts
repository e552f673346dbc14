import { describeError, outgoingTraceparent } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import type { Context, Handler } from 'hono'
import { codeOf } from '../db/unavailable.ts'
import type { App } from '../http/app.ts'
import type { AppEnv } from '../http/env.ts'
import { addressOf } from '../http/env.ts'
import { ProblemError } from '../http/problem.ts'
import { timeLimitMsOf } from '../http/time-limit.ts'
import type { GuardedCircuit } from './guarded-circuit.ts'
import type { ReachableModule } from './module-names.ts'
import { ModuleUnavailableError } from './unavailable.ts'

/** What people and edges ask of each module: the gateway is the one door to all of it, wherever it runs. */
const publicPaths: Readonly<Record<ReachableModule, readonly string[]>> = {
  identity: ['/api/v1/auth'],
  fleet: ['/api/v1/fleet', '/sync/v1'],
  judgment: ['/api/v1/judgment', '/api/v1/rules'],
  audit: ['/api/v1/audit'],
}

/** RFC 9110, 7.6.1: of one connection, and not of what is sent over it. What a `connection` header names besides is left: it is the sender's own word. */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
])
/** Whoever asks the gateway cannot say where it comes from, nor what only modules say to each other. */
const ofGateway = new Set([
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
  'x-jidoka-module',
  // Whether a page may ask is decided here, by the name that it knows; the module has another.
  'origin',
  'sec-fetch-site',
])

/** What routes are made for. A module is not asked about any other: some cannot even be sent. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export interface ForwardParts {
  readonly module: ReachableModule
  readonly address: URL
  readonly circuit: GuardedCircuit
  readonly clock: Clock
  readonly log: Log
  readonly trustForwarded: boolean
}

/** Hands requests to the process where their module runs, as they come. That one checks who asks, and what: nothing is decided here. */
export function addForwards(app: App, parts: ForwardParts): void {
  const forward = forwarder(parts)
  for (const path of publicPaths[parts.module]) {
    app.all(path, forward)
    app.all(`${path}/*`, forward)
  }
}

function forwarder({ module, address, circuit, clock, log, trustForwarded }: ForwardParts): Handler<AppEnv> {
  return async (c) => {
    const { pathname, search } = new URL(c.req.url)
    // `%2e%2e` is a step up to whoever reads the address next: nothing but these paths is behind this door.
    if (!publicPaths[module].some((path) => pathname === path || pathname.startsWith(`${path}/`)))
      throw new ProblemError('not_found', 'There is nothing at this address. Write it without steps up.')
    const { method } = c.req.raw
    if (!methods.has(method))
      throw new ProblemError(
        'not_found',
        `Nothing here answers ${method}. The addresses of the API are listed at /docs.`,
      )
    const { signal: left } = c.req.raw
    const late = new AbortController()
    const body = sentBody(c.req.raw)
    // What cannot be made of a request is the sender's, and says nothing of the module.
    const request = new Request(new URL(pathname + search, address), {
      method,
      headers: headersFor(c, trustForwarded),
      redirect: 'manual',
      signal: AbortSignal.any([left, late.signal]),
      ...(body === null ? {} : { body: body.stream, duplex: 'half' }),
    })
    const turn = circuit.begin()
    if (turn === null)
      throw new ModuleUnavailableError(module, 'open', { retryAfterS: Math.max(1, Math.ceil(circuit.waitMs / 1_000)) })
    // Until the head of the answer: what is streamed behind it has no end.
    const cancel = clock.after(timeLimitMsOf(pathname), () => late.abort())
    try {
      const answer = await fetch(request)
      // Only what is in front of the module says so without the id of the request: one that is busy, or whose database is, is there and says it by itself.
      if (answer.status >= 502 && answer.status <= 504 && !answer.headers.has('x-request-id')) turn.failed()
      else turn.succeeded()
      const vary = furtherVary(answer)
      if (vary !== '') c.header('vary', vary, { append: true })
      return c.newResponse(answer.body, answer.status as 200, headersOf(answer))
    } catch (cause) {
      // A body that stalls, fails or is too long is its sender's: else anybody could shut a module for everybody.
      const isOfSender = body?.isWhole() === false && !isUnreached(cause)
      if (left.aborted || isOfSender) turn.left()
      else turn.failed()
      const failure = body?.failure()
      if (failure instanceof ProblemError) throw failure
      const absence = late.signal.aborted ? 'slow' : 'down'
      log.warn(
        { action: 'forward', module, success: false, requestId: c.var.requestId },
        `${isOfSender ? 'a body did not come to an end for' : 'no answer of'} the module ${module}: ${absence} (${describeError(cause)})`,
      )
      throw new ModuleUnavailableError(module, absence, { cause })
    } finally {
      cancel()
    }
  }
}

/** Of a connection that was never there. What its other end does with one that is may be the sender's doing. */
const connectCodes = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])
const isUnreached = (error: unknown): boolean => error instanceof Error && connectCodes.has(codeOf(error.cause))

interface SentBody {
  readonly stream: ReadableStream<Uint8Array>
  isWhole(): boolean
  /** What went wrong at its sender, if anything did. */
  failure(): unknown
}

/** The body of a request as it is sent on, and how far it has come; null where there is none. */
function sentBody({ method, body }: Request): SentBody | null {
  if (method === 'GET' || method === 'HEAD' || body === null) return null
  let isWhole = false
  let failure: unknown
  const reader = body.getReader()
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          isWhole = true
          return controller.close()
        } catch (error) {
          failure = error
          throw error
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return { stream, isWhole: () => isWhole, failure: () => failure }
}

function headersFor(c: Context<AppEnv>, trustForwarded: boolean): Headers {
  const headers = new Headers()
  for (const [name, value] of c.req.raw.headers)
    if (!ofConnection.has(name) && !ofGateway.has(name)) headers.append(name, value)
  // It is compressed once, here, for whoever asks; between processes of one house bytes cost less than the time to pack them.
  headers.set('accept-encoding', 'identity')
  headers.set('x-request-id', c.var.requestId)
  headers.set('x-forwarded-for', addressOf(c, trustForwarded))
  // The span of this request is what the other one's is a part of.
  const traceparent = outgoingTraceparent()
  if (traceparent !== null) headers.set('traceparent', traceparent)
  return headers
}

function headersOf(answer: Response): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  // Packed although that was not asked for, it has been unpacked on its way here.
  const wasPacked = answer.headers.has('content-encoding')
  for (const [name, value] of answer.headers) {
    if (ofConnection.has(name) || name === 'set-cookie' || name === 'vary') continue
    if (wasPacked && (name === 'content-encoding' || name === 'content-length')) continue
    headers[name] = value
  }
  const cookies = answer.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  return headers
}

/** What the answer of a module depends on besides what every answer of this one does, which is said already. */
function furtherVary(answer: Response): string {
  const names = (answer.headers.get('vary') ?? '').toLowerCase().split(/\s*,\s*/)
  return names.filter((name) => name !== '' && name !== 'accept-encoding' && name !== 'origin').join(', ')
}
