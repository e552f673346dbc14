import type { Log, Service } from '@jidoka/base'
import type { Alarm } from '@jidoka/domain'
import type { BrokerState, Pipeline, StandingVerdict, VerdictPackets } from '../ports.ts'
import type { BrokerPolicy } from './access.ts'
import { BrokerJournal } from './broker-journal.ts'
import { ConnectionRate } from './connection-rate.ts'
import { Connections } from './connections.ts'
import type { Credentials, DeviceGrant } from './devices.ts'
import { HeldMessages } from './held-messages.ts'
import { Inbound } from './inbound.ts'
import { brokerLimits } from './limits.ts'
import type { BrokerLimits } from './limits.ts'
import { Listeners } from './listeners.ts'
import type { ListenerOptions } from './listeners.ts'
import { OwnMessages } from './own-messages.ts'
import { readStoredPublish } from './packets.ts'
import { Router } from './router.ts'
import { SessionTable } from './session-table.ts'
import { newStats } from './stats.ts'
import type { BrokerStats } from './stats.ts'
import { sysIntervalMs, sysTopics } from './sys-topics.ts'
import { VerdictStream } from './verdict-stream.ts'

export interface BrokerOptions extends ListenerOptions {
  readonly limits?: Partial<BrokerLimits>
  readonly policy: BrokerPolicy
  /** Not asked under the open policy. */
  readonly authenticate: (credentials: Credentials) => DeviceGrant | null
  readonly pipeline: Pick<Pipeline, 'ingest' | 'onStoreProblem' | 'changeBroker' | 'watchVerdicts'>
  /** What the broker kept before; absent: nothing. */
  readonly reader?: { brokerState(): BrokerState } | undefined
  readonly version?: string
  readonly log: Log
}

export interface Broker extends Service {
  /** The port that it listens on; 0 before `start`. */
  readonly port: number
  /** 0 where it does not listen. */
  readonly tlsPort: number
  readonly wsPort: number
  /** `mqtt://host:port` as it listens. */
  readonly url: string
  /** Clients that are signed in. */
  readonly clientsCount: number
  /** Standing verdicts that changed. */
  publishVerdicts(verdicts: readonly StandingVerdict[]): void
  /** All that stand, after a start: retained again, and told to sessions that were not told before the stop. */
  restoreVerdicts(verdicts: readonly StandingVerdict[]): void
  /** Alarms of a commit, whose last record is `recordsSeq`. What was committed before the start is told by the start. */
  publishAlarms(alarms: readonly Alarm[], recordsSeq: number): void
  /** Every verdict of a commit, while they are watched. */
  publishEveryVerdict(packets: VerdictPackets | null): void
  stats(): Readonly<BrokerStats>
}

/** How long a stop waits for commits under way, so that their acknowledgements still leave. */
const drainMsMax = 3_000
/** How often connections are looked at for readers that take nothing. */
const watchIntervalMs = 1_000
const sweepIntervalMs = 3_600_000

export function createBroker(options: BrokerOptions): Broker {
  return new MqttBroker(options)
}

class MqttBroker implements Broker {
  readonly name = 'broker'
  readonly #options: BrokerOptions
  readonly #held: HeldMessages
  readonly #journal: BrokerJournal
  readonly #sessions: SessionTable
  readonly #router: Router
  readonly #inbound: Inbound
  readonly #connections: Connections
  readonly #ownMessages: OwnMessages
  readonly #verdictStream: VerdictStream
  readonly #listeners: Listeners
  readonly #stats = newStats()
  readonly #timers: NodeJS.Timeout[] = []
  #endStoreProblem: (() => void) | null = null
  #isLoaded = false
  #startedMs = 0

