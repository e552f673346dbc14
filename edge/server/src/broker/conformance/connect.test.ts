import { afterEach, describe, expect, test } from 'vitest'
import { RawBroker } from './raw-broker.ts'
import { connectPacket, packet } from './raw-client.ts'

let at: RawBroker
afterEach(async () => at.stop())

const connack = (code: number) => Buffer.from([0x20, 2, 0, code])

describe('CONNECT', () => {
  test('an empty client id with a clean session gets an id of its own [MQTT-3.1.3-6]', async () => {
    at = await RawBroker.start()
    const [one, other] = [await at.connect({ id: '' }), await at.connect({ id: '' })]
    expect(one.connack.bytes).toEqual(connack(0))
    await one.subscribe(['a', 0])
    await other.published('a', 'x')
    expect((await one.next('publish')).text).toBe('x')
  })

  test('an empty client id without a clean session is answered 0x02 and closed [MQTT-3.1.3-8]', async () => {
    at = await RawBroker.start()
    const client = at.open()
    client.send(connectPacket({ id: '', clean: false }))
    expect((await client.next('connack')).bytes).toEqual(connack(2))
    await client.closed()
  })

  test.each([0, 5, 6, 0x84])('protocol level %i is answered 0x01 and closed [MQTT-3.1.2-2]', async (protocolLevel) => {
    at = await RawBroker.start()
    const client = at.open()
    client.send(connectPacket({ protocolLevel }))
    expect((await client.next('connack')).bytes).toEqual(connack(1))
    await client.closed()
  })

  test('MQTT 3.1 is taken under its old name', async () => {
    at = await RawBroker.start()
    const client = await at.connect({ protocolName: 'MQIsdp', protocolLevel: 3 })
    expect(client.connack.bytes).toEqual(connack(0))
  })

  const broken: readonly (readonly [string, Buffer])[] = [
    ['another protocol name [MQTT-3.1.2-1]', connectPacket({ protocolName: 'mqtt' })],
    ['the reserved flag of CONNECT [MQTT-3.1.2-3]', connectPacket({ moreFlags: 1 })],
    ['will QoS without a will [MQTT-3.1.2-13]', connectPacket({ moreFlags: 8 })],
    ['will retain without a will [MQTT-3.1.2-15]', connectPacket({ moreFlags: 32 })],
    ['will QoS 3 [MQTT-3.1.2-14]', connectPacket({ will: { topic: 'w', text: '' }, moreFlags: 24 })],
    ['a secret without a login [MQTT-3.1.2-22]', connectPacket({ secret: 'x' })],
    ['a login flag without a login', connectPacket({ moreFlags: 128 })],
    ['flags of the fixed header [MQTT-2.2.2-2]', Buffer.concat([Buffer.from([0x11]), connectPacket().subarray(1)])],
    ['a client id that is no UTF-8 [MQTT-1.5.3-1]', connectPacket({ id: Buffer.from([0x61, 0xff]) })],
    ['a surrogate in a client id [MQTT-1.5.3-1]', connectPacket({ id: Buffer.from([0xed, 0xa0, 0x80]) })],
    ['U+0000 in a client id [MQTT-1.5.3-2]', connectPacket({ id: 'a\0b' })],
    ['more than its fields', packet(0x10, connectPacket().subarray(2), Buffer.from('x'))],
    ['less than its fields', packet(0x10, connectPacket().subarray(2, -3))],
    ['SUBSCRIBE before CONNECT [MQTT-3.1.0-1]', packet(0x82, Buffer.from([0, 1, 0, 1, 97, 0]))],
    ['PINGREQ before CONNECT [MQTT-3.1.0-1]', Buffer.from([0xc0, 0])],
  ]
  test.each(broken)('%s closes without an answer', async (_what, bytes) => {
    at = await RawBroker.start()
    const client = at.open()
    client.send(bytes)
    await client.closed()
    expect(client.received).toEqual([])
    expect(at.broker.stats().packetsMalformedTotal).toBe(1)
  })

  test('a second CONNECT closes the connection [MQTT-3.1.0-2]', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    client.send(connectPacket())
    await client.closed()
  })

  test('what follows CONNECT in the same write is handled behind CONNACK, in order', async () => {
    at = await RawBroker.start()
    const client = at.open()
    client.send(
      connectPacket(),
      packet(0x82, Buffer.from([0, 9, 0, 1, 97, 1])),
      packet(0x32, Buffer.from([0, 1, 97, 0, 5]), Buffer.from('x')),
      [0xc0, 0],
    )
    await client.next('pingresp')
    await client.next('publish')
    expect(client.received.map(({ type }) => type)).toEqual(['connack', 'suback', 'puback'])
  })

  test('session present says whether there was a session, with subscriptions or without [MQTT-3.2.2-2, -3]', async () => {
    at = await RawBroker.start()
    const present = async (clean: boolean) => {
      const client = await at.connect({ id: 'one', clean })
      await client.disconnect()
      return client.connack.bytes[2]
    }
    expect([await present(false), await present(false), await present(true), await present(true)]).toEqual([0, 1, 0, 0])
    expect(await present(false)).toBe(0)
  })

  test('the same client id takes over and closes the older connection [MQTT-3.1.4-2]', async () => {
    at = await RawBroker.start()
    const older = await at.connect({ id: 'one', clean: false })
    await older.subscribe(['a', 1])
    const newer = await at.connect({ id: 'one', clean: false })
    await older.closed()
    expect(newer.connack.bytes[2]).toBe(1)
    await newer.published('a', 'x')
    expect((await newer.next('publish')).text).toBe('x')
    expect(at.broker.clientsCount).toBe(1)
  })

  test('a client that keeps still is closed after 1.5 times its keep-alive [MQTT-3.1.2-24]', async () => {
    at = await RawBroker.start()
    const began = performance.now()
    const client = await at.connect({ keepAliveSeconds: 1 })
    await client.closed()
    expect(performance.now() - began).toBeGreaterThan(1_450)
  })

  test('no keep-alive, and one that is too long, are taken as the longest allowed', async () => {
    at = await RawBroker.start({ limits: { keepAliveSecondsMax: 1 } })
    const clients = [
      await at.connect({ id: 'a', keepAliveSeconds: 0 }),
      await at.connect({ id: 'b', keepAliveSeconds: 600 }),
    ]
    for (const client of clients) await client.closed()
  })

  test('PINGREQ is answered [MQTT-3.12.4-1]', async () => {
    at = await RawBroker.start()
    const client = await at.connect()
    await client.ping()
  })
})

