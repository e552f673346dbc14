import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Direction, Line, Toxic } from './line.ts'

/** Bytes on their way through a slow line before its sender is made to wait: a socket's buffers. */
const underWayBytesMax = 256 * 1024

/** What toxiproxy does, in a file, for where it is not installed. */
export class OwnLine implements Line {
  readonly name = 'own proxy'
  readonly url: string
  readonly #server: Server
  readonly #toxics: Record<Direction, Toxic[]> = { up: [], down: [] }
  readonly #connections = new Set<Connection>()
  #isCut = false

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (near: Socket) => {
      if (this.#isCut) {
        near.resetAndDestroy()
        return
      }
      const connection: Connection = new Connection(near, targetPort, this.#toxics, () =>
        this.#connections.delete(connection),
      )
      this.#connections.add(connection)
    })
  }

  static async open(targetPort: number): Promise<OwnLine> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new OwnLine(server, targetPort)
  }

  cut(): Promise<void> {
    this.#isCut = true
    for (const connection of this.#connections) connection.end(false)
    return Promise.resolve()
  }

  add(toxic: Toxic, direction: Direction): Promise<void> {
    this.#toxics[direction].push(toxic)
    if (toxic.kind === 'reset') for (const connection of this.#connections) connection.resetAfter(toxic.afterMs)
    return Promise.resolve()
  }

  heal(): Promise<void> {
    this.#isCut = false
    for (const direction of ['up', 'down'] as const) {
      // What was swallowed is missing: such a connection is of no use to anybody.
      const wasSilent = this.#toxics[direction].some(({ kind }) => kind === 'silent')
      this.#toxics[direction].length = 0
      if (wasSilent) for (const connection of this.#connections) connection.end(false)
    }
    return Promise.resolve()
  }

  async close(): Promise<void> {
    await this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

class Connection {
  readonly #near: Socket
  readonly #far: Socket
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #ended: () => void
  #isOver = false

  constructor(
    near: Socket,
    targetPort: number,
    toxics: Readonly<Record<Direction, readonly Toxic[]>>,
    ended: () => void,
  ) {
    this.#near = near
    this.#far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    this.#ended = ended
    near.setNoDelay(true)
    for (const socket of [this.#near, this.#far]) {
      socket.on('error', () => this.end(true))
      socket.on('close', () => this.end(false))
    }
    this.#carry(this.#near, this.#far, toxics.up)
    this.#carry(this.#far, this.#near, toxics.down)
    for (const toxic of [...toxics.up, ...toxics.down]) if (toxic.kind === 'reset') this.resetAfter(toxic.afterMs)
  }

  resetAfter(afterMs: number): void {
    this.#after(afterMs, () => this.end(true))
  }

  /** @param isReset whether both ends see a reset, or an end */
  end(isReset: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of [this.#near, this.#far]) {
      if (isReset && !socket.destroyed) socket.resetAndDestroy()
      else socket.destroy()
    }
    this.#ended()
  }

  #carry(from: Socket, to: Socket, toxics: readonly Toxic[]): void {
    let passed = 0
    let underWay = 0
    let freeAtMs = 0
    from.on('data', (bytes: Buffer) => {
      const nowMs = performance.now()
      let arrivesMs = nowMs
      let chunk = bytes
      let isLast = false
      for (const toxic of toxics) {
        if (toxic.kind === 'silent') return
        if (toxic.kind === 'slow') arrivesMs += Math.max(0, toxic.latencyMs + (Math.random() * 2 - 1) * toxic.jitterMs)
        if (toxic.kind === 'narrow') arrivesMs = Math.max(arrivesMs, freeAtMs) + bytes.length / toxic.kbPerSecond
        if (toxic.kind === 'torn' && passed + bytes.length > toxic.bytes) {
          chunk = bytes.subarray(0, Math.max(0, toxic.bytes - passed))
          isLast = true
        }
      }
      passed += bytes.length
      underWay += bytes.length
      // In order, whatever the jitter.
      freeAtMs = Math.max(freeAtMs, arrivesMs)
      if (underWay > underWayBytesMax) from.pause()
      const arrive = () => {
        underWay -= bytes.length
        if (underWay <= underWayBytesMax) from.resume()
        to.write(chunk)
        if (isLast) this.end(false)
      }
      if (freeAtMs <= nowMs && underWay === bytes.length) arrive()
      else this.#after(freeAtMs - nowMs, arrive)
    })
    from.on('end', () => this.#after(Math.max(0, freeAtMs - performance.now()), () => to.end()))
  }

  #after(timeMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, timeMs)
    this.#timers.add(timer)
  }
}
