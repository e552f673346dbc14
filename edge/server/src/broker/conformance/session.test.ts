import { afterEach, describe, expect, test } from 'vitest'
import { RawBroker } from './raw-broker.ts'
import type { Received } from './raw-client.ts'

/*
 * Sessions that outlive their connection, and the process. `crash` drops the broker without a word: the next one finds
 * what was committed and nothing else. "Repeat, hole never": a message that was acknowledged to its publisher reaches the
 * session; at QoS 1 it may come twice, at QoS 2 its packet id says that it is the same.
 */
let at: RawBroker
afterEach(async () => at.stop())

const texts = (received: readonly Received[]) => received.map(({ text }) => text)
const keeper = { id: 'keeper', clean: false }

async function subscribed(filter = 'q/#', qos = 2): Promise<void> {
  const client = await at.connect(keeper)
  await client.subscribe([filter, qos])
  await client.disconnect()
}

describe('a session that outlives its connection', () => {
  test('gets what came while it was away at QoS 1 and 2, in order, and then what comes', async () => {
    at = await RawBroker.start()
    await subscribed()
    const client = await at.connect()
    for (let count = 0; count < 20; count++) await client.published('q/a', `${count}`, (count % 2) + 1 === 1 ? 1 : 2)
    await client.published('q/a', 'at QoS 0')
    const back = await at.connect(keeper)
    expect(back.connack.bytes[2]).toBe(1)
    const received = await back.publishes(20)
    expect(texts(received)).toEqual(Array.from({ length: 20 }, (_, count) => `${count}`))
    expect(received.every(({ isRepeat, qos }, count) => !isRepeat && qos === (count % 2) + 1)).toBe(true)
    expect(new Set(received.map(({ messageId }) => messageId)).size).toBe(20)
  })

  test('gets what it has not acknowledged again, with DUP and the same id, in the same order [MQTT-4.4.0-1]', async () => {
    at = await RawBroker.start()
    await subscribed()
    const first = await at.connect(keeper)
    const client = await at.connect()
    for (const [text, qos] of [
      ['1', 1],
      ['2', 2],
      ['3', 1],
      ['4', 2],
    ] as const)
      await client.published('q', text, qos)
    const before = await first.publishes(4)
    first.answer(0x40, before[0]?.messageId ?? 0)
    first.answer(0x50, before[1]?.messageId ?? 0)
    await first.next('pubrel')
    await first.vanish()
    const back = await at.connect(keeper)
    // What was released goes on with PUBREL, in its place.
    expect((await back.next('pubrel')).messageId).toBe(before[1]?.messageId)
    const after = await back.publishes(2)
    expect(after.map(({ text, isRepeat, messageId }) => [text, isRepeat, messageId])).toEqual([
      ['3', true, before[2]?.messageId],
      ['4', true, before[3]?.messageId],
    ])
    back.answer(0x70, before[1]?.messageId ?? 0)
    for (const { messageId, qos } of after) back.answer(qos === 1 ? 0x40 : 0x50, messageId)
    back.answer(0x70, (await back.next('pubrel')).messageId)
    await back.ping()
    expect(at.broker.stats().queuedMessages).toBe(0)
    expect(at.journal.brokerState().queue).toEqual([])
  })

  test('a clean one ends with its connection, and takes what was kept before it along [MQTT-3.1.2-6]', async () => {
    at = await RawBroker.start()
    await subscribed()
    const client = await at.connect()
    await client.published('q', 'x')
    await (await at.connect({ ...keeper, clean: true })).disconnect()
    expect(at.journal.brokerState()).toMatchObject({ sessions: [], queue: [] })
    const back = await at.connect(keeper)
    expect(back.connack.bytes[2]).toBe(0)
    await client.published('q', 'y')
    await back.ping()
    expect(back.unread).toEqual([])
  })

  test('I10: has room for so many messages; later ones are refused for it and counted, and others get them', async () => {
    at = await RawBroker.start({ limits: { sessionMessagesMax: 3, sessionBytesMax: 5_000 } })
    await subscribed()
    const reader = await at.connect({ id: 'reader' })
    await reader.subscribe(['q', 0])
    const client = await at.connect()
    for (const text of ['1', '2', '3', '4']) await client.published('q', text)
    await reader.publishes(4)
    expect(at.broker.stats()).toMatchObject({ queueFullTotal: 1, queuedMessages: 3 })
    const back = await at.connect(keeper)
    const received = await back.publishes(3)
    expect(texts(received)).toEqual(['1', '2', '3'])
    for (const { messageId } of received) back.answer(0x40, messageId)
    await back.disconnect()
    await client.published('q', 'x'.repeat(5_000))
    expect(at.broker.stats()).toMatchObject({ queueFullTotal: 2, queuedMessages: 0 })
  })

  test('I10: beyond their number a new one is refused with 0x03, and one that is there comes back', async () => {
    at = await RawBroker.start({ limits: { sessionsMax: 1 } })
    await subscribed()
    expect((await at.connect({ id: 'second', clean: false })).connack.bytes[3]).toBe(3)
    expect((await at.connect(keeper)).connack.bytes[3]).toBe(0)
    expect((await at.connect({ id: 'third' })).connack.bytes[3]).toBe(0)
  })
})

