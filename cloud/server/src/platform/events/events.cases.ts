import { createLog, ManualClock, silentTracer } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import { judgmentRecord, ruleOf, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import { readConfig } from '../../config.ts'
import { Database } from '../db/database.ts'
import { EventHub } from '../events.ts'
import { Metrics } from '../metrics.ts'
import { openBackbone } from './backbone.ts'
import type { Carrier } from './carrier.ts'
import { LocalCarrier } from './carrier-local.ts'
import { channelNames, channels, executionsPerEvent } from './channels.ts'
import type { CloudEvent } from './channels.ts'
import type { AnyConsumer } from './consumer.ts'
import { EventMetrics } from './event-metrics.ts'
import { eventLimits } from './limits.ts'
import { Outbox } from './outbox.ts'
import { claimEvents } from './outbox-repository.ts'
import type { StoredEvent } from './outbox-repository.ts'
import { Relay } from './relay.ts'
import { retryPauseMs } from './retry-pause.ts'
import { Sweeper } from './sweeper.ts'

// Whatever is committed with an event is told, at least once; whatever is rolled back is not. A consumer's effect happens once. Processes are killed in
// events.process.test.ts; here each step is taken by hand, on a clock that stands still.

export function eventsCases(newStore: NewStore): void {
  describe('events', () => {
    let store: TestStore
    let world: World
    let edge: TestEdge
    let database: Database
    let clock: ManualClock
    const log = createLog('test', { level: 'silent' })
    const metrics = new EventMetrics(new Metrics().registry)
    const relays: Relay[] = []
    beforeAll(async () => {
      store = await newStore()
      world = await World.open(store)
      edge = await world.newEdge()
      // Of their own: the program's relay stands still and takes nothing.
      clock = new ManualClock(world.clock.nowMs())
      database = new Database(store.backend, { clock })
    })
    afterAll(() => world.close())
    afterEach(async () => {
      for (const relay of relays.splice(0)) await relay.stop()
      await store.backend.pool.query('truncate core.outbox, core.consumed_events, core.dead_events')
    })

    const rows = async (text: string) => (await store.backend.pool.query<Record<string, unknown>>(text)).rows
    const outboxRows = () =>
      rows('select id, channel, subject, payload, attempts, sent_at from core.outbox order by no')
    const outbox = () => new Outbox(clock, () => undefined)
    const deployed = (subject: string, version = 1) =>
      ({
        channel: 'rule.deployed',
        subject,
        payload: { rule_id: subject, version, edge_ids: null, by: 'kim' },
      }) as const
    const append = (subject: string, version = 1) =>
      database.withTenant('demo', async (tx) => outbox().append(tx, deployed(subject, version)))
    const consumer = (heard: (event: CloudEvent) => void): AnyConsumer => ({
      name: 'judgment.cache',
      handle: (_, event) => Promise.resolve(heard(event)),
    })
    const newRelay = (carrier: Carrier) => {
      const relay = new Relay({ database, clock, log, metrics, carrier })
      relays.push(relay)
      return relay
    }
    const localRelay = (heard: (event: CloudEvent) => void) =>
      newRelay(new LocalCarrier({ database, clock, log, metrics, consumers: [consumer(heard)] }))
    const look = async (relay: Relay) => {
      await relay.look()
      await relay.idle()
    }
    const versionOf = (event: CloudEvent) => (event.channel === 'rule.deployed' ? event.payload.version : 0)

    it('are written if and only if what causes them is committed', async () => {
      await append('a')
      await expect(
        database.withTenant('demo', async (tx) => {
          outbox().append(tx, deployed('b'))
          throw new Error('rolled back')
        }),
      ).rejects.toThrow('rolled back')
      expect((await outboxRows()).map(({ subject }) => subject)).toEqual(['a'])
    })

    it('are made by judgments of an edge, in parts, without those that were here before', async () => {
      const records = Array.from({ length: executionsPerEvent + 5 }, () => judgmentRecord(clock.nowMs()))
      await edge.sendRecords(records)
      const told = await outboxRows()
      expect(told.map(({ channel, subject }) => [channel, subject])).toEqual([
        ['judgment.executed', edge.id],
        ['judgment.executed', edge.id],
      ])
      const payloads = told.map(({ payload }) => channels['judgment.executed'].parse(payload))
      expect(payloads.map(({ executions }) => executions.length)).toEqual([executionsPerEvent, 5])
      expect(payloads[0]?.edge_id).toBe(edge.id)
      expect(new Set(payloads.flatMap(({ executions }) => executions.map(({ execution_id }) => execution_id)))).toEqual(
        new Set(records.map(({ body }) => (body as { id: string }).id)),
      )
      expect(payloads[0]?.executions[0]).toMatchObject({
        status: 'HIGH',
        normal: false,
        executed_at: new Date(clock.nowMs()).toISOString(),
      })
      // The same judgments in rows of another number, as after a restored edge: nothing is new, so nothing is told.
      await edge.sendRecords(records.slice(0, 3))
      expect(await outboxRows()).toHaveLength(2)
    })

    it('are made by a rule that is saved and one that is deployed, and by a judgment that is asked for', async () => {
      await world.as('PUT', '/api/v1/rules/press-temperature', { definition: ruleOf(), based_on_version: 0 })
      await world.as('POST', '/api/v1/rules/press-temperature/deploy', { edge_ids: [edge.id] })
      await world.as('PUT', `/api/v1/fleet/edges/${edge.id}/desired/rule/vibration`, {
        body: { ...ruleOf({ id: 'vibration' }), version: 7 },
      })
      await world.as('POST', cloudPaths.judgmentExecute, { workflow_id: 'press-temperature', input: { value: 95 } })
      expect((await outboxRows()).map(({ channel, subject, payload }) => [channel, subject, payload])).toMatchObject([
        ['rule.deployed', 'press-temperature', { version: 1, edge_ids: null, by: 'admin' }],
        ['rule.deployed', 'press-temperature', { version: 1, edge_ids: [edge.id], by: 'admin' }],
        ['rule.deployed', 'vibration', { version: 7, edge_ids: [edge.id] }],
        [
          'judgment.executed',
          'press-temperature',
          { edge_id: null, executions: [{ status: 'HIGH', method_used: 'rule' }] },
        ],
      ])
    })

    it('reach a consumer once each and in the order of their subject, and are then kept only where a consumer may still want them', async () => {
      await append('a', 1)
      await edge.sendRecords([judgmentRecord(clock.nowMs())])
      await append('a', 2)
      const heard: number[] = []
      await look(localRelay((event) => heard.push(versionOf(event))))
      expect(heard).toEqual([1, 2])
      expect((await outboxRows()).map(({ channel, sent_at }) => [channel, sent_at !== null])).toEqual([
        ['rule.deployed', true],
        ['rule.deployed', true],
      ])
    })

    it('have their effect once, however often they are delivered', async () => {
      await append('a')
      const heard: number[] = []
      await look(localRelay((event) => heard.push(versionOf(event))))
      await store.backend.pool.query('update core.outbox set sent_at = null, due_at = created_at')
      await look(localRelay((event) => heard.push(versionOf(event))))
      expect(heard).toEqual([1])
      expect((await outboxRows())[0]?.['sent_at']).not.toBeNull()
    })

    it('wait behind one of their subject that fails, with growing pauses, while other subjects go on', async () => {
      await append('a', 1)
      await append('b', 2)
      await append('a', 3)
      const heard: number[] = []
      let failures = 2
      const relay = localRelay((event) => {
        if (event.subject === 'a' && failures-- > 0) throw new Error('not now')
        heard.push(versionOf(event))
      })
      await look(relay)
      expect(heard).toEqual([2])
      await look(relay)
      expect(heard).toEqual([2])
      clock.advance(retryPauseMs(1))
      await look(relay)
      clock.advance(retryPauseMs(2))
      await look(relay)
      expect(heard).toEqual([2, 1, 3])
      expect(retryPauseMs(2)).toBe(2 * retryPauseMs(1))
    })

    it('keep the effect of a consumer that fails out of the database', async () => {
      await append('a')
      const failing: AnyConsumer = {
        name: 'judgment.cache',
        handle: async (tx) => {
          await tx.run(`update core.tenants set name = 'changed' where id = $1`, [tx.tenantId])
          throw new Error('after its effect')
        },
      }
      await look(newRelay(new LocalCarrier({ database, clock, log, metrics, consumers: [failing] })))
      expect(await rows(`select name from core.tenants where name = 'changed'`)).toEqual([])
      expect(await rows('select * from core.consumed_events')).toEqual([])
    })

    it('are given up after so many attempts, are shown with the error, and are sent again by a person', async () => {
      await append('a', 1)
      await append('a', 2)
      const heard: number[] = []
      let isBroken = true
      const relay = localRelay((event) => {
        if (isBroken && versionOf(event) === 1) throw new Error('the table is gone')
        heard.push(versionOf(event))
      })
      for (let attempt = 1; attempt <= eventLimits.attemptsMax; attempt++) {
        await look(relay)
        clock.advance(retryPauseMs(attempt))
      }
      await look(relay)
      // What stood behind it goes on.
      expect(heard).toEqual([2])
      const [dead] = (await world.as('GET', cloudPaths.deadEvents)).body.data
      expect(dead).toMatchObject({
        consumer: 'judgment.cache',
        channel: 'rule.deployed',
        subject: 'a',
        error: 'the table is gone',
        attempts: eventLimits.attemptsMax,
      })
      isBroken = false
      expect((await world.as('POST', `/api/v1/events/dead/${dead.id}/retry`, {})).status).toBe(200)
      await look(relay)
      expect(heard).toEqual([2, 1])
      expect((await world.as('GET', cloudPaths.deadEvents)).body.data).toEqual([])
      expect((await world.as('POST', `/api/v1/events/dead/${dead.id}/retry`, {})).body.kind).toBe('not_found')
    })

    it('that a process took and did not hand on, as it was killed, go to another after its lease', async () => {
      await append('a', 1)
      const taken = await database.withTenant('demo', (tx) =>
        claimEvents(tx, { channels: channelNames, nowMs: clock.nowMs(), batchMax: 10 }),
      )
      expect(taken).toHaveLength(1)
      await append('a', 2)
      const heard: number[] = []
      const relay = localRelay((event) => heard.push(versionOf(event)))
      await look(relay)
      // Neither the one under way nor the one of its subject behind it.
      expect(heard).toEqual([])
      clock.advance(eventLimits.leaseMs)
      await look(relay)
      expect(heard).toEqual([1, 2])
    })

    it('are kept, without counting as attempts, while nothing can be handed on', async () => {
      await append('a')
      let isBroken = true
      const carried: string[] = []
      const carrier: Carrier = {
        name: 'redis',
        channels: channelNames,
        isUp: true,
        onUp: () => undefined,
        carry: (events: readonly StoredEvent[]) => {
          if (isBroken) return Promise.reject(new Error('the connection is lost'))
          carried.push(...events.map(({ subject }) => subject))
          return Promise.resolve({ done: events, failed: [] })
        },
      }
      const relay = newRelay(carrier)
      for (let attempt = 0; attempt < 3 * eventLimits.attemptsMax; attempt++) {
        await look(relay)
        clock.advance(eventLimits.retryMsMin)
      }
      expect((await outboxRows()).map(({ attempts }) => attempts)).toEqual([0])
      isBroken = false
      await look(relay)
      expect(carried).toEqual(['a'])
    })

    it('that were handed on and never taken, as Redis lost them, are handed on again, and those that were taken are not', async () => {
      await append('lost')
      await append('taken')
      let wakes = 0
      const sweeper = new Sweeper({ database, clock, log, metrics, wake: () => wakes++ })
      await store.backend.pool.query('update core.outbox set sent_at = $1, attempts = 1', [new Date(clock.nowMs())])
      await store.backend.pool.query(
        `insert into core.consumed_events select tenant_id, 'judgment.cache', id, $1 from core.outbox where subject = 'taken'`,
        [new Date(clock.nowMs())],
      )
      await sweeper.sweep()
      expect(wakes).toBe(0)
      clock.advance(eventLimits.resendMs + 1)
      await sweeper.sweep()
      expect(wakes).toBe(1)
      expect((await outboxRows()).map(({ subject, sent_at }) => [subject, sent_at !== null])).toEqual([
        ['lost', false],
        ['taken', true],
      ])
      const heard: string[] = []
      await look(localRelay((event) => heard.push(event.subject)))
      expect(heard).toEqual(['lost'])
      clock.advance(eventLimits.keptMs + 1)
      await sweeper.sweep()
      expect(await outboxRows()).toEqual([])
    })

    it('of one tenant that cannot be reached keep nobody else waiting', async () => {
      await append('lost')
      await store.backend.pool.query('update core.outbox set sent_at = $1, attempts = 1', [new Date(clock.nowMs())])
      await store.backend.pool.query(`insert into core.tenants (id, name) values ('away', 'Away')`)
      await store.backend.pool.query(
        `insert into core.outbox (tenant_id, channel, subject, id, payload, created_at, due_at, sent_at, attempts)
         select 'away', channel, subject, gen_random_uuid(), payload, created_at, due_at, sent_at, attempts from core.outbox`,
      )
      const partly: Database = Object.assign(new Database(store.backend, { clock }), {
        withTenant: (tenantId: string, work: Parameters<Database['withTenant']>[1]) =>
          tenantId === 'away' ? Promise.reject(new Error('it is away')) : database.withTenant(tenantId, work),
      })
      const woken: string[] = []
      const sweeper = new Sweeper({ database: partly, clock, log, metrics, wake: (tenantId) => woken.push(tenantId) })
      clock.advance(eventLimits.resendMs + 1)
      await sweeper.sweep()
      expect(woken).toEqual(['demo'])
      await store.backend.pool.query(`delete from core.outbox where tenant_id = 'away'`)
      await store.backend.pool.query(`delete from core.tenants where id = 'away'`)
    })

    it('are handed on by processes that stay, and not by a command', () => {
      const parts = { config: readConfig({}), database, clock, log, hub: new EventHub(), tracer: silentTracer }
      const namesOf = (consumers: readonly AnyConsumer[] | null) =>
        openBackbone({ ...parts, metrics: new Metrics() })
          .services(consumers)
          .map(({ name }) => name)
      expect(namesOf([])).toEqual(expect.arrayContaining(['event-relay', 'event-sweeper']))
      expect(namesOf(null).filter((name) => name.startsWith('event-'))).toEqual([])
    })

    it('of a channel that another process has a consumer for are left to that one', async () => {
      await append('a')
      await edge.sendRecords([judgmentRecord(clock.nowMs())])
      await look(newRelay(new LocalCarrier({ database, clock, log, metrics, consumers: [] })))
      expect((await outboxRows()).map(({ channel }) => channel)).toEqual(['rule.deployed'])
    })

    it('are handed on by the process that wrote them without waiting for a look', async () => {
      const heard: number[] = []
      const relay = localRelay((event) => heard.push(versionOf(event)))
      const waking = new Outbox(clock, (tenantId) => relay.wake(tenantId))
      await database.withTenant('demo', async (tx) => waking.append(tx, deployed('a', 4)))
      clock.advance(eventLimits.gatherMs)
      await relay.idle()
      expect(heard).toEqual([4])
    })
  })
}
