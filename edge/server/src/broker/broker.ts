import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { isErrno, OperationalError } from '@jidoka/base'
import type { Log, Service } from '@jidoka/base'
import { alarmTopic } from '@jidoka/contract'
import type { Alarm } from '@jidoka/domain'
import { Aedes } from 'aedes'
import type { AuthenticateError, Client, ConnectPacket, PublishPacket, Subscription } from 'aedes'
import type { Pipeline, StandingVerdict } from '../ports.ts'
import { isSensorTopic, isTopicName, isWithinLimits, publishRefusal, subscribeRefusal } from './access.ts'
import type { BrokerPolicy } from './access.ts'
import { BoundedPersistence } from './bounded-persistence.ts'
import { checkConnect, connackCodes } from './connect-check.ts'
import type { ConnectOutcome, ConnectRules } from './connect-check.ts'
import type { DeviceGrant } from './devices.ts'
import { keepReadingsIn } from './aedes-internals.ts'
import { HeldMessages } from './held-messages.ts'
import { brokerLimits } from './limits.ts'
import type { BrokerLimits } from './limits.ts'
import { alarmMessage, verdictMessage } from './messages.ts'
import { PublishLane } from './publish-lane.ts'
import { RetainedVerdicts } from './retained-verdicts.ts'
import { newStats } from './stats.ts'
import type { BrokerStats } from './stats.ts'

export interface BrokerOptions {
  /** 0 asks for any free port. */
  readonly port: number
  readonly host: string
  readonly limits?: Partial<BrokerLimits>
  readonly policy: BrokerPolicy
  /** Not asked under the open policy. */
  readonly authenticate: (login: string, secret: string) => DeviceGrant | null
  readonly pipeline: Pick<Pipeline, 'ingest' | 'onStoreProblem'>
  readonly log: Log
}

export interface Broker extends Service {
  /** The port that it listens on; 0 before `start`. */
  readonly port: number
  /** `mqtt://host:port` as it listens. */
  readonly url: string
  /** Clients that are signed in. */
  readonly clientsCount: number
  /** Standing verdicts that changed; at the start all that stand, so that retained messages are there again. */
  publishVerdicts(verdicts: readonly StandingVerdict[]): void
  publishAlarms(alarms: readonly Alarm[]): void
  stats(): Readonly<BrokerStats>
}

/** What is known of a connection. */
interface Session {
  readonly lane: PublishLane
  grant: DeviceGrant | null
  login: string
  connect: ConnectPacket | null
}

/** How long a stop waits for commits under way, so that their PUBACKs still leave. */
const drainMsMax = 3_000

export function createBroker(options: BrokerOptions): Broker {
  return new MqttBroker(options)
}

class MqttBroker implements Broker {
  readonly name = 'broker'
  readonly #options: BrokerOptions
  readonly #limits: BrokerLimits
  readonly #log: Log
  readonly #sessions = new Map<Client, Session>()
  readonly #held: HeldMessages
  readonly #persistence: BoundedPersistence
  readonly #retainedVerdicts = new RetainedVerdicts()
  readonly #stats = newStats()
  readonly #server: Server
  readonly #connectRules: ConnectRules
  #aedes: Aedes | null = null
  #endStoreProblem: (() => void) | null = null
  /** Somebody may read sensors (open policy only): readings then take aedes' way, which forwards them. */
  #sensorsAreRead = false

