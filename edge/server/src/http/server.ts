import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import type { Service } from '@jidoka/base'
import { isErrno, OperationalError } from '@jidoka/base'
import { httpLimits } from './limits.ts'

/** The listener. `stop` lets requests in work end; streams are ended by their hub first. */
export class HttpServer implements Service {
  readonly name = 'http'
  readonly #server: Server
  readonly #host: string
  readonly #port: number

  constructor(
    fetch: (request: Request, env: never) => Response | Promise<Response>,
    options: { readonly host: string; readonly port: number },
  ) {
    this.#host = options.host
    this.#port = options.port
    this.#server = createAdaptorServer({
      fetch: (request, env) => fetch(request, env as never),
      // Global Request and Response stay Node's own: the uplink's fetch is checked against them.
      overrideGlobalObjects: false,
      serverOptions: {
        maxHeaderSize: httpLimits.headersBytesMax,
        headersTimeout: httpLimits.headersTimeoutMs,
        requestTimeout: httpLimits.requestTimeoutMs,
        keepAliveTimeout: httpLimits.keepAliveTimeoutMs,
      },
    }) as Server
    this.#server.maxConnections = httpLimits.connectionsMax
  }

  /** Address for people and programs; after `start`. */
  get url(): string {
    const address = this.#server.address()
    const port = address !== null && typeof address === 'object' ? address.port : this.#port
    const host = this.#host === '0.0.0.0' || this.#host === '::' ? '127.0.0.1' : this.#host
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(this.#listenError(error)))
      this.#server.listen(this.#port, this.#host, () => resolve())
    })
  }

  stop(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.close((error) => (error && !isErrno(error, 'ERR_SERVER_NOT_RUNNING') ? reject(error) : resolve()))
      this.#server.closeIdleConnections()
      // 3 s for requests in work; what is still open then is a client that does not read.
      setTimeout(() => this.#server.closeAllConnections(), 3_000).unref()
    })
  }

  #listenError(error: Error): Error {
    const where = `${this.#host}:${this.#port}`
    if (isErrno(error, 'EADDRINUSE'))
      return new OperationalError(
        `Another program uses ${where}. Stop it, or set "http.port" (JIDOKA_HTTP_PORT) to a free port or 0.`,
        { cause: error },
      )
    if (isErrno(error, 'EACCES'))
      return new OperationalError(
        `This user may not listen on ${where}. Choose a port above 1023 in "http.port" (JIDOKA_HTTP_PORT).`,
        { cause: error },
      )
    if (isErrno(error, 'EADDRNOTAVAIL'))
      return new OperationalError(
        `This machine has no address ${this.#host}. Set "http.host" (JIDOKA_HTTP_HOST) to one of its own.`,
        { cause: error },
      )
    return error
  }
}
