import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket, Server as TlsServer } from 'node:tls'
import { describeError, isErrno, OperationalError } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import { createWebSocketStream, WebSocketServer } from 'ws'
import type { ConnectionRate } from './connection-rate.ts'
import type { BrokerLimits } from './limits.ts'
import { readTlsFiles, tlsFilesState } from './tls-files.ts'
import type { TlsFiles } from './tls-files.ts'

export interface ListenerOptions {
  readonly host: string
  /** 0 asks for any free port, here and below. */
  readonly port: number
  /** `host`: where it listens, and MQTT over WebSocket with it; absent: where the others do. So plain MQTT can stay on this machine. */
  readonly tls?: (TlsFiles & { readonly port: number; readonly host?: string | undefined }) | undefined
  /** MQTT over WebSocket at `/mqtt`; over TLS when there is TLS. */
  readonly ws?: { readonly port: number } | undefined
}

/** A connection on which MQTT may begin. */
export interface Accepted {
  readonly conn: Duplex
  readonly address: string
  /** Common name and alternative names of a client's certificate that the authority has signed. */
  readonly certificateNames: readonly string[]
  /** Called once it has signed in; the end of the connection says the rest. */
  readonly settled: () => void
}

export interface ListenersOptions extends ListenerOptions {
  readonly limits: BrokerLimits
  readonly rate: ConnectionRate
  readonly log: Log
  /** How many connections there are, of all listeners. */
  readonly onAccepted: (accepted: Accepted) => void
  readonly onRefused: () => void
}

interface Entrance {
  readonly address: string
  readonly settled: () => void
  readonly certificateNames: readonly string[]
}

/** How often the files of TLS are looked at. */
const certificateCheckMs = 60_000
const webSocketPath = '/mqtt'
/** The name that MQTT 3.1.1 gives it [MQTT-6.0.0-3], and that of MQTT 3.1. */
const subprotocols = ['mqtt', 'mqttv3.1']

/**
 * The doors of the broker. TCP, TLS and WebSocket differ in how a connection is opened; behind that all take the same way,
 * with the same limits. Every connection is counted before a byte of it is read, so that neither a handshake of TLS nor one
 * of HTTP costs anything for those that come too fast.
 */
export class Listeners {
  readonly #options: ListenersOptions
  readonly #servers: Server[] = []
  /** By address and port, until the handshake is through and the connection is another object. */
  readonly #entrances = new Map<string, Entrance>()
  readonly #bySocket = new WeakMap<Duplex, Entrance>()
  readonly #raw = new Set<Socket>()
  #plain: Server | null = null
  #tls: Server | null = null
  #ws: Server | null = null
  #endTlsWatch: (() => void) | null = null

  constructor(options: ListenersOptions) {
    this.#options = options
  }

