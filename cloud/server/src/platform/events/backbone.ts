import type { Clock, Log, Service, Tracer } from '@jidoka/base'
import { requestLimits } from '@jidoka/sync-protocol'
import type { CloudConfig } from '../../config.ts'
import { Cache } from '../cache/cache.ts'
import { RedisStore } from '../cache/shared-store.ts'
import type { Database } from '../db/database.ts'
import type { EventHub } from '../events.ts'
import { RateLimiter } from '../http/rate-limiter.ts'
import type { Metrics } from '../metrics.ts'
import { readRedisAddress } from '../redis/address.ts'
import { RedisLink } from '../redis/link.ts'
import { SharedNonces } from '../redis/nonces.ts'
import { LocalCarrier } from './carrier-local.ts'
import { RedisCarrier } from './carrier-redis.ts'
import type { AnyConsumer } from './consumer.ts'
import { DeadEvents } from './dead-events.ts'
import { EventMetrics } from './event-metrics.ts'
import { Fanout } from './fanout.ts'
import { Outbox } from './outbox.ts'
import { Relay } from './relay.ts'
import { StreamReader } from './stream-reader.ts'
import { Sweeper } from './sweeper.ts'
import { PostgresWire, RedisWire } from './wire.ts'

export interface BackboneParts {
  config: Pick<CloudConfig, 'redis' | 'rate_limits'>
  database: Database
  clock: Clock
  log: Log
  metrics: Metrics
  hub: EventHub
  tracer: Tracer
}

/** What the parts of the cloud share beside the database: events, cache, limits. With Redis or without, for its users it is the same. */
export interface Backbone {
  /** Null without REDIS_URL. */
  readonly link: RedisLink | null
  readonly outbox: Outbox
  readonly cache: Cache
  readonly limiter: RateLimiter
  readonly dead: DeadEvents
  /** Null without Redis. */
  readonly nonces: SharedNonces | null
  /** What processes tell each other of people whose access has ended. */
  readonly access: Pick<Fanout, 'tellAccessEnded' | 'onAccessEnded'>
  /** To be started before those who use it and stopped after them. @param consumers those that run in this process; null: it hands no event on */
  readonly services: (consumers: readonly AnyConsumer[] | null) => Service[]
}

export function openBackbone({ config, database, clock, log, metrics, hub, tracer }: BackboneParts): Backbone {
  const { url, sentinels, master, sentinel_password: sentinelPassword } = config.redis
  const { registry } = metrics
  const link =
    url === undefined
      ? null
      : new RedisLink({ address: readRedisAddress(url, sentinels, master), sentinelPassword, clock, log, registry })
  const eventMetrics = new EventMetrics(registry)
  // Alone on its database a process has nobody to tell.
  const wire =
    link === null
      ? database.backend.profile.sharedWithOthers
        ? new PostgresWire(database)
        : null
      : new RedisWire(link)
  const fanout = wire === null ? null : new Fanout({ wire, hub, clock, log, metrics: eventMetrics })
  const cache = new Cache({
    clock,
    log,
    registry,
    shared: link === null ? null : new RedisStore(link, clock),
    tellDrop: fanout === null ? null : (tenantId, tags) => fanout.drop(tenantId, tags),
  })
  fanout?.onDrop((tenantId, tags) => cache.forget(tenantId, tags))
  let wake: (tenantId: string) => void = () => undefined
  return {
    link,
    cache,
    outbox: new Outbox(clock, (tenantId) => wake(tenantId)),
    limiter: new RateLimiter(clock, { link, changes: config.rate_limits }),
    nonces: link === null ? null : new SharedNonces(link, clock, 2 * requestLimits.clockSkewMsMax),
    access: fanout ?? { tellAccessEnded: () => undefined, onAccessEnded: () => undefined },
    dead: new DeadEvents({ database, clock, wake: (tenantId) => wake(tenantId) }),
    services: (consumers) => {
      const ways = [...(link === null ? [] : [link]), ...(fanout === null ? [] : [fanout])]
      if (consumers === null) return ways
      const parts = { database, clock, log, metrics: eventMetrics, tracer }
      const carrier = link === null ? new LocalCarrier({ ...parts, consumers }) : new RedisCarrier(link)
      const relay = new Relay({ ...parts, carrier })
      wake = (tenantId) => relay.wake(tenantId)
      return [
        ...ways,
        relay,
        new Sweeper({ ...parts, wake }),
        ...(link === null ? [] : consumers.map((consumer) => new StreamReader({ ...parts, link, consumer }))),
      ]
    },
  }
}