describe('a process that is killed', () => {
  test('I1: has kept every message that it acknowledged for a session, in order', async () => {
    at = await RawBroker.start()
    await subscribed()
    const client = await at.connect()
    for (let count = 0; count < 10; count++) await client.published('q', `${count}`, count % 2 === 0 ? 1 : 2)
    await at.crash()
    const back = await at.connect(keeper)
    expect(back.connack.bytes[2]).toBe(1)
    expect(texts(await back.publishes(10))).toEqual(Array.from({ length: 10 }, (_, count) => `${count}`))
  })

  test('sends a QoS 2 message again under the id that its receiver knows, so that it is one message', async () => {
    at = await RawBroker.start()
    await subscribed()
    const first = await at.connect(keeper)
    const client = await at.connect()
    await client.published('q', 'x', 2)
    const { messageId } = await first.next('publish')
    await at.crash()
    const back = await at.connect(keeper)
    const again = await back.next('publish')
    expect([again.messageId, again.isRepeat, again.text]).toEqual([messageId, true, 'x'])
    at.journal.hold()
    back.answer(0x50, messageId)
    await back.ping()
    // PUBREL before that is on disk would let a crash send the PUBLISH to a receiver that has forgotten its id.
    expect(back.received).toEqual([])
    at.journal.release()
    await back.next('pubrel')
    await at.crash()
    // It knows that the receiver has it: PUBREL, and never PUBLISH again.
    const third = await at.connect(keeper)
    expect((await third.next('pubrel')).messageId).toBe(messageId)
    third.answer(0x70, messageId)
    await third.ping()
    expect(third.unread).toEqual([])
    await at.crash()
    const fourth = await at.connect(keeper)
    await fourth.ping()
    expect(fourth.received).toEqual([])
  })

  test('sends nothing to a session before it is on disk: what a crash takes away was never seen', async () => {
    at = await RawBroker.start()
    const reader = await at.connect(keeper)
    await reader.subscribe(['q', 2])
    const client = await at.connect()
    await client.published('q', 'first')
    const first = await reader.next('publish')
    at.journal.hold()
    client.publish('q', 'x', 2, { id: 5 })
    await client.ping()
    // Room in its window is no reason either.
    reader.answer(0x40, first.messageId)
    await reader.ping()
    expect([...reader.received, ...client.received]).toEqual([])
    await at.crash()
    const back = await at.connect(keeper)
    const again = await at.connect()
    again.publish('q', 'x', 2, { id: 5, dup: true })
    await again.next('pubrec')
    // The acknowledgement of the first was not on disk either.
    expect(texts(await back.publishes(2))).toEqual(['first', 'x'])
  })

  test('knows the QoS 2 ids of publishers again: not forwarded twice, free after PUBREL', async () => {
    at = await RawBroker.start()
    await subscribed()
    const publisher = { id: 'publisher', clean: false }
    const client = await at.connect(publisher)
    client.publish('q', 'one', 2, { id: 8 })
    await client.next('pubrec')
    await at.crash()
    const second = await at.connect(publisher)
    second.publish('q', 'one', 2, { id: 8, dup: true })
    await second.next('pubrec')
    at.journal.hold()
    second.answer(0x62, 8)
    await second.ping()
    // PUBCOMP before the release is on disk would let a crash swallow the next message of this id.
    expect(second.received).toEqual([])
    at.journal.release()
    await second.next('pubcomp')
    await at.crash()
    const third = await at.connect(publisher)
    third.publish('q', 'two', 2, { id: 8 })
    await third.next('pubrec')
    const back = await at.connect(keeper)
    expect(texts(await back.publishes(2))).toEqual(['one', 'two'])
    await back.ping()
    expect(back.unread).toEqual([])
  })

  test('a clean session that has taken a kept one’s place stays in its place', async () => {
    at = await RawBroker.start()
    await subscribed()
    await at.connect({ ...keeper, clean: true })
    await at.crash()
    expect((await at.connect(keeper)).connack.bytes[2]).toBe(0)
  })

  test('a stop in order keeps the same', async () => {
    at = await RawBroker.start()
    await subscribed()
    const client = await at.connect()
    await client.published('q', 'x')
    await at.restart()
    const back = await at.connect(keeper)
    expect(texts(await back.publishes(1))).toEqual(['x'])
  })
})

