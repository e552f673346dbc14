import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Log } from '@jidoka/base'
import { Aedes } from 'aedes'
import type { AuthenticateError, Client, ConnectPacket } from 'aedes'
import { isSensorTopic } from './access.ts'
import type { BrokerPolicy } from './access.ts'
import { connectPersistence } from './aedes-internals.ts'
import type { BrokerJournal } from './broker-journal.ts'
import { checkConnect, connackCodes } from './connect-check.ts'
import type { ConnackCode, ConnectRules } from './connect-check.ts'
import { ConnectRoom } from './connect-room.ts'
import type { Credentials, DeviceGrant } from './devices.ts'
import { FairShares } from './fair-shares.ts'
import type { Frame } from './frames.ts'
import type { HeldMessages } from './held-messages.ts'
import type { Inbound } from './inbound.ts'
import type { BrokerLimits } from './limits.ts'
import { Link } from './link.ts'
import type { Accepted } from './listeners.ts'
import { OutgoingBytes } from './outgoing-bytes.ts'
import { connackPacket, isOurProtocol, ProtocolError, publishPacket, readConnect } from './packets.ts'
import { PublishLane } from './publish-lane.ts'
import type { Message } from './router.ts'
import type { Receiver } from './session.ts'
import type { SessionTable } from './session-table.ts'
import type { BrokerStats } from './stats.ts'
import { isTopicName } from './topics.ts'

export interface ConnectionsOptions {
  readonly limits: BrokerLimits
  readonly policy: BrokerPolicy
  readonly authenticate: (credentials: Credentials) => DeviceGrant | null
  readonly log: Log
  readonly stats: BrokerStats
  readonly held: HeldMessages
  readonly journal: BrokerJournal
  readonly sessions: SessionTable
  readonly inbound: Inbound
}