  constructor(options: BrokerOptions) {
    const limits = { ...brokerLimits, ...options.limits }
    const stats = this.#stats
    const { pipeline, policy, authenticate, log, host, port, tls, ws } = options
    this.#options = options
    const held = new HeldMessages(pipeline)
    this.#held = held
    const journal = new BrokerJournal({ pipeline, log, limits, onCommitted: () => this.#router.pumpCommitted() })
    this.#journal = journal
    const sessions = new SessionTable({
      limits,
      journal,
      nowMs: () => Date.now(),
      onSensorReaders: (isRead) => this.#connections.sensorReaders(isRead),
      onVerdictReaders: (isRead) => pipeline.watchVerdicts(isRead),
    })
    this.#sessions = sessions
    const router = new Router({ sessions, journal, limits, stats })
    this.#router = router
    const inbound = new Inbound({ policy, limits, log, stats, held, journal, sessions, router })
    this.#inbound = inbound
    this.#connections = new Connections({ limits, policy, authenticate, log, stats, held, journal, sessions, inbound })
    this.#ownMessages = new OwnMessages(router, journal, options.reader === undefined ? 0 : Infinity)
    this.#verdictStream = new VerdictStream({
      sessions,
      limits,
      onSlow: ({ receiver }) => {
        const link = this.#connections.linkOf(receiver)
        if (link !== undefined) this.#connections.closeSlow(link)
      },
    })
    this.#listeners = new Listeners({
      host,
      port,
      tls,
      ws,
      limits,
      rate: new ConnectionRate(limits, () => performance.now()),
      log,
      onAccepted: (accepted) => this.#connections.accept(accepted),
      onRefused: () => stats.connectionsRefusedTotal++,
    })
  }

  get port(): number {
    return this.#listeners.ports.mqtt
  }

  get tlsPort(): number {
    return this.#listeners.ports.tls
  }

  get wsPort(): number {
    return this.#listeners.ports.ws
  }

  get url(): string {
    const { host } = this.#options
    return `mqtt://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  get clientsCount(): number {
    return this.#connections.count
  }

  async start(): Promise<void> {
    const { pipeline, reader } = this.#options
    this.#endStoreProblem?.()
    this.#endStoreProblem = pipeline.onStoreProblem((problem) => {
      if (problem !== null) return
      this.#held.release()
      this.#journal.release()
    })
    await this.#connections.start()
    if (!this.#isLoaded && reader !== undefined) this.#load(reader.brokerState())
    this.#isLoaded = true
    this.#startedMs = performance.now()
    try {
      await this.#listeners.start()
    } catch (error) {
      await this.#connections.stop()
      throw error
    }
    this.#publishSys()
    this.#timers.push(
      setInterval(() => this.#publishSys(), sysIntervalMs),
      setInterval(() => this.#connections.closeSlowReaders(), watchIntervalMs),
      setInterval(() => this.#sessions.sweep(), sweepIntervalMs),
    )
  }

  async stop(): Promise<void> {
    if (!this.#connections.isRunning) return
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    this.#listeners.close()
    this.#connections.pause()
    await waitUntil(() => !this.#connections.isBusy || this.#held.count > 0)
    await this.#connections.stop()
    this.#listeners.destroyAll()
    // What the ends of the connections changed.
    await waitUntil(() => this.#journal.isIdle)
    if (!this.#journal.isIdle)
      this.#options.log.warn({ action: 'mqtt' }, 'what changed of sessions at the stop is not all on disk')
    this.#endStoreProblem?.()
    this.#endStoreProblem = null
  }

  publishVerdicts(verdicts: readonly StandingVerdict[]): void {
    this.#ownMessages.publishVerdicts(verdicts)
  }

  restoreVerdicts(verdicts: readonly StandingVerdict[]): void {
    this.#ownMessages.restoreVerdicts(verdicts)
  }

  publishAlarms(alarms: readonly Alarm[], recordsSeq: number): void {
    this.#ownMessages.publishAlarms(alarms, recordsSeq)
  }

  publishEveryVerdict(packets: VerdictPackets | null): void {
    if (packets !== null) this.#verdictStream.publish(packets)
  }

  stats(): Readonly<BrokerStats> {
    return {
      ...this.#stats,
      connectedClients: this.clientsCount,
      heldMessages: this.#held.count,
      sessions: this.#sessions.persistentCount,
      subscriptions: this.#sessions.subscriptionsCount,
      queuedMessages: this.#sessions.budget.messages,
      retainedMessages: this.#router.retained.count,
      retainedBytes: this.#router.retained.bytes,
    }
  }

  #load(state: BrokerState): void {
    this.#sessions.load(state)
    this.#router.loadRetained(state.retained)
    for (const { clientId, login, packet } of state.wills) {
      // 3.1.2.5: a server that failed may publish wills when it runs again.
      this.#inbound.will(login, readStoredPublish(packet))
      this.#journal.note({ kind: 'will_gone', clientId })
    }
    this.#ownMessages.restoreAlarms(state.untoldAlarms)
  }

  #publishSys(): void {
    const stats = this.stats()
    const topics = sysTopics({
      version: this.#options.version ?? '0',
      uptimeMs: performance.now() - this.#startedMs,
      stats,
      sessionsDisconnected: Math.max(0, stats.sessions - this.#connections.persistentCount),
    })
    for (const [topic, text] of topics)
      this.#router.publishVolatile({ topic, payload: Buffer.from(text), qos: 0, retain: true })
  }
}

async function waitUntil(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + drainMsMax
  while (!isDone() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
}