describe('the will of a client', () => {
  const will = { topic: 'w/a', text: 'gone' } as const

  async function watcher(qos = 2) {
    const client = await at.connect({ id: 'watcher' })
    await client.subscribe(['w/#', qos])
    return client
  }

  test.each([0, 1, 2] as const)('is published at QoS %i when its connection breaks [MQTT-3.1.2-8]', async (qos) => {
    at = await RawBroker.start()
    const watching = await watcher()
    const client = await at.connect({ will: { ...will, qos } })
    await client.vanish()
    const publish = await watching.next('publish')
    expect([publish.text, publish.qos, publish.topic, publish.isRetained]).toEqual(['gone', qos, 'w/a', false])
    expect(at.journal.brokerState().wills).toEqual([])
  })

  test('is taken back by DISCONNECT [MQTT-3.14.4-3]', async () => {
    at = await RawBroker.start()
    const watching = await watcher()
    await (await at.connect({ will })).disconnect()
    await watching.ping()
    expect(watching.unread).toEqual([])
    await at.crash()
    expect(at.journal.brokerState().wills).toEqual([])
  })

  test('is published when the client breaks the protocol, keeps still, or is taken over', async () => {
    at = await RawBroker.start()
    const watching = await watcher()
    const broken = await at.connect({ id: 'broken', will })
    broken.send([0xf0, 0])
    await watching.next('publish')
    await at.connect({ id: 'still', will, keepAliveSeconds: 1 })
    await at.connect({ id: 'taken', will: { ...will, text: 'older' } })
    await at.connect({ id: 'taken', will: { ...will, text: 'newer' } })
    expect((await watching.next('publish')).text).toBe('older')
    expect((await watching.next('publish')).text).toBe('gone')
    await watching.ping()
    expect(watching.unread).toEqual([])
  })

  test('is retained when it says so [MQTT-3.1.2-17], and empty when it is empty', async () => {
    at = await RawBroker.start()
    const watching = await watcher()
    await (await at.connect({ id: 'kept', will: { ...will, retain: true, qos: 1 } })).vanish()
    await watching.next('publish')
    const later = await at.connect({ id: 'later' })
    await later.subscribe(['w/a', 1])
    expect((await later.next('publish')).isRetained).toBe(true)
    await (await at.connect({ id: 'kept', will: { ...will, text: '', retain: true } })).vanish()
    expect((await watching.next('publish')).text).toBe('')
  })

  test('is published at the next start when the process was killed, and after a stop in order', async () => {
    at = await RawBroker.start()
    await subscribed('w/#')
    await at.connect({ will: { ...will, qos: 1 } })
    await at.crash()
    const back = await at.connect(keeper)
    expect((await back.publishes(1))[0]?.text).toBe('gone')
    await back.disconnect()
    const client = await at.connect({ will: { ...will, qos: 1, text: 'stopped' } })
    await at.restart()
    await client.closed()
    const again = await at.connect(keeper)
    expect(texts(await again.publishes(2))).toEqual(['gone', 'stopped'])
    await at.crash()
    expect(at.journal.brokerState().wills).toEqual([])
  })

  test('of a reading is stored', async () => {
    at = await RawBroker.start()
    await (await at.connect({ login: 'press', will: { topic: 'sensor/A/t', text: '-1', qos: 1 } })).vanish()
    await (await at.connect({ id: 'other' })).ping()
    expect(at.journal.ingested).toMatchObject([{ topic: 'sensor/A/t', source: 'press' }])
  })
})
