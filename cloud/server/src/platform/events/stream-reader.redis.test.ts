import { createLog, systemClock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, redisIsMissing, RedisServer } from '../../testing/redis-server.ts'
import { pgliteStores } from '../../testing/stores.ts'
import type { TestStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import { readRedisAddress } from '../redis/address.ts'
import { RedisLink } from '../redis/link.ts'
import { entryField, messageOf, RedisCarrier, streamOf } from './carrier-redis.ts'
import type { CloudEvent } from './channels.ts'
import type { AnyConsumer } from './consumer.ts'
import { EventMetrics } from './event-metrics.ts'
import { eventLimits } from './limits.ts'
import { StreamReader } from './stream-reader.ts'

const missing = redisIsMissing()
const stream = streamOf('rule.deployed')
const group = 'judgment.cache'

describe.skipIf(missing !== null)(`the reader of a stream${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let redis: RedisServer
  let store: TestStore
  let link: RedisLink
  let database: Database
  const log = createLog('test', { level: 'silent' })
  const readers: StreamReader[] = []
  beforeAll(async () => {
    redis = await RedisServer.start()
    store = await (await pgliteStores()).newStore()
    await store.backend.pool.query(`insert into core.tenants (id, name) values ('demo', 'demo')`)
    database = new Database(store.backend, { clock: systemClock })
    link = new RedisLink({
      address: readRedisAddress(redis.url),
      clock: systemClock,
      log,
      registry: new Registry(),
    })
    await link.start()
  })
  afterEach(async () => {
    for (const reader of readers.splice(0)) await reader.stop()
    await link.commands.flushall()
    await store.backend.pool.query('truncate core.consumed_events, core.dead_events')
  })
  afterAll(async () => {
    await link.stop()
    await store.close()
    await redis.close()
  })

  const eventOf = (version: number): CloudEvent => ({
    id: crypto.randomUUID(),
    tenant_id: 'demo',
    channel: 'rule.deployed',
    subject: 'a',
    payload: { rule_id: 'a', version, edge_ids: null, by: 'kim' },
    trace: null,
    at: '2026-11-21T09:00:00.000Z',
  })
  const lay = (text: string) => link.commands.xadd(stream, '*', entryField, text)
  const read = async (handle: (version: number) => void) => {
    const consumer: AnyConsumer = {
      name: group,
      handle: (_, event) => Promise.resolve(handle(event.channel === 'rule.deployed' ? event.payload.version : 0)),
    }
    const registry = new Registry()
    const reader = new StreamReader({
      link,
      database,
      clock: systemClock,
      log,
      metrics: new EventMetrics(registry),
      consumer,
    })
    readers.push(reader)
    await reader.start()
    return { metrics: () => registry.metrics() }
  }
  const pending = async () => ((await link.commands.xpending(stream, group)) as [number])[0]
  /** An entry that a process has read, failed with so often, and left so long ago. */
  const left = async (id: string, attempts: number, idleMs: number) => {
    await link.commands.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch(() => undefined)
    await link.commands.xreadgroup('GROUP', group, 'a dead process', 'COUNT', 100, 'STREAMS', stream, '>')
    await link.commands.xclaim(stream, group, 'a dead process', 0, id, 'IDLE', idleMs, 'RETRYCOUNT', attempts)
  }

  it('takes what lay there before it began, in order, and leaves nothing behind', async () => {
    for (const version of [1, 2, 3]) await lay(messageOf(eventOf(version)))
    const heard: number[] = []
    await read((version) => heard.push(version))
    await eventually('all are taken', () => heard.length === 3)
    expect(heard).toEqual([1, 2, 3])
    await eventually('all are done', async () => (await pending()) === 0)
  })

  it('does nothing for what its consumer has taken before, from whichever process', async () => {
    const message = messageOf(eventOf(1))
    for (let copy = 0; copy < 5; copy++) await lay(message)
    const heard: number[] = []
    const { metrics } = await read((version) => heard.push(version))
    await eventually('all are done', async () => (await metrics()).includes('outcome="repeat"} 4'))
    expect(heard).toEqual([1])
  })

  it('takes over what a dead process has read, and not what one may still be working on', async () => {
    const old = await lay(messageOf(eventOf(1)))
    const fresh = await lay(messageOf(eventOf(2)))
    await left(old as string, 1, eventLimits.claimAfterMs + 1)
    // Its pause is longer than any machine stands still.
    await left(fresh as string, eventLimits.attemptsMax - 1, 0)
    const heard: number[] = []
    await read((version) => heard.push(version))
    await eventually('the old one is taken', () => heard.length > 0)
    expect(heard).toEqual([1])
    await eventually('only the fresh one is left', async () => (await pending()) === 1)
  })

  it('waits longer with each attempt, and gives an event up after so many, for a person to look at', async () => {
    const often = await lay(messageOf(eventOf(7)))
    const soon = await lay(messageOf(eventOf(8)))
    await left(often as string, eventLimits.attemptsMax - 1, eventLimits.retryMsMax)
    await left(soon as string, eventLimits.attemptsMax - 1, eventLimits.claimAfterMs + 1)
    let attempts = 0
    const { metrics } = await read((version) => {
      attempts++
      throw new Error(`version ${version} cannot be`)
    })
    await eventually('it is laid aside', async () => (await metrics()).includes('outcome="dead"} 1'))
    expect(attempts).toBe(1)
    const { rows } = await store.backend.pool.query(
      'select consumer, channel, subject, error, attempts from core.dead_events',
    )
    expect(rows).toEqual([
      {
        consumer: group,
        channel: 'rule.deployed',
        subject: 'a',
        error: 'version 7 cannot be',
        attempts: eventLimits.attemptsMax,
      },
    ])
    expect(await pending()).toBe(1)
  })

  it('I10: goes past what is no event, and says so', async () => {
    await lay('not json')
    await lay(JSON.stringify({ ...eventOf(1), channel: 'made.up' }))
    await link.commands.xadd(stream, '*', 'other', 'field')
    await lay(messageOf(eventOf(5)))
    const heard: number[] = []
    const { metrics } = await read((version) => heard.push(version))
    await eventually('the event behind is taken', () => heard.length === 1)
    expect(heard).toEqual([5])
    expect(await metrics()).toContain('outcome="unreadable"} 3')
    await eventually('all are done', async () => (await pending()) === 0)
  })

  it('is fed by the carrier, which also publishes on the channel of the name', async () => {
    const listener = link.connection('messages')
    const said: string[] = []
    listener.on('message', (channel: string, text: string) =>
      said.push(`${channel} ${(JSON.parse(text) as CloudEvent).subject}`),
    )
    await listener.connect()
    await listener.subscribe('rule.deployed', 'workflow.completed')
    const heard: number[] = []
    await read((version) => heard.push(version))
    const event = { ...eventOf(3), attempts: 1 } as never
    await new RedisCarrier(link).carry([event])
    await eventually('both have it', () => heard.length === 1 && said.length === 1)
    expect(said).toEqual(['rule.deployed a'])
    listener.disconnect()
  })
})