describe('packets that break the protocol close the connection [MQTT-4.8.0-1]', () => {
  const topicA = Buffer.from([0, 1, 97])
  const broken: readonly (readonly [string, Buffer])[] = [
    ['reserved type 0', Buffer.from([0x00, 0])],
    ['reserved type 15', Buffer.from([0xf0, 0])],
    ['CONNACK from a client', Buffer.from([0x20, 2, 0, 0])],
    ['SUBACK from a client', Buffer.from([0x90, 3, 0, 1, 0])],
    ['PINGRESP from a client', Buffer.from([0xd0, 0])],
    ['flags of SUBSCRIBE [MQTT-3.8.1-1]', packet(0x80, Buffer.from([0, 1]), topicA, Buffer.from([0]))],
    ['flags of UNSUBSCRIBE [MQTT-3.10.1-1]', packet(0xa0, Buffer.from([0, 1]), topicA)],
    ['flags of PUBREL [MQTT-3.6.1-1]', Buffer.from([0x60, 2, 0, 1])],
    ['flags of PINGREQ', Buffer.from([0xc1, 0])],
    ['flags of DISCONNECT [MQTT-3.14.1-1]', Buffer.from([0xe1, 0])],
    ['a body of PINGREQ', Buffer.from([0xc0, 1, 0])],
    ['SUBSCRIBE without a filter [MQTT-3.8.3-3]', packet(0x82, Buffer.from([0, 1]))],
    ['UNSUBSCRIBE without a filter [MQTT-3.10.3-2]', packet(0xa2, Buffer.from([0, 1]))],
    ['SUBSCRIBE with id 0 [MQTT-2.3.1-1]', packet(0x82, Buffer.from([0, 0]), topicA, Buffer.from([0]))],
    ['SUBSCRIBE of QoS 3 [MQTT-3.8.3-4]', packet(0x82, Buffer.from([0, 1]), topicA, Buffer.from([3]))],
    ['an empty filter [MQTT-4.7.3-1]', packet(0x82, Buffer.from([0, 1, 0, 0, 0]))],
    ['PUBLISH of QoS 3 [MQTT-3.3.1-4]', packet(0x36, topicA, Buffer.from([0, 1]))],
    ['PUBLISH of QoS 0 with DUP [MQTT-3.3.1-2]', packet(0x38, topicA)],
    ['PUBLISH of QoS 1 with id 0 [MQTT-2.3.1-1]', packet(0x32, topicA, Buffer.from([0, 0]))],
    ['PUBLISH without a topic [MQTT-4.7.3-1]', packet(0x30, Buffer.from([0, 0]))],
    ['PUBLISH to + [MQTT-3.3.2-2]', packet(0x30, Buffer.from([0, 3, 97, 47, 43]))],
    ['PUBLISH to # [MQTT-3.3.2-2]', packet(0x30, Buffer.from([0, 1, 35]))],
    ['PUBLISH to a topic with U+0000 [MQTT-4.7.3-2]', packet(0x30, Buffer.from([0, 2, 97, 0]))],
    ['PUBLISH to a topic that is no UTF-8', packet(0x30, Buffer.from([0, 2, 97, 0xc3]))],
    [
      'a reading to a topic that is no UTF-8',
      packet(0x30, Buffer.from([0, 9]), Buffer.from('sensor/'), Buffer.from([0xed, 0xa0])),
    ],
    ['PUBLISH shorter than its topic', packet(0x30, Buffer.from([0, 9, 97]))],
    ['PUBREL with id 0', Buffer.from([0x62, 2, 0, 0])],
    ['PUBACK of three bytes', Buffer.from([0x40, 3, 0, 1, 0])],
    ['a remaining length of five bytes [MQTT-2.2.3]', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ]
  test.each(broken)('%s', async (_what, bytes) => {
    at = await RawBroker.start()
    const client = await at.connect()
    const other = await at.connect({ id: 'other' })
    client.send(bytes)
    await client.closed()
    expect(client.received).toEqual([])
    await other.ping()
  })

  test.each(['a/#/b', 'a#', 'a/b#', '#/a', 'a+', '+a', 'a/b+', 'a/+b/c'])(
    'a filter like %s [MQTT-4.7.1-2, -3]',
    async (filter) => {
      at = await RawBroker.start()
      const client = await at.connect()
      client.sendSubscribe([filter, 0])
      await client.closed()
    },
  )

  test('a packet above the limit, from its first bytes', async () => {
    at = await RawBroker.start({ limits: { packetBytesMax: 1_000 } })
    const client = await at.connect()
    client.send([0x30, 0xff, 0x07])
    await client.closed()
    const fits = await at.connect()
    fits.publish('a', 'x'.repeat(900))
    await fits.ping()
  })
})