  constructor(options: BrokerOptions) {
    this.#options = options
    this.#limits = { ...brokerLimits, ...options.limits }
    this.#log = options.log
    this.#held = new HeldMessages(options.pipeline)
    this.#persistence = new BoundedPersistence(this.#limits)
    this.#connectRules = {
      limits: this.#limits,
      policy: options.policy,
      authenticate: options.authenticate,
      mayOpenSession: (clientId) =>
        this.#persistence.hasSession(clientId) || this.#persistence.sessionCount < this.#limits.sessionsMax,
      publishRefusal: (grant, topic) => this.#publishRefusal(grant, topic),
    }
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: this.#limits.silenceMs },
      (socket) => this.#accept(socket),
    )
    this.#server.maxConnections = this.#limits.connectionsMax
    this.#server.on('drop', () => this.#stats.connectionsRefusedTotal++)
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo | null
    return address?.port ?? 0
  }

  get url(): string {
    const { host } = this.#options
    return `mqtt://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  get clientsCount(): number {
    return this.#aedes?.connectedClients ?? 0
  }

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({
      persistence: this.#persistence.persistence,
      connectTimeout: this.#limits.connectTimeoutMs,
      drainTimeout: this.#limits.drainTimeoutMs,
      queueLimit: this.#limits.packetsBeforeConnackMax,
      maxInflightInbound: this.#limits.inboundQos2Max,
      maxTopicLevels: this.#limits.topicLevelsMax,
      preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
      authenticate: (client, login, secret, done) => this.#authenticate(client, login, secret, done),
      authorizePublish: (client, packet, done) => this.#authorizePublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => this.#authorizeSubscribe(client, subscription, done),
    })
    aedes.on('clientError', (client, error) =>
      this.#log.debug({ action: 'mqtt', client: client.id, problem: error.message }, 'a client was disconnected'),
    )
    aedes.on('connectionError', (_client, error) =>
      this.#log.debug({ action: 'mqtt', problem: error.message }, 'a connection ended before it was one'),
    )
    if (this.#options.policy === 'devices') keepReadingsIn(aedes)
    this.#aedes = aedes
    this.#endStoreProblem = this.#options.pipeline.onStoreProblem((problem) => {
      if (problem === null) this.#held.release()
    })
    this.#server.listen(this.#options.port, this.#options.host)
    try {
      await once(this.#server, 'listening')
    } catch (cause) {
      await closeAedes(aedes)
      const where = `${this.#options.host}:${this.#options.port}`
      if (isErrno(cause, 'EADDRINUSE'))
        throw new OperationalError(
          `The MQTT port ${where} is taken by another program. Stop that one, or give this one another port.`,
          { cause },
        )
      if (isErrno(cause, 'EACCES'))
        throw new OperationalError(`This user may not listen on the MQTT port ${where}. Take one above 1023.`, {
          cause,
        })
      throw new OperationalError(`The MQTT broker cannot listen on ${where}.`, { cause })
    }
  }

  async stop(): Promise<void> {
    if (this.#aedes === null) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const session of this.#sessions.values()) session.lane.pause()
    await this.#drained()
    this.#endStoreProblem?.()
    await closeAedes(this.#aedes)
    for (const client of this.#sessions.keys()) client.conn.destroy()
    await closed
    this.#aedes = null
  }

  publishVerdicts(verdicts: readonly StandingVerdict[]): void {
    for (const verdict of verdicts) {
      for (const { topic, verdict: shown, retain } of this.#retainedVerdicts.change(verdict))
        this.#publish(topic, verdictMessage(shown.judgment), retain)
    }
  }

  publishAlarms(alarms: readonly Alarm[]): void {
    for (const alarm of alarms) this.#publish(alarmTopic(alarm.line), alarmMessage(alarm), false)
  }

  stats(): Readonly<BrokerStats> {
    return { ...this.#stats, connectedClients: this.clientsCount, heldMessages: this.#held.count }
  }

  /**
   * aedes numbers packets as they are published and drops, for each client, one that comes behind a later number; its own
   * storing of a retained packet takes longer than the rest. So the retained one is stored first, and all go the same way.
   */
  #publish(topic: string, message: unknown, retain: boolean): void {
    const packet: PublishPacket = {
      cmd: 'publish',
      topic,
      payload: Buffer.from(JSON.stringify(message)),
      qos: 1,
      retain: false,
      dup: false,
    }
    const failed = (error: Error) =>
      this.#log.warn({ action: 'mqtt', topic, problem: error.message }, 'a verdict or alarm could not be published')
    if (retain) this.#persistence.retain({ ...packet, retain: true }).catch(failed)
    this.#aedes?.publish(packet, (error) => {
      if (error) failed(error)
    })
  }

  #accept(socket: Socket): void {
    if (this.#aedes === null) {
      socket.destroy()
      return
    }
    this.#stats.connectionsTotal++
    const client = this.#aedes.handle(socket)
    const lane = new PublishLane({
      client,
      limits: this.#limits,
      isReading: (topic) => this.#isPlainReading(client, topic),
      take: (topic, payload, qos, taken) => this.#takeReading(client, topic, payload, qos, taken),
      onBreach: (what) => {
        if (what === 'too_large') this.#stats.packetsTooLargeTotal++
        else this.#stats.packetsMalformedTotal++
        this.#log.warn(
          { action: 'mqtt', client: client.id, address: socket.remoteAddress, problem: what },
          'a client sent a packet beyond the limits and was disconnected',
        )
      },
    })
    this.#sessions.set(client, { lane, grant: null, login: '', connect: null })
    socket.once('close', () => {
      this.#sessions.delete(client)
      this.#held.forget(client)
    })
  }

  #preConnect(client: Client, packet: ConnectPacket, done: (error: Error | null, success: boolean) => void): void {
    const session = this.#sessions.get(client)
    if (session !== undefined) session.connect = packet
    done(null, session !== undefined)
  }

  #authenticate(
    client: Client,
    login: string | undefined,
    secret: Buffer | undefined,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): void {
    const session = this.#sessions.get(client)
    const packet = session?.connect
    const outcome: ConnectOutcome =
      session === undefined || packet === undefined || packet === null
        ? { refused: connackCodes.unavailable, why: 'the connection is already gone' }
        : checkConnect({ packet, login, secret, fallbackLogin: client.id }, this.#connectRules)
    if ('refused' in outcome) {
      this.#stats.connectionsRefusedTotal++
      this.#log.warn(
        { action: 'mqtt', client: client.id.slice(0, 200), login: login?.slice(0, 64), problem: outcome.why },
        'a client was refused',
      )
      done(Object.assign(new Error(outcome.why), { returnCode: outcome.refused }), false)
      return
    }
    if (session !== undefined) {
      session.connect = null
      session.grant = outcome.grant
      session.login = outcome.login
    }
    done(null, true)
  }

  /** The one hook before aedes' PUBACK; also runs for wills, whose client may be gone and with it its grant. */
  #authorizePublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const session = client === null ? undefined : this.#sessions.get(client)
    const refusal =
      session === undefined && this.#options.policy === 'devices'
        ? 'its client is gone'
        : this.#publishRefusal(session?.grant ?? null, packet.topic)
    if (refusal !== null) {
      this.#stats.publishesDeniedTotal++
      this.#log.warn(
        {
          action: 'mqtt',
          client: client?.id,
          login: session?.login,
          topic: packet.topic.slice(0, 200),
          problem: refusal,
        },
        'a publish was denied and the client disconnected',
      )
      return done(new Error(refusal))
    }
    this.#stats.publishesTotal++
    if (!isSensorTopic(packet.topic)) return done()
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    this.#held.ingest(
      client,
      { topic: packet.topic, payload, source: session?.login ?? 'will', qos: packet.qos },
      (error) => {
        if (error !== null && packet.qos === 0) {
          this.#stats.qos0DroppedTotal++
          return done()
        }
        session?.lane.flush()
        done(error)
      },
    )
  }

  #authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const session = this.#sessions.get(client)
    const { topic } = subscription
    const count = Object.keys((client as unknown as { subscriptions: object }).subscriptions).length
    const refusal = !isWithinLimits(topic, this.#limits)
      ? 'the filter is too long or too deep'
      : count >= this.#limits.subscriptionsMax
        ? 'it has too many subscriptions'
        : subscribeRefusal(this.#options.policy, session?.grant ?? null, topic)
    if (refusal !== null) {
      this.#stats.subscriptionsDeniedTotal++
      this.#log.warn(
        { action: 'mqtt', client: client.id, login: session?.login, filter: topic.slice(0, 200), problem: refusal },
        'a subscription was denied',
      )
      // [MQTT-3.9.3] the answer is 0x80, and the client stays.
      return done(null, null)
    }
    if (!this.#sensorsAreRead && /^(sensor|[+#])/.test(topic)) {
      this.#sensorsAreRead = true
      for (const each of this.#sessions.values()) each.lane.forgetTopics()
    }
    done(null, subscription)
  }

  #isPlainReading(client: Client, topic: string): boolean {
    const session = this.#sessions.get(client)
    return (
      session !== undefined &&
      !this.#sensorsAreRead &&
      isSensorTopic(topic) &&
      isTopicName(topic) &&
      this.#publishRefusal(session.grant, topic) === null
    )
  }

  #takeReading(client: Client, topic: string, payload: Uint8Array, qos: 0 | 1, taken: () => void): void {
    this.#stats.publishesTotal++
    const source = this.#sessions.get(client)?.login ?? client.id
    this.#held.ingest(client, { topic, payload, source, qos }, (error) => {
      if (error === null) return taken()
      if (qos === 0) {
        this.#stats.qos0DroppedTotal++
        return taken()
      }
      // Not stored and not to be stored: without a PUBACK, and the client knows to send it again.
      client.conn.destroy()
    })
  }

  #publishRefusal(grant: DeviceGrant | null, topic: string): string | null {
    return isWithinLimits(topic, this.#limits)
      ? publishRefusal(this.#options.policy, grant, topic)
      : 'the topic is too long or too deep'
  }

  async #drained(): Promise<void> {
    const deadline = performance.now() + drainMsMax
    const isBusy = () => [...this.#sessions.values()].some((session) => session.lane.unacknowledged > 0)
    while (isBusy() && this.#held.count === 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const closeAedes = (aedes: Aedes): Promise<void> => new Promise((resolve) => aedes.close(() => resolve()))
