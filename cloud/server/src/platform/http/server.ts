import { randomUUID } from 'node:crypto'
import { createServer, STATUS_CODES } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { getRequestListener, RequestError } from '@hono/node-server'
import { isErrno, OperationalError } from '@jidoka/base'
import type { Service } from '@jidoka/base'
import type { App } from './app.ts'
import { httpLimits } from './limits.ts'
import { ProblemError, toHttpProblem } from './problem.ts'

export class PortError extends OperationalError {
  override name = 'PortError'
}

/** The listening socket. `stop` takes what waits at the door and nothing after it, lets requests under way end, and cuts what is left after the drain time. */
export class HttpServer implements Service {
  readonly name = 'http'
  #server: Server
  #address: { host: string; port: number }
  #isStopping = false
  #accepted = 0
  /** The newest of each connection. */
  readonly #answers = new WeakMap<Duplex, ServerResponse>()

  constructor(app: App, address: { host: string; port: number }) {
    this.#address = address
    const answer = getRequestListener(app.fetch, {
      // An answer that is whole is then written as it is, not read back out of a web stream: a third of the program's time for a page of fifty rows.
      overrideGlobalObjects: true,
      // HTTP/1.0, as some probes speak it, needs no `Host`.
      hostname: 'localhost',
      // What never gets to the application, which answers everything else.
      errorHandler: (error) => {
        const { status, body } = toHttpProblem(error instanceof RequestError ? noAddress(error) : error, randomUUID())
        const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
        return new Response(JSON.stringify(body), { status, headers })
      },
    })
    this.#server = createServer(
      {
        requestTimeout: httpLimits.requestMsMax,
        headersTimeout: httpLimits.headersMsMax,
        connectionsCheckingInterval: httpLimits.headersLookMs,
        keepAliveTimeout: httpLimits.keepAliveMs,
      },
      (request, response) => {
        // Whoever keeps its connection and asks again would hold the program until it is cut.
        if (this.#isStopping) response.shouldKeepAlive = false
        this.#answers.set(request.socket, response)
        void answer(request, response)
      },
    )
    this.#server.maxConnections = httpLimits.connectionsMax
    this.#server.on('connection', () => this.#accepted++)
    this.#server.on('clientError', (error, socket) => this.#refuse(error, socket))
  }

  /** `http://host:port` once it listens. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    const host = this.#address.host === '0.0.0.0' ? '127.0.0.1' : this.#address.host
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** @throws PortError */
  async start(): Promise<void> {
    const { host, port } = this.#address
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const why = isErrno(cause, 'EADDRINUSE')
          ? 'another program uses it. Stop that one, or set JIDOKA_CLOUD_HTTP_PORT to another port (0 takes any free one)'
          : isErrno(cause, 'EACCES')
            ? 'this user may not open it. Take a port above 1023'
            : cause.message
        reject(new PortError(`The port ${port} on ${host} cannot be opened: ${why}.`, { cause }))
      })
      this.#server.listen(port, host, resolve)
    })
  }

  /** Serves on for this long, and lets go of each connection with the next answer on it. */
  async leave(seconds: number): Promise<void> {
    this.#isStopping = true
    if (seconds > 0) await pause(seconds * 1_000)
  }

  /** What never became a request: it is told why, where nothing has been said on the connection that this would be in the middle of. */
  #refuse(error: Error, socket: Duplex): void {
    const answer = this.#answers.get(socket)
    const isMidway = answer?.headersSent === true && !answer.writableFinished
    if (!socket.writable || isMidway || isErrno(error, 'ECONNRESET')) {
      socket.destroy()
      return
    }
    const { status, body } = toHttpProblem(problemOf(error), randomUUID())
    const text = JSON.stringify(body)
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(text)}`,
      'connection: close',
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
  }

  /**
   * Takes what the kernel has greeted already: closing the door resets it, and the event loop takes a few connections a turn. A turn that brings none says that
   * nobody waits.
   */
  async #takeThoseWhoWait(): Promise<void> {
    const untilMs = performance.now() + httpLimits.doorMsMax
    let before: number
    do {
      before = this.#accepted
      await nextTurn()
      // The turn in which this was asked for may have looked at the door before.
      await nextTurn()
    } while (this.#accepted > before && performance.now() < untilMs)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#takeThoseWhoWait()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    // The connection of an edge is idle only once its long poll is answered, and then it would be kept for more than a minute.
    const closeIdle = setInterval(() => this.#server.closeIdleConnections(), httpLimits.drainLookMs)
    const cut = setTimeout(() => this.#server.closeAllConnections(), httpLimits.drainMsMax)
    await closed
    clearInterval(closeIdle)
    clearTimeout(cut)
  }
}

const noAddress = (cause: Error) =>
  new ProblemError('invalid_input', 'The address or the host of the request is none. Ask for http://host/path.', {
    cause,
  })

function problemOf(error: Error): ProblemError {
  if (isErrno(error, 'ERR_HTTP_REQUEST_TIMEOUT'))
    return new ProblemError('slow_request', 'The request did not come in time. Send it again, or less at once.')
  if (isErrno(error, 'HPE_HEADER_OVERFLOW'))
    return new ProblemError(
      'too_large',
      'The head of the request is larger than 16 kB. Send a shorter address and fewer headers.',
    )
  return new ProblemError('invalid_input', 'This is no HTTP request. Look at what sends it, and at what lies between.')
}
