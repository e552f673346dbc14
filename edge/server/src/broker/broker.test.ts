import { once } from 'node:events'
import { connect } from 'node:net'
import { createLog, OperationalError } from '@jidoka/base'
import { judgmentMessageSchema } from '@jidoka/contract'
import type { MqttClient } from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import { openReader } from '../pipeline/index.ts'
import { hotRule } from '../pipeline/test-support.ts'
import { createBroker } from './broker.ts'
import { quietLog, TestBroker, until } from './test-support.ts'

const topic = 'sensor/LINE-A/temperature'
const payload = (value: number) =>
  JSON.stringify({ tenant_id: 'acme', value, unit: 'C', timestamp: new Date().toISOString() })

/** What comes on a subscription, as it comes. */
function messagesOf(client: MqttClient) {
  const messages: { topic: string; json: Record<string, unknown>; retain: boolean }[] = []
  client.on('message', (name, bytes, packet) =>
    messages.push({
      topic: name,
      json: JSON.parse(bytes.toString()) as Record<string, unknown>,
      retain: packet.retain,
    }),
  )
  return messages
}

describe('the broker', () => {
  let at: TestBroker
  afterEach(async () => at.stop())
  const read = <Answer>(look: (reader: ReturnType<typeof openReader>) => Answer): Answer => {
    const reader = openReader({ dataFolder: at.folder })
    try {
      return look(reader)
    } finally {
      reader.close()
    }
  }
  const stored = () => read((reader) => reader.lanes().readingsSeq)

  test('I1: has stored a reading before it acknowledges it, at QoS 1 and 2', async () => {
    at = await TestBroker.start()
    const press = await at.connect('press')
    await press.publishAsync(topic, payload(20), { qos: 1 })
    expect(stored()).toBe(1)
    await press.publishAsync(topic, payload(21), { qos: 2 })
    expect(stored()).toBe(2)
    press.publish(topic, payload(22), { qos: 0 })
    await press.publishAsync(topic, payload(23), { qos: 1, retain: true })
    expect(stored()).toBe(4)
  })

  test('acknowledges bad content, which a repeat would not mend, and keeps it as a dead letter', async () => {
    at = await TestBroker.start()
    const press = await at.connect('press')
    await press.publishAsync(topic, 'no json', { qos: 1 })
    await press.publishAsync(topic, '', { qos: 1 })
    expect(read((reader) => reader.deadLetters(9)).map(({ reason, source }) => [reason, source])).toEqual([
      ['not_json', 'press'],
      ['not_json', 'press'],
    ])
  })

  test('stores a thousand readings of one window in their order', async () => {
    at = await TestBroker.start()
    const press = await at.connect('press')
    await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        press.publishAsync(topic, `{"value":${index}}`, { qos: index % 10 === 0 ? 2 : 1 }),
      ),
    )
    const { values } = read((reader) => reader.history('LINE-A/temperature', 0, Date.now() + 1_000))
    expect(values.length).toBe(1_000)
    // Of one QoS the order is the publisher's; MQTT orders nothing across them.
    const ofQos1 = [...values].filter((value) => value % 10 !== 0)
    expect(ofQos1).toEqual(ofQos1.toSorted((left, right) => left - right))
  })

  test('disconnects a device that publishes where it may not, without a PUBACK and without storing', async () => {
    at = await TestBroker.start()
    for (const forbidden of ['sensor/LINE-B/temperature', 'judgment/LINE-A/hot', 'alarm/LINE-A', '$SYS/x']) {
      const press = await at.connect('press')
      let acknowledged = false
      press.publish(forbidden, payload(1), { qos: 1 }, (error) => (acknowledged = !error))
      await once(press as unknown as NodeJS.EventEmitter, 'close')
      expect(acknowledged).toBe(false)
    }
    expect(stored()).toBe(0)
    expect(at.broker.stats().publishesDeniedTotal).toBe(4)
  })

  test('refuses a wrong secret, an unknown login and no login with return code 4', async () => {
    at = await TestBroker.start()
    await expect(at.connect('press', { password: 'wrong' })).rejects.toMatchObject({ code: 4 })
    await expect(at.connect('nobody')).rejects.toMatchObject({ code: 4 })
    const { username: _, ...anonymous } = { username: '' }
    await expect(
      at.connect('press', { ...anonymous, username: undefined as never, password: undefined as never }),
    ).rejects.toMatchObject({ code: 4 })
  })

  test('I8: a secret that was offered is in no line of the log', async () => {
    const lines: string[] = []
    at = await TestBroker.start({
      log: createLog('test', { level: 'trace', destination: { write: (line) => void lines.push(line) } }),
    })
    const press = await at.connect('press')
    press.publish('sensor/LINE-B/temperature', payload(1), { qos: 1 })
    await until(() => at.broker.stats().publishesDeniedTotal === 1, 'it is denied')
    await expect(at.connect('press', { password: 'close sesame' })).rejects.toMatchObject({ code: 4 })
    await expect(at.connect('nobody', { password: 'close sesame' })).rejects.toMatchObject({ code: 4 })
    expect(lines.length).toBeGreaterThanOrEqual(3)
    expect(lines.filter((line) => line.includes('sesame'))).toEqual([])
  })

  test('takes an empty client id with a clean session [MQTT-3.1.3-6] and refuses it without one [MQTT-3.1.3-8]', async () => {
    at = await TestBroker.start()
    const press = await at.connect('press', { clientId: '', clean: true })
    await press.publishAsync(topic, payload(20), { qos: 1 })
    expect(await rawConnect(at.broker.port, { clientId: '', clean: false })).toEqual(Buffer.from([0x20, 2, 0, 2]))
  })

  test('I10: refuses a client id beyond the limit, and a will that the client may not publish', async () => {
    at = await TestBroker.start()
    await expect(at.connect('press', { clientId: 'x'.repeat(129) })).rejects.toMatchObject({ code: 2 })
    await expect(
      at.connect('press', {
        will: { topic: 'sensor/LINE-B/temperature', payload: Buffer.from('x'), qos: 1, retain: false },
      }),
    ).rejects.toMatchObject({ code: 5 })
  })

  test('stores the will of a device that is lost', async () => {
    at = await TestBroker.start()
    const press = await at.connect('press', {
      will: { topic, payload: Buffer.from(payload(-1)), qos: 1, retain: false },
    })
    const committed = new Promise<void>((resolve) => at.pipeline.onCommitted(() => resolve()))
    press.stream.destroy()
    await committed
    expect(stored()).toBe(1)
  })

  test('answers a denied subscription with 0x80 and keeps the client', async () => {
    at = await TestBroker.start()
    const light = await at.connect('light')
    for (const filter of ['#', 'sensor/#', '$SYS/#', '+/LINE-A', 'judgment/'.padEnd(700, 'x')])
      await expect(light.subscribeAsync(filter)).rejects.toThrow(/Subscribe error/)
    expect(await light.subscribeAsync('judgment/#')).toMatchObject([{ qos: 0 }])
    expect(at.broker.stats().subscriptionsDeniedTotal).toBe(5)
  })

  test('I10: bounds the subscriptions of a client', async () => {
    at = await TestBroker.start({ limits: { subscriptionsMax: 3 } })
    const light = await at.connect('light')
    for (const line of ['A', 'B', 'C']) await light.subscribeAsync(`alarm/${line}`)
    await expect(light.subscribeAsync('alarm/D')).rejects.toThrow(/Subscribe error/)
  })

  test('publishes verdicts retained and alarms as they come', async () => {
    at = await TestBroker.start()
    await at.pipeline.applyDesired({
      upserts: [{ kind: 'rule', key: 'hot', version: 1, body: hotRule() }],
      removals: [],
      replaceAll: false,
      position: { handle: 'h', offset: '1' },
    })
    at.pipeline.onCommitted(({ verdicts, alarms, recordsSeq }) => {
      at.broker.publishVerdicts(verdicts)
      at.broker.publishAlarms(alarms, recordsSeq)
    })
    const light = await at.connect('light')
    const messages = messagesOf(light)
    await light.subscribeAsync(['judgment/#', 'alarm/#'], { qos: 1 })
    const press = await at.connect('press')
    await press.publishAsync(topic, payload(95), { qos: 1 })
    await until(() => messages.length === 2, 'verdict and alarm have come')
    const [alarm, verdict] = messages.toSorted((left, right) => (left.topic < right.topic ? -1 : 1))
    expect(verdict).toMatchObject({
      topic: 'judgment/LINE-A/hot',
      retain: false,
      json: { status: 'HIGH', subject: 'LINE-A/temperature', explanation: expect.stringContaining('95') },
    })
    judgmentMessageSchema.parse(verdict?.json)
    expect(alarm).toMatchObject({ topic: 'alarm/LINE-A', json: { state: 'unacknowledged', priority: 'high' } })
    const later = await at.connect('light')
    const retained = messagesOf(later)
    await later.subscribeAsync('judgment/#')
    await until(() => retained.length === 1, 'the retained verdict has come')
    expect(retained[0]).toMatchObject({ retain: true, json: { status: 'HIGH' } })
  })

  test('I10: refuses a packet above its limit from its first bytes, before and after CONNECT', async () => {
    at = await TestBroker.start()
    const press = await at.connect('press')
    press.stream.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))
    await once(press as unknown as NodeJS.EventEmitter, 'close')
    const stranger = connect(at.broker.port, '127.0.0.1')
    // 8 KB and more before anybody has signed in.
    stranger.write(Buffer.from([0x10, 0x81, 0x80, 0x01]))
    await once(stranger, 'close')
    expect(at.broker.stats().packetsTooLargeTotal).toBe(2)
  })

  test('I10: drops garbage, and what does not begin with CONNECT, and serves the others', async () => {
    at = await TestBroker.start()
    const press = await at.connect('press')
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([0xc0, 0]),
      Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0x30, 2, 0, 0]),
    ]) {
      const stranger = connect(at.broker.port, '127.0.0.1')
      stranger.on('error', () => {})
      stranger.write(bytes)
      await once(stranger, 'close')
    }
    await press.publishAsync(topic, payload(20), { qos: 1 })
    expect(stored()).toBe(1)
  })

  test('takes packets that come byte by byte and many at once', async () => {
    at = await TestBroker.start()
    const press = await at.connect('press')
    const packet = rawPublish(7, '{"value":1}')
    for (const byte of packet) press.stream.write(Buffer.from([byte]))
    press.stream.write(
      Buffer.concat([rawPublish(8, '{"value":2}'), Buffer.from([0xc0, 0]), rawPublish(9, '{"value":3}')]),
    )
    await press.publishAsync(topic, '{"value":4}', { qos: 1 })
    expect([...read((reader) => reader.history('LINE-A/temperature', 0, Date.now() + 1_000)).values]).toEqual([
      1, 2, 3, 4,
    ])
  })

  test('I10: has no room for a connection beyond its limit', async () => {
    at = await TestBroker.start({ limits: { connectionsMax: 1, newcomersMax: 0 } })
    await at.connect('press')
    const second = connect(at.broker.port, '127.0.0.1')
    second.on('error', () => {})
    await once(second, 'close')
    expect(at.broker.stats().connectionsRefusedTotal).toBe(1)
  })

  test('under the open policy forwards to whoever subscribes, readings stored all the same', async () => {
    at = await TestBroker.start({ policy: 'open' })
    const writer = await at.connect('anybody')
    await writer.publishAsync(topic, payload(1), { qos: 1 })
    const reader = await at.connect('somebody')
    const messages = messagesOf(reader)
    await reader.subscribeAsync(['sensor/#', 'other/#'], { qos: 1 })
    await writer.publishAsync(topic, payload(2), { qos: 1 })
    await writer.publishAsync('other/thing', '{"x":1}', { qos: 1 })
    await until(() => messages.length === 2, 'both have come')
    expect(messages.map((message) => message.topic).toSorted()).toEqual(['other/thing', topic])
    expect(stored()).toBe(2)
  })

  test('says when its port is taken', async () => {
    at = await TestBroker.start()
    const second = createBroker({
      port: at.broker.port,
      host: '127.0.0.1',
      policy: 'open',
      authenticate: () => null,
      pipeline: at.pipeline,
      log: quietLog,
    })
    await expect(second.start()).rejects.toThrow(OperationalError)
    await expect(second.start()).rejects.toThrow(/is taken by another program/)
  })
})

function rawPublish(messageId: number, text: string): Buffer {
  const name = Buffer.from(topic)
  const body = Buffer.concat([Buffer.from([0, name.length]), name, Buffer.from([0, messageId]), Buffer.from(text)])
  return Buffer.concat([Buffer.from([0x32, body.length]), body])
}

/** Sends a CONNECT that the client library would not write, and answers what comes back. */
async function rawConnect(port: number, { clientId, clean }: { clientId: string; clean: boolean }): Promise<Buffer> {
  const text = (value: string) => Buffer.concat([Buffer.from([0, Buffer.byteLength(value)]), Buffer.from(value)])
  const body = Buffer.concat([
    text('MQTT'),
    Buffer.from([4, 0xc0 | (clean ? 2 : 0), 0, 60]),
    text(clientId),
    text('press'),
    text('open sesame'),
  ])
  const socket = connect(port, '127.0.0.1')
  socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body]))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer
}
