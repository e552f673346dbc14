import { afterEach, describe, expect, test } from 'vitest'
import { RawBroker } from './raw-broker.ts'

let at: RawBroker
afterEach(async () => at.stop())

describe('SUBSCRIBE', () => {
  test.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/B', false],
    ['a/b', 'a/b/', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a//c', true],
    ['+/+', '/a', true],
    ['/+', '/a', true],
    ['+', '/a', false],
    ['+', 'a', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['#', 'a/b', true],
    ['#', '/', true],
    ['/', '/', true],
    ['+/#', 'a', true],
    ['온도/+', '온도/프레스', true],
    ['#', '$x/a', false],
    ['+/a', '$x/a', false],
  ])('%s means %s: %s [MQTT-4.7]', async (filter, topic, isMeant) => {
    at = await RawBroker.start()
    const client = await at.connect()
    const other = await at.connect({ id: 'other' })
    await client.subscribe([filter, 1])
    await other.subscribe([filter, 0])
    if (topic.startsWith('$')) {
      await client.ping()
      expect(client.unread.filter((each) => each.topic.startsWith('$'))).toEqual([])
      return
    }
    await client.published(topic, 'live', 1, { retain: true })
    await other.ping()
    expect(client.unread.filter((each) => each.topic === topic).map(({ text }) => text)).toEqual(
      isMeant ? ['live'] : [],
    )
    expect(other.unread.filter((each) => each.topic === topic).length).toBe(isMeant ? 1 : 0)
    // What is retained is found by the same rule.
    const late = await at.connect({ id: 'late' })
    await late.subscribe([filter, 0])
    await late.ping()
    expect(late.unread.filter((each) => each.topic === topic).length).toBe(isMeant ? 1 : 0)
  })

  test('many filters in one packet are answered in their order [MQTT-3.8.4-5], and a denied one with 0x80', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    expect(await client.subscribe(['a', 0], ['b', 1], ['a/'.repeat(17), 1], ['c', 2])).toEqual([0, 1, 0x80, 2])
    await client.published('c', 'x', 2)
    expect((await client.next('publish')).qos).toBe(2)
  })

  test('overlapping filters bring one copy at the highest QoS of them [MQTT-3.3.5-1]', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    await client.subscribe(['a/#', 2], ['a/+', 1], ['a/b', 0])
    await client.published('a/b', 'x', 2)
    await client.ping()
    expect(client.unread.map(({ qos }) => qos)).toEqual([2])
  })

  test('the same filter again replaces its QoS [MQTT-3.8.4-3]', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    await client.subscribe(['a', 2])
    await client.subscribe(['a', 0])
    await client.published('a', 'x', 2)
    expect((await client.next('publish')).qos).toBe(0)
    expect(at.broker.stats().subscriptions).toBe(1)
  })

  test('UNSUBSCRIBE ends exactly its filter and is answered also when there was none [MQTT-3.10.4-1, -5]', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    await client.subscribe(['a/#', 0], ['a/b', 1])
    await client.unsubscribe('a/#', 'never')
    await client.published('a/c', 'x')
    await client.published('a/b', 'y')
    await client.ping()
    expect(client.unread.map(({ text }) => text)).toEqual(['y'])
  })

  test('I1: SUBACK and UNSUBACK of a session that stays come after their commit, and both survive a crash', async () => {
    at = await RawBroker.start()
    const client = await at.connect({ id: 'one', clean: false })
    at.journal.hold()
    client.sendSubscribe(['a', 1], ['b', 1])
    await client.ping()
    expect(client.received).toEqual([])
    at.journal.release()
    await client.next('suback')
    await client.unsubscribe('b')
    await at.crash()
    const back = await at.connect({ id: 'one', clean: false })
    expect(back.connack.bytes[2]).toBe(1)
    await back.published('b', 'gone')
    await back.published('a', 'there')
    await back.ping()
    expect(back.unread.map(({ text }) => text)).toEqual(['there'])
  })

  test('$SYS tells version, uptime, clients, messages and the retained count, in memory alone', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    await client.subscribe(['$SYS/#', 0])
    await client.ping()
    const said = new Map(client.unread.map(({ topic, text }) => [topic, text]))
    expect(said.get('$SYS/broker/version')).toBe('jidoka 1.2.3')
    expect(said.get('$SYS/broker/uptime')).toMatch(/^\d+ seconds$/)
    expect([...said.keys()]).toEqual(
      expect.arrayContaining([
        '$SYS/broker/clients/connected',
        '$SYS/broker/publish/messages/received',
        '$SYS/broker/retained messages/count',
      ]),
    )
    expect(at.journal.brokerState().retained).toEqual([])
  })

  test('whether anybody connected reads verdicts is told to the journal', async () => {
    at = await RawBroker.start()
    const kept = await at.connect({ id: 'kept', clean: false })
    await kept.subscribe(['verdict/#', 0])
    await kept.subscribe(['verdict/#', 0])
    const other = await at.connect({ id: 'other' })
    await other.subscribe(['#', 0])
    await kept.disconnect()
    await other.unsubscribe('#')
    const back = await at.connect({ id: 'kept', clean: false })
    await back.ping()
    expect(at.journal.watched).toEqual([true, false, true])
  })
})

