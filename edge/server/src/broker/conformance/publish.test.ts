import { afterEach, describe, expect, test } from 'vitest'
import { RawBroker } from './raw-broker.ts'
import type { Received } from './raw-client.ts'

let at: RawBroker
afterEach(async () => at.stop())

const texts = (received: readonly Received[]) => received.map(({ text }) => text)

describe('PUBLISH to the broker', () => {
  test('I1: a reading is acknowledged after its commit, and what follows it behind it', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    at.journal.hold()
    const [first, second, third] = [
      client.publish('sensor/A/t', '1', 1),
      client.publish('sensor/A/t', '2', 2),
      client.publish('other', '3', 1),
    ]
    await client.ping()
    expect(client.received).toEqual([])
    at.journal.release()
    const answers = [await client.next('puback'), await client.next('pubrec'), await client.next('puback')]
    // [MQTT-4.6.0-2] the one that waited for nothing has waited for those before it.
    expect(answers.map(({ messageId }) => messageId)).toEqual([first, second, third])
  })

  test('I1: a message is acknowledged after the commit of what it causes: a retained message, a session’s queue', async () => {
    at = await RawBroker.start()
    const away = await at.connect({ id: 'away', clean: false })
    await away.subscribe(['queued', 1])
    await away.disconnect()
    const client = await at.connect()
    for (const [topic, retain] of [
      ['kept', true],
      ['queued', false],
    ] as const) {
      at.journal.hold()
      client.publish(topic, 'x', 1, { retain })
      await client.ping()
      expect(client.received).toEqual([])
      at.journal.release()
      await client.next('puback')
    }
  })

  test('I1: while the store fails nothing durable is acknowledged, and all comes through in order when it works', async () => {
    at = await RawBroker.start()
    const away = await at.connect({ id: 'away', clean: false })
    await away.subscribe(['queued', 1])
    await away.disconnect()
    const client = await at.connect()
    at.journal.break()
    const ids = ['1', '2', '3'].map((text) => client.publish('queued', text, 1))
    for (let turn = 0; turn < 5; turn++) await client.ping()
    expect(client.received).toEqual([])
    at.journal.mend()
    const answered = [await client.next('puback'), await client.next('puback'), await client.next('puback')]
    expect(answered.map(({ messageId }) => messageId)).toEqual(ids)
    const back = await at.connect({ id: 'away', clean: false })
    expect(texts(await back.publishes(3))).toEqual(['1', '2', '3'])
  })

  test('QoS 2 is taken once whatever comes twice before PUBREL, and again behind it [MQTT-4.3.3-2]', async () => {
    at = await RawBroker.start()
    const reader = await at.connect({ id: 'reader' })
    await reader.subscribe(['a', 0])
    const client = await at.connect()
    client.publish('a', 'x', 2, { id: 7 })
    await client.next('pubrec')
    client.publish('a', 'x', 2, { id: 7, dup: true })
    await client.next('pubrec')
    client.answer(0x62, 7)
    expect((await client.next('pubcomp')).messageId).toBe(7)
    // [MQTT-4.3.3-2] PUBCOMP also for what is released already.
    client.answer(0x62, 7)
    await client.next('pubcomp')
    client.publish('a', 'y', 2, { id: 7 })
    await client.next('pubrec')
    await reader.ping()
    expect(texts(reader.unread)).toEqual(['x', 'y'])
  })

  test('QoS 2 ids are known again when the session comes back, and free in a clean one [MQTT-4.4.0-1]', async () => {
    at = await RawBroker.start()
    const reader = await at.connect({ id: 'reader' })
    await reader.subscribe(['a', 0])
    for (const clean of [false, true]) {
      const client = await at.connect({ id: 'one', clean })
      client.publish('a', 'x', 2, { id: 3 })
      await client.next('pubrec')
      await client.vanish()
      const back = await at.connect({ id: 'one', clean })
      back.publish('a', 'x', 2, { id: 3, dup: true })
      await back.next('pubrec')
    }
    await reader.ping()
    expect(reader.unread.length).toBe(1 + 2)
  })

  test('deliveries of readings are named where a repeat can be known, and only there', async () => {
    at = await RawBroker.start()
    const kept = await at.connect({ id: 'kept', clean: false })
    await kept.published('sensor/A/t', '1', 0)
    kept.publish('sensor/A/t', '2', 1, { id: 5 })
    await kept.next('puback')
    kept.publish('sensor/A/t', '2', 1, { id: 5, dup: true })
    await kept.next('puback')
    await kept.published('sensor/A/t', '3', 2)
    const clean = await at.connect({ id: 'clean' })
    await clean.published('sensor/A/t', '4', 1)
    clean.publish('sensor/A/t', '5', 2, { id: 9 })
    await clean.next('pubrec')
    clean.publish('sensor/A/t', '5', 2, { id: 9, dup: true })
    await clean.next('pubrec')
    expect(at.journal.ingested.map(({ delivery }) => delivery)).toEqual([
      undefined,
      { session: 'kept', messageId: 5, dup: false },
      { session: 'kept', messageId: 5, dup: true },
      { session: 'kept', messageId: 1, dup: false },
      undefined,
      undefined,
    ])
    expect(at.journal.brokerState().unreleased).toEqual([])
  })

  test('I10: a client with too many QoS 2 publishes under way is disconnected', async () => {
    at = await RawBroker.start({ limits: { inboundQos2Max: 10 } })
    const client = await at.connect()
    for (let id = 1; id <= 10; id++) client.publish('a', 'x', 2, { id })
    await client.ping()
    client.publish('a', 'x', 2, { id: 11 })
    await client.closed()
  })

  test('nobody publishes below $ [MQTT-4.7.2]', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    client.publish('$SYS/broker/version', 'mine', 1)
    await client.closed()
    expect(client.received).toEqual([])
  })
})

