import { createServer, connect } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { Service } from '@jidoka/base'
import { PortTakenError } from './port-taken.ts'

export interface RelayTarget {
  readonly host: string
  readonly port: number
}

/** 512 pairs: a plant has a handful; more means that somebody leaks them, and each holds two descriptors. */
const pairsMax = 512

/**
 * A TCP line from a local port to a target, that can be cut. Cut, it resets what is open and whatever comes, as a
 * firewall does; its port stays its own, so that taking the cut back cannot fail.
 */
export class Relay implements Service {
  readonly name: string
  readonly #listen: { readonly host: string; readonly port: number }
  readonly #target: RelayTarget
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  /** Several faults may cut one line; it is up again when the last is taken back. */
  readonly #cuts = new Set<string>()
  readonly #server: Server

  constructor(name: string, listen: { host: string; port: number }, target: RelayTarget) {
    this.name = name
    this.#listen = listen
    this.#target = target
    this.#server = createServer((client) => this.#join(client))
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => reject(PortTakenError.from(this.name, this.#listen.port, cause)))
      this.#server.listen(this.#listen.port, this.#listen.host, resolve)
    })
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#resetAll()
    await closed
  }

  /** The port that it listens on; known after `start`. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : this.#listen.port
  }

  get up(): boolean {
    return this.#cuts.size === 0
  }

  /** Cuts the line for a reason; the returned function takes that reason back. */
  cut(reason: string): () => void {
    this.#cuts.add(reason)
    this.#resetAll()
    return () => this.#cuts.delete(reason)
  }

  #join(client: Socket): void {
    if (!this.up || this.#pairs.size >= pairsMax) {
      client.on('error', () => client.destroy())
      client.resetAndDestroy()
      return
    }
    const upstream = connect({ host: this.#target.host, port: this.#target.port })
    const pair = [client, upstream] as const
    this.#pairs.add(pair)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.setNoDelay(true)
      // What ends one side ends the other in the same way; the error itself belongs to the two programs that talk.
      socket.on('error', () => other.resetAndDestroy())
      socket.on('close', () => {
        this.#pairs.delete(pair)
        other.destroy()
      })
    }
    client.pipe(upstream)
    upstream.pipe(client)
  }

  #resetAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }
}