  /** 0 where it does not listen. */
  get ports(): { readonly mqtt: number; readonly tls: number; readonly ws: number } {
    return { mqtt: portOf(this.#plain), tls: portOf(this.#tls), ws: portOf(this.#ws) }
  }

  /** @throws OperationalError when a port is taken or a certificate cannot be used. */
  async start(): Promise<void> {
    const { host, port, tls, ws } = this.#options
    const hostOfTls = tls?.host ?? host
    const secured = tls === undefined ? null : this.#tlsServer(tls)
    try {
      this.#plain = await this.#listen(host, port, 'MQTT', (socket) => this.#accept(socket))
      if (tls !== undefined && secured !== null) {
        const accept = this.#throughTls(secured, (socket) => this.#accept(socket))
        this.#tls = await this.#listen(hostOfTls, tls.port, 'MQTT over TLS', accept)
      }
      if (ws !== undefined) {
        const web = this.#webServer()
        const open = (socket: Duplex) => void web.emit('connection', socket)
        const accept = secured === null ? open : this.#throughTls(this.#tlsServer(tls as TlsFiles), open)
        this.#ws = await this.#listen(hostOfTls, ws.port, 'MQTT over WebSocket', accept)
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Takes no new connections; those that are open stay. */
  close(): void {
    this.#endTlsWatch?.()
    this.#endTlsWatch = null
    const servers = this.#servers.splice(0)
    for (const server of servers) server.close()
  }

  /** Ends what is open, also what has not come as far as MQTT. */
  destroyAll(): void {
    for (const socket of this.#raw) socket.destroy()
  }

  async #listen(host: string, port: number, what: string, accept: (socket: Socket) => void): Promise<Server> {
    const { limits } = this.#options
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: limits.silenceMs }, (socket) =>
      this.#enter(socket, accept),
    )
    this.#servers.push(server)
    server.listen(port, host)
    try {
      await once(server, 'listening')
    } catch (cause) {
      throw listenError(cause, what, `${host}:${port}`)
    }
    return server
  }

  #enter(socket: Socket, accept: (socket: Socket) => void): void {
    const { rate, limits, onRefused } = this.#options
    const address = socket.remoteAddress
    // It is gone already.
    if (address === undefined) {
      socket.destroy()
      return
    }
    if (this.#raw.size >= limits.connectionsMax + limits.newcomersMax || rate.refusal(address) !== null) {
      onRefused()
      socket.destroy()
      return
    }
    let isSettled = false
    const settled = () => {
      if (!isSettled) rate.settled(address)
      isSettled = true
    }
    const key = `${address} ${socket.remotePort}`
    const entrance = { address, settled, certificateNames: [] }
    this.#raw.add(socket)
    this.#entrances.set(key, entrance)
    this.#bySocket.set(socket, entrance)
    socket.on('error', ignore)
    socket.once('close', () => {
      this.#raw.delete(socket)
      this.#entrances.delete(key)
      settled()
    })
    accept(socket)
  }

  #accept(conn: Duplex): void {
    const entrance = this.#bySocket.get(conn)
    if (entrance === undefined) conn.destroy()
    else this.#options.onAccepted({ conn, ...entrance })
  }

  #tlsServer(files: TlsFiles): TlsServer {
    const server = createTlsServer({
      ...readTlsFiles(files),
      handshakeTimeout: this.#options.limits.handshakeTimeoutMs,
      requestCert: files.caFile !== undefined,
      // Who shows none, or a wrong one, may still have a password: `certificateNames` says who is trusted.
      rejectUnauthorized: false,
    })
    let state = tlsFilesState(files)
    const timer = setInterval(() => {
      const now = tlsFilesState(files)
      if (now === state) return
      state = now
      try {
        server.setSecureContext(readTlsFiles(files))
        this.#options.log.info({ action: 'mqtt' }, 'the certificate of the MQTT broker was renewed')
      } catch (error) {
        this.#options.log.error(
          { action: 'mqtt', problem: describeError(error) },
          'the renewed certificate of the MQTT broker cannot be used; the last one stays',
        )
      }
    }, certificateCheckMs)
    const endBefore = this.#endTlsWatch
    this.#endTlsWatch = () => {
      clearInterval(timer)
      endBefore?.()
    }
    return server
  }

  /** Hands connections to TLS, and goes on with those that come through. */
  #throughTls(server: TlsServer, accept: (socket: Duplex) => void): (socket: Socket) => void {
    server.on('secureConnection', (socket) => {
      const entrance = this.#entrances.get(`${socket.remoteAddress} ${socket.remotePort}`)
      if (entrance === undefined) {
        socket.destroy()
        return
      }
      this.#bySocket.set(socket, { ...entrance, certificateNames: namesOf(socket) })
      socket.on('error', ignore)
      accept(socket)
    })
    server.on('tlsClientError', (error, socket) => {
      this.#options.log.debug({ action: 'mqtt', problem: error.message }, 'a TLS handshake failed')
      socket.destroy()
    })
    return (socket) => void server.emit('connection', socket)
  }

  #webServer() {
    const { limits } = this.#options
    const sockets = new WebSocketServer({
      noServer: true,
      maxPayload: limits.webSocketFrameBytesMax,
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
    })
    const server = createHttpServer(
      { headersTimeout: limits.handshakeTimeoutMs, requestTimeout: limits.handshakeTimeoutMs },
      (_request, response) => {
        response.writeHead(426, { upgrade: 'websocket', connection: 'close' })
        response.end(`This is MQTT over WebSocket: connect to ${webSocketPath} with the subprotocol "mqtt".\n`)
      },
    )
    server.on('upgrade', (request, socket, head) => {
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
      const path = (request.url ?? '').split('?')[0]
      if (path !== webSocketPath || !subprotocols.some((name) => offered.includes(name))) {
        socket.end(
          `HTTP/1.1 ${path === webSocketPath ? '400 Bad Request' : '404 Not Found'}\r\nConnection: close\r\n\r\n`,
        )
        return
      }
      const entrance = this.#bySocket.get(socket)
      if (entrance === undefined) {
        socket.destroy()
        return
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        // [MQTT-6.0.0-1] binary frames only.
        webSocket.on('message', (_data, isBinary) => {
          if (!isBinary) webSocket.close(1003)
        })
        const conn = createWebSocketStream(webSocket)
        conn.on('error', ignore)
        this.#bySocket.set(conn, entrance)
        this.#accept(conn)
      })
    })
    return server
  }
}

/** Common name and DNS names of a certificate that was verified. */
function namesOf(socket: TLSSocket): readonly string[] {
  if (!socket.authorized) return []
  const { subject, subjectaltname = '' } = socket.getPeerCertificate()
  const common = subject?.CN
  const alternative = subjectaltname
    .split(',')
    .flatMap((entry) => /^\s*(?:DNS|email|URI):(.+)$/i.exec(entry)?.[1]?.trim() ?? [])
  return [...(typeof common === 'string' ? [common] : []), ...alternative]
}

function listenError(cause: unknown, what: string, where: string): OperationalError {
  if (isErrno(cause, 'EADDRINUSE'))
    return new OperationalError(
      `The ${what} port ${where} is taken by another program. Stop that one, or give this one another port.`,
      { cause },
    )
  if (isErrno(cause, 'EACCES'))
    return new OperationalError(`This user may not listen on the ${what} port ${where}. Take one above 1023.`, {
      cause,
    })
  return new OperationalError(`The ${what} broker cannot listen on ${where}.`, { cause })
}

const portOf = (server: Server | null): number => (server?.address() as AddressInfo | null)?.port ?? 0

/** An error of a socket is followed by its close, which is what counts. */
const ignore = (): void => {}
