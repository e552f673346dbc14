import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { isErrno, OperationalError } from '@jidoka/base'
import type { Service } from '@jidoka/base'
import type { App } from './app.ts'
import { httpLimits } from './limits.ts'

export class PortError extends OperationalError {
  override name = 'PortError'
}

/** The listening socket. `stop` takes nothing new, lets requests under way end, and cuts what is left after the drain time. */
export class HttpServer implements Service {
  readonly name = 'http'
  #server: Server
  #address: { host: string; port: number }
  #isStopping = false

  constructor(app: App, address: { host: string; port: number }) {
    this.#address = address
    const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    this.#server = createServer(
      {
        requestTimeout: httpLimits.requestMsMax,
        headersTimeout: httpLimits.headersMsMax,
        keepAliveTimeout: httpLimits.keepAliveMs,
      },
      (request, response) => {
        // Whoever keeps its connection and asks again would hold the program until it is cut.
        if (this.#isStopping) response.shouldKeepAlive = false
        void answer(request, response)
      },
    )
    this.#server.maxConnections = httpLimits.connectionsMax
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

  async stop(): Promise<void> {
    this.#isStopping = true
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