describe('verdicts', () => {
  test('of a commit go whole to who reads all, and by stretch to who reads some', async () => {
    at = await RawBroker.start()
    const packets = ['A/one', 'A/two', 'B/one'].map((rest) => {
      const topic = `verdict/${rest}`
      return Buffer.concat([Buffer.from([0x30, 2 + topic.length + 1, 0, topic.length]), Buffer.from(`${topic}x`)])
    })
    const readers = []
    for (const filters of [
      ['verdict/#'],
      ['#'],
      ['verdict/A/#'],
      ['verdict/+/one'],
      ['verdict/B/one', 'verdict/A/one'],
      ['judgment/#'],
    ]) {
      const reader = await at.connect({ id: '' })
      await reader.subscribe(...filters.map((filter) => [filter, 1] as const))
      readers.push(reader)
    }
    let end = 0
    at.broker.publishEveryVerdict({
      bytes: Buffer.concat(packets),
      stretches: packets.map((packet, index) => ({
        topic: ['verdict/A/one', 'verdict/A/two', 'verdict/B/one'][index] ?? '',
        end: (end += packet.length),
      })),
    })
    for (const reader of readers) await reader.ping()
    expect(readers.map((reader) => reader.unread.map(({ topic }) => topic.slice(8)))).toEqual([
      ['A/one', 'A/two', 'B/one'],
      ['A/one', 'A/two', 'B/one'],
      ['A/one', 'A/two'],
      ['A/one', 'B/one'],
      ['A/one', 'B/one'],
      [],
    ])
  })

  test('I10: a reader of verdicts that takes nothing is disconnected, and the others get all', async () => {
    at = await RawBroker.start({ limits: { verdictBytesMax: 100_000 } })
    const [stuck, reader] = [await at.connect({ id: 'stuck' }), await at.connect({ id: 'reader' })]
    await stuck.subscribe(['verdict/#', 0])
    await reader.subscribe(['verdict/#', 0])
    stuck.socket.pause()
    const body = Buffer.concat([Buffer.from([0, 13]), Buffer.from('verdict/A/one'), Buffer.alloc(60_000, 97)])
    const bytes = Buffer.concat([
      Buffer.from([0x30, (body.length & 127) | 128, ((body.length >>> 7) & 127) | 128, body.length >>> 14]),
      body,
    ])
    let sent = 0
    while (at.broker.stats().slowReadersTotal === 0 && sent < 2_000) {
      at.broker.publishEveryVerdict({ bytes, stretches: [{ topic: 'verdict/A/one', end: bytes.length }] })
      sent++
      await reader.next('publish')
    }
    expect(at.broker.stats().slowReadersTotal).toBe(1)
    expect(at.broker.clientsCount).toBe(1)
  })
})
