import { afterEach, describe, expect, test } from 'vitest'
import { RawBroker } from './conformance/raw-broker.ts'
import type { RawClient } from './conformance/raw-client.ts'
import { until } from './test-support.ts'

/*
 * I10: what one client does, the others must not feel. Here only that they are served and that everything stays within its
 * bounds; how long they wait is measured by bench/hostile.ts.
 */
let at: RawBroker
afterEach(async () => at.stop())

/** A good publisher's readings go on being stored. */
async function expectServed(client: RawClient): Promise<void> {
  const before = at.journal.ingested.length
  for (let count = 0; count < 5; count++) await client.published('sensor/GOOD/t', `${count}`, 1)
  expect(at.journal.ingested.filter(({ topic }) => topic === 'sensor/GOOD/t').length).toBeGreaterThanOrEqual(5)
  expect(at.journal.ingested.length).toBeGreaterThanOrEqual(before + 5)
}

describe('the others are served beside', () => {
  test('a subscriber that never reads: it misses QoS 0, its queue is bounded, and it goes in the end', async () => {
    at = await RawBroker.start({
      limits: { outgoingBytesMax: 200_000, sessionBytesMax: 500_000, drainTimeoutMs: 300 },
    })
    const good = await at.connect({ id: 'good' })
    const stuck = await at.connect({ id: 'stuck', clean: false })
    await stuck.subscribe(['flood/#', 1])
    stuck.socket.pause()
    const writer = await at.connect({ id: 'writer' })
    const text = 'x'.repeat(30_000)
    for (let round = 0; round < 60; round++) {
      for (const qos of [0, 1] as const) for (let count = 0; count < 5; count++) writer.publish('flood/a', text, qos)
      await writer.ping()
    }
    const { publishesSkippedTotal, queueFullTotal, queuedMessages } = at.broker.stats()
    expect(publishesSkippedTotal).toBeGreaterThan(0)
    expect(queueFullTotal).toBeGreaterThan(0)
    expect(queuedMessages).toBeLessThanOrEqual(17)
    await expectServed(good)
    await until(() => at.broker.stats().slowReadersTotal === 1, 'the reader that takes nothing is disconnected')
  })

  test('a publisher that never stops and reads no acknowledgement', async () => {
    at = await RawBroker.start({ limits: { unacknowledgedMax: 50, outgoingBytesMax: 100_000 } })
    const good = await at.connect({ id: 'good' })
    const flood = await at.connect({ id: 'flood' })
    flood.socket.pause()
    at.journal.hold()
    for (let count = 0; count < 5_000; count++)
      flood.publish('sensor/BAD/t', 'x'.repeat(500), 1, { id: (count % 60_000) + 1 })
    await until(() => at.journal.heldCount >= 50, 'its window is full')
    await good.ping()
    expect(at.journal.heldCount).toBe(50)
    at.journal.release()
    await expectServed(good)
  })

  test('packets that come a byte at a time, and never to their end', async () => {
    at = await RawBroker.start({ limits: { connectTimeoutMs: 200 } })
    const good = await at.connect({ id: 'good' })
    const slow = Array.from({ length: 50 }, () => at.open())
    for (const each of slow) each.send([0x10])
    for (const each of slow) each.send([0x20, 0])
    await expectServed(good)
    for (const each of slow) await each.closed()
  })

  test('connections without end', async () => {
    at = await RawBroker.start({ limits: { connectionsBurstOfAddressMax: 50, connectionsPerSecondOfAddressMax: 1 } })
    const good = await at.connect({ id: 'good' })
    const flood = Array.from({ length: 300 }, () => at.open())
    await expectServed(good)
    await until(() => flood.filter(({ isClosed }) => isClosed).length >= 250, 'those too many are closed')
    expect(at.broker.stats().connectionsRefusedTotal).toBeGreaterThanOrEqual(250)
  })

  test('subscriptions, sessions and QoS 2 ids without end', async () => {
    at = await RawBroker.start({ limits: { subscriptionsMax: 20, sessionsMax: 5, inboundQos2Max: 30 } })
    const good = await at.connect({ id: 'good' })
    const greedy = await at.connect({ id: 'greedy' })
    const codes = await greedy.subscribe(...Array.from({ length: 500 }, (_, index) => [`s/${index}`, 0] as const))
    expect(codes.filter((code) => code === 0x80).length).toBe(480)
    for (let count = 0; count < 20; count++) await at.connect({ id: `s${count}`, clean: false })
    expect(at.broker.stats().sessions).toBe(5)
    for (let id = 1; id <= 40; id++) greedy.publish('a', 'x', 2, { id })
    await greedy.closed()
    await expectServed(good)
  })
})
