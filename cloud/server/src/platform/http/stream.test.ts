import { createLog, ManualClock } from '@jidoka/base'
import type { CloudStreamEvent, JobNews } from '@jidoka/contract'
import { cloudPaths } from '@jidoka/contract'
import { describe, expect, it } from 'vitest'
import { EventHub } from '../events.ts'
import { Metrics } from '../metrics.ts'
import { createApp } from './app.ts'
import type { Caller, Guard } from './env.ts'
import { httpLimits } from './limits.ts'
import { addStreamRoute, StreamBuffer, StreamClients } from './stream.ts'

const edgeEvent = (edge_id: string): CloudStreamEvent => ({
  event: 'edge',
  data: { edge_id, lines: [], seen_at: '2026-11-21T09:00:00.000Z' },
})

describe('StreamBuffer', () => {
  it('gives events in order, each once', () => {
    const buffer = new StreamBuffer(10)
    buffer.push(edgeEvent('a'))
    buffer.push(edgeEvent('b'))
    expect(buffer.take().map(({ data }) => ('edge_id' in data ? data.edge_id : ''))).toEqual(['a', 'b'])
    expect(buffer.take()).toEqual([])
  })

  it('tells a client that is too slow to fetch again, and then goes on with what comes after', () => {
    const buffer = new StreamBuffer(3)
    for (let index = 0; index < 4; index++) buffer.push(edgeEvent(String(index)))
    buffer.push(edgeEvent('after'))
    expect(buffer.take()).toEqual([{ event: 'reset', data: { reason: 'slow_client' } }, edgeEvent('after')])
  })

  it('I10: never holds more than its bound', () => {
    const buffer = new StreamBuffer(3)
    for (let index = 0; index < 1_000; index++) buffer.push(edgeEvent(String(index)))
    expect(buffer.take().length).toBeLessThanOrEqual(3)
  })

  it('wakes whoever waits', async () => {
    const buffer = new StreamBuffer(3)
    const waiting = buffer.wait(60_000)
    buffer.push(edgeEvent('a'))
    await waiting
  })
})

describe('the stream', () => {
  it.each([
    ['viewer', ['edge']],
    ['manager', ['job', 'edge']],
  ] as const)('tells a %s what this role may read, and nothing else', async (role, told) => {
    const clock = new ManualClock(Date.UTC(2026, 10, 21))
    const hub = new EventHub()
    const metrics = new Metrics()
    const log = createLog('test', { level: 'silent' })
    const app = createApp({ log, metrics, clock, https: false })
    const expiresAtS = clock.nowMs() / 1_000 + 60
    const guard: Guard = () => async (c, next) => {
      c.set('caller', { tenantId: 'demo', login: role, role, expiresAtS })
      await next()
    }
    addStreamRoute(app, { hub, guard, metrics, clock, stopping: new AbortController().signal })
    const response = await app.request(cloudPaths.stream)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const decoder = new TextDecoder()
    await reader.read()
    hub.publish('demo', { event: 'job', data: aJob })
    hub.publish('demo', edgeEvent('a'))
    let text = ''
    while (!text.includes('event: edge')) text += decoder.decode((await reader.read()).value)
    expect([...text.matchAll(/event: (\w+)/g)].map(([, event]) => event)).toEqual(told)
    await reader.cancel()
  })
})

describe('places of streams', () => {
  const who = (tenantId: string, login: string): Caller => ({ tenantId, login, role: 'viewer', expiresAtS: 1e12 })
  /** As many of these as there is room for. */
  const fill = (clients: StreamClients, caller: Caller) => {
    const goes: (() => void)[] = []
    while (clients.haveRoomFor(caller)) goes.push(clients.comes(caller))
    return goes
  }

  it('I10: neither one person nor one tenant takes those of all', () => {
    const clients = new StreamClients()
    expect(fill(clients, who('a', 'kim'))).toHaveLength(httpLimits.streamClientsOfLoginMax)
    expect(fill(clients, who('a', 'lee'))).toHaveLength(
      httpLimits.streamClientsOfTenantMax - httpLimits.streamClientsOfLoginMax,
    )
    expect(fill(clients, who('a', 'park'))).toHaveLength(0)
    expect(clients.haveRoomFor(who('b', 'kim'))).toBe(true)
  })

  it('are given back by whoever goes, and there are never more than there may be', () => {
    const clients = new StreamClients()
    const goes = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((tenant) => fill(clients, who(tenant, 'kim')))
    expect(clients.size).toBe(httpLimits.streamClientsMax)
    for (const go of goes) go()
    expect(clients.size).toBe(0)
    expect(fill(clients, who('a', 'kim'))).toHaveLength(httpLimits.streamClientsOfLoginMax)
  })
})

it('the stream of somebody whose access was taken back tells nothing any more, and ends', async () => {
  const clock = new ManualClock(Date.UTC(2026, 10, 21))
  const hub = new EventHub()
  const metrics = new Metrics()
  const app = createApp({ log: createLog('test', { level: 'silent' }), metrics, clock, https: false })
  let hasEnded = false
  const guard: Guard = () => async (c, next) => {
    c.set('caller', { tenantId: 'demo', login: 'kim', role: 'viewer', expiresAtS: 1e12, hasEnded: () => hasEnded })
    await next()
  }
  addStreamRoute(app, { hub, guard, metrics, clock, stopping: new AbortController().signal })
  const reader = ((await app.request(cloudPaths.stream)).body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  hasEnded = true
  hub.publish('demo', edgeEvent('a'))
  expect((await reader.read()).done).toBe(true)
})

const aJob: JobNews = {
  id: '01920000-0000-7000-8000-000000000001',
  kind: 'jobs.tidy',
  state: 'dead',
  cancelling: false,
  attempt: 1,
  attempts_max: 1,
  progress: { done: 0, total: null, note: null },
  error: 'of nobody below a manager',
  by: 'admin',
  created_at: '2026-11-21T09:00:00.000Z',
  due_at: '2026-11-21T09:00:00.000Z',
  started_at: null,
  ended_at: null,
}