describe('PUBLISH to subscribers', () => {
  test.each([
    [0, 0, 0],
    [0, 2, 0],
    [1, 0, 0],
    [1, 1, 1],
    [1, 2, 1],
    [2, 0, 0],
    [2, 1, 1],
    [2, 2, 2],
  ] as const)('QoS %i to a subscription of QoS %i goes out at %i [MQTT-3.8.4-6]', async (sent, asked, got) => {
    at = await RawBroker.start()
    const reader = await at.connect({ id: 'reader' })
    expect(await reader.subscribe(['a/#', asked])).toEqual([asked])
    const client = await at.connect()
    await client.published('a/b', 'x', sent)
    const publish = await reader.next('publish')
    expect([publish.qos, publish.topic, publish.text, publish.isRepeat, publish.isRetained]).toEqual([
      got,
      'a/b',
      'x',
      false,
      false,
    ])
    expect(publish.messageId > 0).toBe(got > 0)
  })

  test('QoS 2 goes out with PUBREC, PUBREL, PUBCOMP, and leaves nothing behind', async () => {
    at = await RawBroker.start()
    const reader = await at.connect({ id: 'reader', clean: false })
    await reader.subscribe(['a', 2])
    const client = await at.connect()
    await client.published('a', 'x', 2)
    const { messageId } = await reader.next('publish')
    reader.answer(0x50, messageId)
    const release = await reader.next('pubrel')
    expect([release.head, release.messageId]).toEqual([0x62, messageId])
    reader.answer(0x70, messageId)
    await reader.ping()
    expect(at.broker.stats().queuedMessages).toBe(0)
    // [MQTT-4.3.3-1] an answer to what is complete already is answered all the same.
    reader.answer(0x50, messageId)
    await reader.next('pubrel')
  })

  test('messages of a topic come in the order of their publisher, QoS 0, 1 and 2 [MQTT-4.6.0-6]', async () => {
    at = await RawBroker.start()
    const reader = await at.connect({ id: 'reader', clean: false })
    await reader.subscribe(['a', 2])
    const client = await at.connect()
    for (const qos of [0, 1, 2] as const) {
      for (let count = 0; count < 90; count++) client.publish('a', `${qos}-${count}`, qos, { retain: count % 3 === 0 })
    }
    const received = await reader.publishes(190)
    for (const qos of [0, 1, 2])
      expect(texts(received.filter((each) => each.qos === qos))).toEqual(
        Array.from({ length: qos === 2 ? 10 : 90 }, (_, count) => `${qos}-${count}`),
      )
  })

  test('a window of messages is not acknowledged, and the rest waits for it', async () => {
    at = await RawBroker.start({ limits: { outgoingInflightMax: 3 } })
    const reader = await at.connect({ id: 'reader' })
    await reader.subscribe(['a', 1])
    const client = await at.connect()
    for (let count = 1; count <= 5; count++) await client.published('a', `${count}`)
    await reader.ping()
    const [first] = await reader.publishes(3)
    expect(reader.unread).toEqual([])
    reader.answer(0x40, first?.messageId ?? 0)
    expect((await reader.next('publish')).text).toBe('4')
  })

  test('a message of no bytes goes out as it came', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    await client.subscribe(['a', 1])
    client.publish('a', '', 1)
    expect((await client.next('publish')).text).toBe('')
  })

  test('readings are stored and forwarded, those of QoS 2 once', async () => {
    at = await RawBroker.start()
    const client = await at.connect({ id: 'one', clean: false })
    await client.published('sensor/A/t', '0')
    const reader = await at.connect({ id: 'reader' })
    await reader.subscribe(['sensor/#', 1])
    await client.published('sensor/A/t', '1')
    client.publish('sensor/A/t', '2', 2, { id: 40 })
    client.publish('sensor/A/t', '2', 2, { id: 40, dup: true })
    await client.next('pubrec')
    await client.next('pubrec')
    await reader.ping()
    expect(texts(reader.unread)).toEqual(['1', '2'])
    await reader.unsubscribe('sensor/#')
    await client.published('sensor/A/t', '3')
    expect(at.journal.ingested.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['0', '1', '2', '2', '3'])
  })
})