/** The connections of the broker, from their first packet to their end: who they are, which session they speak for, and their last will. */
export class Connections {
  readonly #options: ConnectionsOptions
  readonly #limits: BrokerLimits
  readonly #log: Log
  readonly #stats: BrokerStats
  readonly #journal: BrokerJournal
  readonly #sessions: SessionTable
  readonly #inbound: Inbound
  readonly #links = new Map<Client, Link>()
  readonly #connectRules: ConnectRules
  readonly #room: ConnectRoom
  readonly #shares: FairShares
  readonly #outgoing = new OutgoingBytes(() => {
    let bytes = 0
    for (const { waitingBytes } of this.#links.values()) bytes += waitingBytes
    return bytes
  })
  /** Ids that are between CONNECT and CONNACK, with whether they had a session. */
  readonly #hadSession = new Map<string, boolean>()
  #aedes: Aedes | null = null
  /** Somebody may read sensors (open policy only): readings then take the longer way, which forwards them. */
  #sensorsAreRead = false
  #isStopping = false

  constructor(options: ConnectionsOptions) {
    const { limits, policy, authenticate, sessions, inbound } = options
    this.#options = options
    this.#limits = limits
    this.#log = options.log
    this.#stats = options.stats
    this.#journal = options.journal
    this.#sessions = sessions
    this.#inbound = inbound
    this.#shares = new FairShares(limits)
    this.#connectRules = {
      limits,
      policy,
      authenticate,
      publishRefusal: (grant, topic) => inbound.publishRefusal({ grant }, topic),
    }
    const { log, journal } = options
    this.#room = new ConnectRoom({ limits, policy, log, journal, sessions, links: () => this.#links.values() })
  }

  get isRunning(): boolean {
    return this.#aedes !== null
  }

  /** Clients that are signed in. */
  get count(): number {
    return this.#aedes?.connectedClients ?? 0
  }

  get persistentCount(): number {
    let count = 0
    for (const { session } of this.#links.values()) if (session?.isPersistent === true) count++
    return count
  }

  /** Whether publishes wait for their commit. */
  get isBusy(): boolean {
    for (const { lane } of this.#links.values()) if (lane.unacknowledged > 0) return true
    return false
  }

  async start(): Promise<void> {
    this.#isStopping = false
    this.#aedes = await this.#startAedes()
  }

  /** Takes nothing more; what is under way goes on. */
  pause(): void {
    this.#isStopping = true
    for (const link of this.#links.values()) link.lane.stop()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    const aedes = this.#aedes
    if (aedes === null) return
    await new Promise<void>((resolve) => aedes.close(() => resolve()))
    for (const client of this.#links.keys()) client.conn.destroy()
    this.#aedes = null
  }

  sensorReaders(isRead: boolean): void {
    this.#sensorsAreRead = isRead
    for (const link of this.#links.values()) link.lane.forgetTopics()
  }

  accept({ conn, address, certificateNames, settled }: Accepted): void {
    if (this.#aedes === null || this.#isStopping) {
      conn.destroy()
      return
    }
    this.#stats.connectionsTotal++
    const client = this.#aedes.handle(conn)
    const link = new Link({
      client,
      address,
      certificateNames,
      limits: this.#limits,
      ofAll: this.#outgoing,
      onRoom: (each) => each.session?.pump(),
    })
    link.lane = new PublishLane({
      client,
      limits: this.#limits,
      shares: this.#shares,
      isReading: (topic) => this.#isPlainReading(link, topic),
      take: (topic, payload, qos, messageId, dup, taken) => {
        if (link.session !== null)
          this.#inbound.reading(link, link.session, { topic, payload, qos, messageId, dup }, taken)
      },
      onFirst: (bytes, frame) => this.#first(link, conn, bytes, frame),
      onPacket: (bytes, frame) => link.session !== null && this.#inbound.packet(link, link.session, bytes, frame),
      onBreach: (what, detail) => {
        if (what === 'too_large') this.#stats.packetsTooLargeTotal++
        else this.#stats.packetsMalformedTotal++
        this.#log.warn(
          { action: 'mqtt', client: client.id, address, problem: detail },
          'a client broke the protocol or a limit and was disconnected',
        )
      },
      write: (bytes, written) => {
        link.send(bytes, written)
        // Who sends without end and reads no answer.
        if (link.waitingBytes > this.#limits.outgoingBytesMax) this.closeSlow(link)
      },
    })
    this.#links.set(client, link)
    conn.once('close', () => {
      this.#links.delete(client)
      link.lane.close()
      this.#end(client, link)
    })
    client.once('connected', settled)
  }

  closeSlow(link: Link): void {
    if (!link.isOpen) return
    this.#stats.slowReadersTotal++
    this.#log.warn(
      { action: 'mqtt', client: link.client.id, login: link.login, waitingBytes: link.waitingBytes },
      'a client does not read what is sent to it and was disconnected',
    )
    link.client.conn.destroy()
  }

  /** Ends connections whose readers take nothing, and the fullest ones while all together hold too much. */
  closeSlowReaders(): void {
    const nowMs = performance.now()
    this.#outgoing.measure()
    let bytes = 0
    for (const link of this.#links.values()) {
      if (link.fullSinceMs !== null && nowMs - link.fullSinceMs > this.#limits.drainTimeoutMs) this.closeSlow(link)
      else bytes += link.waitingBytes
    }
    if (bytes <= this.#limits.outgoingBytesOfAllMax) return
    for (const link of [...this.#links.values()].toSorted((left, right) => right.waitingBytes - left.waitingBytes)) {
      if (bytes <= this.#limits.outgoingBytesOfAllMax) return
      bytes -= link.waitingBytes
      this.closeSlow(link)
    }
  }

  /** The connection through which a session speaks. */
  linkOf(receiver: Receiver | null): Link | undefined {
    for (const link of this.#links.values()) if (link === receiver) return link
    return undefined
  }

  async #startAedes(): Promise<Aedes> {
    const aedes = await Aedes.createBroker({
      // The package's types are those of its own stores; `ConnectPersistence` says what is asked of ours.
      persistence: connectPersistence((clientId) => this.#hadSession.get(clientId) === true),
      connectTimeout: this.#limits.connectTimeoutMs,
      drainTimeout: this.#limits.drainTimeoutMs,
      // checkConnect bounds what the client shows; the id that aedes sees is longer by the login.
      maxClientsIdLength: Number.MAX_SAFE_INTEGER,
      preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
      authenticate: (client, login, _secret, done) => this.#authenticate(client, login, done),
      // The one that stands for the session; see connectPersistence.
      authorizeSubscribe: (_client, _subscription, done) => done(null, null),
    })
    // Its own words (`$SYS/{uuid}/heartbeat`, ...) are for brokers in a cluster; wills are published by us.
    aedes.publish = (_packet: unknown, clientOrDone: unknown, done?: unknown) => {
      const finish = typeof clientOrDone === 'function' ? clientOrDone : done
      if (typeof finish === 'function') finish(null)
    }
    aedes.on('clientError', (client, error) =>
      this.#log.debug({ action: 'mqtt', client: client.id, problem: error.message }, 'a client was disconnected'),
    )
    aedes.on('connectionError', (_client, error) =>
      this.#log.debug({ action: 'mqtt', problem: error.message }, 'a connection ended before it was one'),
    )
    aedes.on('clientReady', (client) => this.#ready(client))
    aedes.on('clientDisconnect', (client) => this.#end(client))
    return aedes
  }

  /** CONNECT, before aedes reads it. False when the answer is no. @throws ProtocolError */
  #first(link: Link, conn: Duplex, bytes: Buffer, frame: Frame): boolean {
    const { protocolName, protocolLevel, clientId, isClean } = readConnect(bytes, frame)
    // [MQTT-3.1.2-2] a level that is not ours is told so; another protocol's name [MQTT-3.1.2-1] gets no answer.
    if (!isOurProtocol(protocolName, protocolLevel)) {
      if (protocolName !== 'MQTT' && protocolName !== 'MQIsdp') throw new ProtocolError('it speaks another protocol')
      return this.#refuseFirst(link, conn, connackCodes.protocol, `it speaks level ${protocolLevel} of the protocol`)
    }
    // [MQTT-3.1.3-8] without an id there is no session to come back to; MQTT 3.1 knows none that is empty.
    if (clientId === '' && (!isClean || protocolLevel === 3))
      return this.#refuseFirst(link, conn, connackCodes.identifier, 'it wants a session and has no id')
    return true
  }

  #refuseFirst(link: Link, conn: Duplex, code: number, why: string): false {
    this.#refused(link, '', undefined, why)
    conn.end(connackPacket(code))
    // Who does not close its side is closed.
    conn.once('finish', () => setImmediate(() => conn.destroy()))
    return false
  }

  #refused(link: Link, clientId: string, login: string | undefined, why: string): void {
    this.#stats.connectionsRefusedTotal++
    this.#log.warn(
      {
        action: 'mqtt',
        client: clientId.slice(0, 200),
        login: login?.slice(0, 64),
        address: link.address,
        problem: why,
      },
      'a client was refused',
    )
  }

  #preConnect(client: Client, packet: ConnectPacket, done: (error: Error | null, success: boolean) => void): void {
    const link = this.#links.get(client)
    if (link === undefined) return done(null, false)
    const { will } = packet
    link.will =
      will === undefined
        ? null
        : {
            topic: will.topic,
            payload: Buffer.from(will.payload ?? ''),
            qos: will.qos as Message['qos'],
            retain: will.retain === true,
          }
    // Wills are ours: they lie in the journal, and go where all messages go.
    delete packet.will
    // [MQTT-3.1.3-6] a client without an id gets one that nobody else has.
    if (packet.clientId === '') packet.clientId = `auto-${randomUUID()}`
    const secondsMax = this.#limits.keepAliveSecondsMax
    packet.keepalive =
      packet.keepalive === undefined || packet.keepalive === 0 ? secondsMax : Math.min(packet.keepalive, secondsMax)
    link.connect = packet
    const credentials = {
      login: packet.username,
      secret: packet.password?.toString(),
      certificateNames: link.certificateNames,
    }
    const request = { packet, address: link.address, will: link.will, credentials }
    link.outcome = checkConnect(request, this.#connectRules)
    // aedes, which takes over by id, is to know it by the one that it has here.
    if ('clientId' in link.outcome) packet.clientId = link.outcome.clientId
    done(null, true)
  }

  #authenticate(
    client: Client,
    login: string | undefined,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): void {
    const link = this.#links.get(client)
    if (link === undefined || link.connect === null || link.outcome === null) return done(null, false)
    const { outcome } = link
    const isClean = link.connect.clean === true
    link.connect = null
    link.outcome = null
    const refuse = (code: ConnackCode, why: string) => {
      link.will = null
      this.#refused(link, client.id, login, why)
      done(Object.assign(new Error(why), { returnCode: code }), false)
    }
    if ('refused' in outcome) return refuse(outcome.refused, outcome.why)
    const why = this.#room.make({ link, client: outcome, isClean, hasWill: link.will !== null })
    if (why !== null) return refuse(connackCodes.unavailable, why)
    link.grant = outcome.grant
    link.login = outcome.login
    link.holder = outcome.holder
    // Who has nothing to write does not wait for a store that takes nothing.
    const waits = this.#journal.hasRoom
    this.#openSession(link, client.id, isClean)
    if (!waits) return done(null, true)
    // A session that is gone must stay so, and one that is there too, whatever happens behind CONNACK.
    this.#journal.after(this.#journal.position, () => done(null, true))
  }

  #openSession(link: Link, clientId: string, isClean: boolean): void {
    // [MQTT-3.1.4-2] the same login takes over: the older connection ends first, with its will.
    for (const other of this.#links.values()) if (other !== link && other.session?.clientId === clientId) other.close()
    const known = this.#sessions.find(clientId)
    if (known !== undefined && (isClean || !known.isPersistent)) this.#sessions.drop(known)
    const kept = this.#sessions.find(clientId)
    this.#hadSession.set(clientId, kept !== undefined)
    link.session = kept ?? this.#sessions.create(clientId, link.holder, !isClean)
    if (link.will !== null)
      this.#journal.note({ kind: 'will', will: { clientId, login: link.login, packet: publishPacket(link.will) } })
  }

  /** CONNACK has gone out. */
  #ready(client: Client): void {
    const link = this.#links.get(client)
    if (link === undefined || link.session === null) return
    this.#hadSession.delete(client.id)
    link.isAttached = true
    this.#sessions.attach(link.session, link)
    link.lane.proceed()
  }

  /** The connection is over, by whichever side. */
  #end(client: Client, link = this.#links.get(client)): void {
    if (link === undefined || link.hasEnded) return
    link.hasEnded = true
    this.#options.held.forget(client)
    const { session, will } = link
    if (session === null) return
    this.#hadSession.delete(session.clientId)
    if (will !== null) {
      // [MQTT-3.1.2-10] a client that says goodbye takes it back. A broker that stops leaves it for its next start.
      if (!this.#isStopping && link.isAttached && !link.saidGoodbye) this.#inbound.will(link.login, will)
      if (!this.#isStopping || link.saidGoodbye) this.#journal.note({ kind: 'will_gone', clientId: session.clientId })
    }
    const isSpokenThrough = session.receiver === link || session.receiver === null
    if (isSpokenThrough) this.#sessions.detach(session)
  }

  #isPlainReading(link: Link, topic: string): boolean {
    return (
      !this.#sensorsAreRead &&
      isSensorTopic(topic) &&
      isTopicName(topic) &&
      this.#inbound.publishRefusal(link, topic) === null
    )
  }
}
