import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { Aedes } from 'aedes'
import type { AuthenticateError } from 'aedes'

export interface Published {
  readonly login: string
  readonly topic: string
  readonly payload: string
  readonly qos: number
}

/** aedes declares its codes as an ambient enum, which stripped types cannot import: 4 is "bad user name or password". */
function wrongCredentials(): AuthenticateError {
  const error: Error & { returnCode?: number } = new Error('wrong credentials')
  error.returnCode = 4
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
  return error as AuthenticateError
}

/** A real broker on loopback that checks secrets, writes down what it gets, and can be switched off and on. */
export class TestBroker {
  readonly published: Published[] = []
  readonly refusedLogins: string[] = []
  readonly #secrets: Readonly<Record<string, string>> | null
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #aedes: Aedes | null = null
  #port = 0
  /** False: takes messages and says nothing, as one whose store has failed. */
  acknowledges = true
  /** Topics at which it hangs up, as a strict broker does. */
  hangsUpAt: (topic: string) => boolean = () => false

  /** @param secrets login to secret; null lets everybody in. */
  constructor(secrets: Readonly<Record<string, string>> | null) {
    this.#secrets = secrets
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({
      authenticate: (client, username, password, done) => {
        const fits =
          this.#secrets === null ||
          (username !== undefined && this.#secrets[username] === password?.toString('utf8') && client.id === username)
        if (fits) return done(null, true)
        this.refusedLogins.push(username ?? '')
        done(wrongCredentials(), false)
      },
      authorizePublish: (client, packet, done) => {
        if (this.hangsUpAt(packet.topic)) return done(new Error('not permitted'))
        this.published.push({
          login: client?.id ?? '',
          topic: packet.topic,
          payload: packet.payload.toString('utf8'),
          qos: packet.qos,
        })
        if (this.acknowledges) done(null)
      },
    })
    const server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      aedes.handle(socket)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    this.#aedes = aedes
    this.#server = server
  }

  /** Drops every connection and listens no more; `start` brings it back on the same port. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
    await new Promise<void>((resolve) => this.#aedes?.close(() => resolve()))
  }
}
