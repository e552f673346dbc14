import { createLog, ManualClock } from '@jidoka/base'
import type { CloudStreamEvent } from '@jidoka/contract'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { EventHub } from '../events.ts'
import { EventMetrics } from './event-metrics.ts'
import { Fanout, fanoutLimits } from './fanout.ts'
import type { Wire } from './wire.ts'

// Two processes on one wire, which carries what is given to it at once. The real ones are in replicas.pg.test.ts.

const log = createLog('test', { level: 'silent' })
const flush = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function processes(bytesMax = 8_000) {
  const clock = new ManualClock()
  const listeners: ((text: string) => void)[] = []
  const opened: (() => void)[] = []
  const newWire = (): Wire => ({
    isUp: true,
    bytesMax,
    open: (heard, missed) => {
      listeners.push(heard)
      opened.push(missed)
      return Promise.resolve()
    },
    send: (texts) => {
      for (const text of texts) for (const heard of listeners) heard(text)
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  })
  const newProcess = async () => {
    const hub = new EventHub()
    const registry = new Registry()
    const fanout = new Fanout({ wire: newWire(), hub, clock, log, metrics: new EventMetrics(registry) })
    await fanout.start()
    return { hub, fanout, metrics: () => registry.metrics() }
  }
  const [one, two] = [await newProcess(), await newProcess()]
  const pass = async (ms: number = fanoutLimits.gatherMs) => {
    clock.advance(ms)
    await flush()
  }
  await pass()
  return { one, two, pass, say: (text: string) => listeners[0]?.(text), miss: () => opened[1]?.() }
}

const event = (edge_id: string): CloudStreamEvent => ({
  event: 'edge',
  data: { edge_id, lines: [], seen_at: '2026-11-21T09:00:00.000Z' },
})
const reset: CloudStreamEvent = { event: 'reset', data: { reason: 'slow_client' } }

describe('what processes tell each other', () => {
  it('is sent to the last word when a process stops', async () => {
    const { one, two, pass } = await processes()
    const heard: CloudStreamEvent[] = []
    two.hub.subscribe('demo', (each) => heard.push(each))
    await pass()
    one.hub.publish('demo', event('a'))
    await one.fanout.stop()
    expect(heard).toEqual([event('a')])
  })

  it('is sent only while somebody elsewhere follows the tenant, and heard by that tenant alone (I6)', async () => {
    const { one, two, pass } = await processes()
    const heard: CloudStreamEvent[] = []
    expect(one.hub.isHeard('demo')).toBe(false)
    const leave = two.hub.subscribe('demo', (each) => heard.push(each))
    two.hub.subscribe('other', () => heard.push(event('of another tenant')))
    await pass()
    expect([one.hub.isHeard('demo'), one.hub.isHeard('nobody')]).toEqual([true, false])
    one.hub.publish('demo', event('a'))
    await pass()
    expect(heard).toEqual([event('a')])
    leave()
    await pass(fanoutLimits.listensForMs + 1)
    expect(one.hub.isHeard('demo')).toBe(false)
  })

  it('I10: becomes "fetch again" where it is too long for the wire, and where too much waits', async () => {
    const { one, two, pass } = await processes()
    const heard: CloudStreamEvent[] = []
    two.hub.subscribe('demo', (each) => heard.push(each))
    await pass()
    one.hub.publish('demo', { event: 'edge', data: { ...event('a').data, lines: ['x'.repeat(9_000)] } as never })
    await pass()
    expect(heard).toEqual([reset])
    heard.length = 0
    for (let number = 0; number < 5_000; number++) one.hub.publish('demo', event(String(number)))
    await pass()
    expect(heard.length).toBeLessThanOrEqual(fanoutLimits.waitingMax + 1)
    expect(heard.at(-1)).toEqual(reset)
  })

  it('I10: is refused where it is none of ours, and harms nothing', async () => {
    const { one, pass, say } = await processes()
    const heard: CloudStreamEvent[] = []
    one.hub.subscribe('demo', (each) => heard.push(each))
    const from = crypto.randomUUID()
    for (const text of [
      'x',
      '{}',
      JSON.stringify({ kind: 'made up', from }),
      JSON.stringify({ kind: 'drop', from, tenant: 'a:b', tags: ['x'] }),
      JSON.stringify({ kind: 'drop', from, tenant: 'demo', tags: ['x'.repeat(9_000)] }),
    ])
      say(text)
    expect(heard).toEqual([])
    expect(await one.metrics()).toContain('outcome="refused"} 5')
    // An event of a newer version of the program: it can be fetched.
    say(JSON.stringify({ kind: 'stream', from, tenant: 'demo', event: 'edge', data: { new: 'shape' } }))
    expect(heard).toEqual([reset])
    await pass()
  })

  it('makes consoles fetch again, and forgets what is cached, when something may have been missed', async () => {
    const { two, miss } = await processes()
    const heard: CloudStreamEvent[] = []
    const dropped: (string | null)[] = []
    two.hub.subscribe('demo', (each) => heard.push(each))
    two.fanout.onDrop((tenantId) => dropped.push(tenantId))
    miss()
    expect([heard, dropped]).toEqual([[reset], [null]])
  })

  it('drops tags in the other process and not a second time in its own', async () => {
    const { one, two, pass } = await processes()
    const dropped: unknown[] = []
    one.fanout.onDrop((...said) => dropped.push(['one', ...said]))
    two.fanout.onDrop((...said) => dropped.push(['two', ...said]))
    one.fanout.drop('demo', ['rule:a'])
    await pass()
    expect(dropped).toEqual([['two', 'demo', ['rule:a']]])
  })
})