describe('retained messages', () => {
  test('come to a new subscription with the flag, and to a standing one without [MQTT-3.3.1-8, -9]', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    await client.subscribe(['k/#', 1])
    await client.published('k/a', 'x', 1, { retain: true })
    expect((await client.next('publish')).isRetained).toBe(false)
    const later = await at.connect({ id: 'later' })
    await later.subscribe(['k/+', 0])
    const kept = await later.next('publish')
    expect([kept.isRetained, kept.text, kept.qos, kept.topic]).toEqual([true, 'x', 0, 'k/a'])
    // [MQTT-3.8.4-3] the same filter again: sent again.
    await later.subscribe(['k/+', 1])
    expect((await later.next('publish')).qos).toBe(1)
  })

  test('are replaced by the next [MQTT-3.3.1-5], taken away by an empty one [MQTT-3.3.1-10], and not touched by a plain one [MQTT-3.3.1-12]', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    const kept = async () => {
      const reader = await at.connect({ id: '' })
      await reader.subscribe(['k', 1])
      await reader.ping()
      return texts(reader.unread)
    }
    for (const qos of [0, 1, 2] as const) {
      await client.published('k', `first ${qos}`, qos, { retain: true })
      await client.published('k', `second ${qos}`, qos, { retain: true })
      await client.published('k', 'plain', qos)
      expect(await kept()).toEqual([`second ${qos}`])
      await client.subscribe(['k', 0])
      await client.next('publish')
      await client.published('k', '', qos, { retain: true })
      expect((await client.next('publish')).text).toBe('')
      await client.unsubscribe('k')
      expect(await kept()).toEqual([])
    }
  })

  test('mixed with plain ones lose no message', async () => {
    at = await RawBroker.start()
    const reader = await at.connect({ id: 'reader' })
    await reader.subscribe(['m/#', 0])
    const client = await at.connect()
    for (let count = 0; count < 300; count++)
      client.publish(`m/${count % 7}`, `${count}`, (count % 3) as 0 | 1 | 2, { retain: count % 2 === 0 })
    expect(texts(await reader.publishes(300)).map(Number)).toEqual(Array.from({ length: 300 }, (_, count) => count))
  })

  test('survive a crash, and their clearing does', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    await client.published('k/a', 'stays', 1, { retain: true })
    await client.published('k/b', 'goes', 1, { retain: true })
    await client.published('k/b', '', 1, { retain: true })
    await at.crash()
    const later = await at.connect()
    await later.subscribe(['k/#', 2])
    await later.ping()
    expect(later.unread.map(({ text, qos, isRetained }) => [text, qos, isRetained])).toEqual([['stays', 1, true]])
  })

  test('I10: are bounded by count and bytes; one beyond is forwarded, not kept, and counted', async () => {
    at = await RawBroker.start({ limits: { retainedMax: 15, retainedBytesMax: 20_000 } })
    const client = await at.connect()
    await client.subscribe(['#', 0])
    const before = at.broker.stats().retainedMessages
    for (let count = before; count < 17; count++) await client.published(`k/${count}`, 'x', 1, { retain: true })
    await client.published('big', 'x'.repeat(20_000), 1, { retain: true })
    expect((await client.publishes(18 - before)).length).toBe(18 - before)
    expect(at.broker.stats().retainedMessages).toBe(15)
    expect(at.broker.stats().retainedRefusedTotal).toBe(3)
    expect(at.journal.brokerState().retained.length).toBe(15 - before)
  })
})
