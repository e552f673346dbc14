import { describeError } from '@jidoka/base'
import type { Clock } from '@jidoka/base'
import { connect, ErrorWithReasonCode } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { deviceLimits } from './limits.ts'
import type { DeviceNews } from './roll-call.ts'

export interface Message {
  readonly topic: string
  readonly payload: string | Buffer
}

export interface DeviceAccount {
  readonly login: string
  /** Null signs in without a password, for brokers that are open. */
  readonly secret: string | null
}

interface Waiting extends Message {
  attempts: number
}

/** Figures of one device since the start. */
export interface DeviceCounts {
  published: number
  acknowledged: number
  dropped: number
}

/**
 * One device: an MQTT 3.1.1 client that signs in as itself, publishes with QoS 1, and comes back for ever. Each
 * connection is a client of its own; what was not acknowledged on one is sent again on the next (at least once).
 */
export class Device {
  readonly counts: DeviceCounts = { published: 0, acknowledged: 0, dropped: 0 }
  readonly #url: string
  readonly #account: DeviceAccount
  readonly #clock: Clock
  readonly #tell: (news: DeviceNews, detail: string) => void
  /** 0..1: spreads the devices' attempts, so that a broker which comes back does not meet all of them in one moment. */
  readonly #jitter: number
  #waiting: Waiting[] = []
  readonly #inFlight = new Set<Waiting>()
  /**
   * How many may be in flight: one on a new connection, twice as many with each acknowledgement. So a message at which
   * the broker hangs up is soon alone in flight, and takes no other with it when it is given up.
   */
  #window = 1
  #client: MqttClient | null = null
  #cancelRetry = () => {}
  #retryMs: number = deviceLimits.retryMsMin
  #state: 'stopped' | 'away' | 'online' = 'stopped'
  /** Reasons for which it is switched off. */
  readonly #dead = new Set<string>()

  constructor(options: {
    url: string
    account: DeviceAccount
    clock: Clock
    jitter: number
    tell: (news: DeviceNews, detail: string) => void
  }) {
    this.#url = options.url
    this.#account = options.account
    this.#clock = options.clock
    this.#tell = options.tell
    this.#jitter = options.jitter
  }

  get login(): string {
    return this.#account.login
  }

  get online(): boolean {
    return this.#state === 'online'
  }

  start(): void {
    this.#state = 'away'
    this.#attempt()
  }

  /** Waits for what is in flight no longer than the broker takes to close; sensors do not store. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#cancelRetry()
    const client = this.#client
    this.#client = null
    if (client !== null) await client.endAsync(true)
  }

  /** Switches the device off as a pulled plug does; the returned function switches it on again. */
  die(reason: string): () => void {
    this.#dead.add(reason)
    if (this.#client !== null) this.#lost(this.#client)
    this.#cancelRetry()
    this.#waiting = []
    return () => {
      if (this.#dead.delete(reason) && this.#dead.size === 0 && this.#state === 'away') this.#attempt()
    }
  }

  /** Publishes with QoS 1, now or when the broker is there. The oldest waiting reading gives way to a new one. */
  publish(message: Message): void {
    if (this.#state === 'stopped' || this.#dead.size > 0) return
    this.#waiting.push({ ...message, attempts: 0 })
    if (this.#waiting.length > deviceLimits.waitingMax) {
      this.#waiting.shift()
      this.counts.dropped++
    }
    this.#send()
  }

  /** Publishes with QoS 0 if the broker is there, and never again: for messages that may make it hang up. */
  fling(message: Message): void {
    if (this.online) this.#client?.publish(message.topic, message.payload, { qos: 0 })
  }

  #send(): void {
    const client = this.#client
    if (client === null || !this.online) return
    while (this.#inFlight.size < this.#window) {
      const message = this.#waiting.shift()
      if (message === undefined) return
      this.#inFlight.add(message)
      message.attempts++
      this.counts.published++
      client.publish(message.topic, message.payload, { qos: 1 }, (error) => {
        if (error || client !== this.#client || !this.#inFlight.delete(message)) return
        this.counts.acknowledged++
        this.#window = Math.min(2 * this.#window, deviceLimits.inFlightMax)
        this.#send()
      })
    }
  }

  #attempt(): void {
    if (this.#dead.size > 0 || this.#client !== null) return
    const { login, secret } = this.#account
    const client = connect(this.#url, {
      clientId: login,
      ...(secret === null ? {} : { username: login, password: secret }),
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: deviceLimits.connectMs,
      keepalive: deviceLimits.keepaliveS,
    })
    this.#client = client
    client.on('connect', () => this.#arrived(client))
    // Whatever the error is, the connection closes after it; a code comes from the broker itself.
    client.on('error', (error) => {
      if (error instanceof ErrorWithReasonCode) this.#tell('refused', describeError(error))
    })
    client.on('close', () => this.#lost(client))
  }

  #arrived(client: MqttClient): void {
    if (client !== this.#client) return
    this.#state = 'online'
    this.#window = 1
    this.#retryMs = deviceLimits.retryMsMin
    this.#tell('online', '')
    this.#send()
  }

  #lost(client: MqttClient): void {
    if (client !== this.#client) return
    this.#client = null
    client.end(true)
    const again = [...this.#inFlight].filter((message) => message.attempts < deviceLimits.attemptsMax)
    this.counts.dropped += this.#inFlight.size - again.length
    this.#inFlight.clear()
    this.#waiting = [...again, ...this.#waiting]
    if (this.#state === 'stopped') return
    this.#state = 'away'
    this.#tell('away', '')
    const delayMs = this.#retryMs * (0.5 + this.#jitter)
    this.#retryMs = Math.min(2 * this.#retryMs, deviceLimits.retryMsMax)
    this.#cancelRetry = this.#clock.after(delayMs, () => this.#attempt())
  }
}
