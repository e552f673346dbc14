import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Service } from '@jidoka/base'
import type { Hono } from 'hono'
import { PortTakenError } from '../net/port-taken.ts'

/** Loopback always: whoever reaches this can break the plant. */
const host = '127.0.0.1'

export class HttpServer implements Service {
  readonly name = 'http'
  readonly #server: Server
  readonly #port: number

  constructor(app: Hono, port: number) {
    this.#port = port
    const listener = getRequestListener(app.fetch)
    this.#server = createServer(
      { requestTimeout: 10_000, headersTimeout: 5_000 },
      (request, response) => void listener(request, response),
    )
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => reject(PortTakenError.from("the simulator's page", this.#port, cause)))
      this.#server.listen(this.#port, host, resolve)
    })
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  get url(): string {
    const address = this.#server.address()
    return `http://${host}:${typeof address === 'object' && address !== null ? address.port : this.#port}`
  }
}
