import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type * as IoRedis from 'ioredis'
import type { Redis, RedisOptions } from 'ioredis'
import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'
import type { RedisAddress } from './address.ts'
import { describeRedis } from './address.ts'
import { redisLimits } from './limits.ts'
import { loadWhenNeeded } from '../when-needed.ts'

export interface RedisLinkParts {
  address: RedisAddress
  sentinelPassword?: string | undefined
  clock: Clock
  log: Log
  registry: Registry
}

type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>

/** What the program speaks to Redis for, each with a connection of its own: one that waits for an entry or hears messages answers nothing else. */
export type RedisPurpose = 'commands' | 'messages' | 'streams'

/**
 * The program's connections to Redis. Nothing waits in a queue while Redis is away: a command fails at once and its caller goes on without; the connections
 * come back by themselves, to whichever server the sentinels name then.
 */
export class RedisLink implements Service {
  readonly name = 'redis'
  readonly commands: Redis
  readonly #parts: RedisLinkParts
  readonly #connections = new Set<Redis>()
  readonly #heardUp = new Set<() => void>()
  readonly #losses: Counter<'purpose'>
  #isStopped = false

  constructor(parts: RedisLinkParts) {
    this.#parts = parts
    const registers = [parts.registry]
    this.#losses = new Counter({
      name: 'jidoka_redis_connections_lost_total',
      help: 'Connections to Redis that ended without having been closed here',
      labelNames: ['purpose'],
      registers,
    })
    const isUp = () => Number(this.isUp)
    new Gauge({
      name: 'jidoka_redis_up',
      help: '1 while commands to Redis are answered; 0: caches, limits and events go on without it',
      registers,
      collect() {
        this.set(isUp())
      },
    })
    this.commands = this.connection('commands', { commandTimeout: redisLimits.commandMsMax })
    this.commands.on('ready', () => {
      for (const heard of this.#heardUp) heard()
    })
  }

  get isUp(): boolean {
    return this.commands.status === 'ready'
  }

  /** Called each time that commands are answered again. */
  onUp(heard: () => void): void {
    this.#heardUp.add(heard)
  }

  /** Another connection; it is closed with this link. It connects by itself once it is asked for something, or told to. */
  connection(purpose: RedisPurpose, more: ConnectionOptions = {}): Redis {
    const { address, sentinelPassword, clock, log } = this.#parts
    const { server, sentinels, master, username, password, db, tls } = address
    const options: ConnectionOptions = {
      // Replies as they were before version 3 of the protocol: the same from every server and proxy.
      protocol: 2,
      ...(server === null ? { sentinels: [...sentinels], name: master } : server),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
      // Left to itself the client would speak without TLS to a server that sentinels have named, password and all.
      ...(tls ? { tls: {}, enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
      db,
      lazyConnect: true,
      connectionName: `jidoka-cloud-${purpose}`,
      connectTimeout: redisLimits.connectMsMax,
      socketTimeout: redisLimits.silenceMsMax,
      // A command that was on its way when the connection broke may have been done: whoever sent it decides.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      retryStrategy: retryMs,
      sentinelRetryStrategy: retryMs,
      // What was the master has come back as a replica: ask the sentinels anew.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      failoverDetector: server === null,
      ...more,
    }
    const { Redis: Connection } = loadWhenNeeded('ioredis') as typeof IoRedis
    const redis = new Connection(options)
    this.#connections.add(redis)
    let wasReady = false
    redis.on('ready', () => {
      if (purpose === 'commands')
        log.info({ action: 'redis.connect', success: true }, `connected to ${describeRedis(address)}`)
      wasReady = true
    })
    redis.on('close', () => {
      if (!wasReady || this.#isStopped) return
      wasReady = false
      this.#losses.inc({ purpose })
      log.warn(
        { action: 'redis.connection', success: false, purpose },
        `the connection to ${describeRedis(address)} is lost; the program goes on without it and tries again`,
      )
    })
    // The client gives a connection up for good when a fail-over is told while it asks the sentinels for the master.
    redis.on('end', () => {
      if (this.#isStopped) return
      clock.after(retryMs(1), () => {
        if (!this.#isStopped && redis.status === 'end') redis.connect().catch(() => undefined)
      })
    })
    // Each failed attempt says so; what matters is logged when a connection goes and when it comes.
    redis.on('error', (error: unknown) => log.debug({ action: 'redis.error', purpose }, describeError(error)))
    return redis
  }

  /** Waits a moment for Redis, and not for ever: the program serves without it. */
  async start(): Promise<void> {
    const { address, clock, log } = this.#parts
    const ready = Promise.withResolvers<boolean>()
    this.commands.once('ready', () => ready.resolve(true))
    const cancel = clock.after(redisLimits.startMsMax, () => ready.resolve(false))
    // Also told by the events above; a first attempt that fails is followed by others.
    this.commands.connect().catch(() => ready.resolve(false))
    if (!(await ready.promise))
      log.warn(
        { action: 'redis.connect', success: false },
        `Redis (${describeRedis(address)}) does not answer. The program goes on without it: caches and limits hold for this process alone, and events wait. Check REDIS_URL and that the server runs.`,
      )
    cancel()
  }

  stop(): Promise<void> {
    this.#isStopped = true
    for (const redis of this.#connections) redis.disconnect()
    return Promise.resolve()
  }

  health(): 'ok' | 'down' {
    return this.isUp ? 'ok' : 'down'
  }
}

function retryMs(attempt: number): number {
  const pauseMs = Math.min(redisLimits.retryMsMax, redisLimits.retryMsMin * 2 ** Math.min(attempt - 1, 10))
  // Processes that lost the same server do not come back in step.
  return Math.round(pauseMs * (0.5 + Math.random() / 2))
}
