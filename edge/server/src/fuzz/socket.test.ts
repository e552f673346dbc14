import { connect } from 'node:net'
import { Mutator, fuzzRun } from '@jidoka/base/testing'
import mqttPacket from 'mqtt-packet'
import type { Packet } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { TestBroker } from '../broker/test-support.ts'
import { foundPackets } from './found.ts'

/*
 * I10: whatever comes on the MQTT socket, the broker goes on and a client that keeps to the protocol is served. The real
 * broker before the real journal gets packets that were spoilt, some behind a right CONNECT and some instead of it, while
 * another client publishes; what that one was told is received is in the journal at the end.
 */
const { seed, count, timeoutMs } = fuzzRun(24_000)
/** Packets of one connection; most break it. */
const packetsPerConnection = 8
const connectionsAtOnce = 16

const packets: readonly Packet[] = [
  { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'fuzz', keepalive: 30 },
  {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: false,
    clientId: 'fuzz-session',
    keepalive: 0,
    username: 'press',
    password: Buffer.from('open sesame'),
    will: { topic: 'sensor/LINE-A/gone', payload: Buffer.from('{"value":1}'), qos: 1, retain: true },
  },
  { cmd: 'publish', topic: 'sensor/LINE-A/fuzzed', payload: '{"value":1}', qos: 0, dup: false, retain: false },
  {
    cmd: 'publish',
    topic: 'sensor/LINE-A/fuzzed',
    payload: '{"value":2}',
    qos: 1,
    dup: true,
    retain: false,
    messageId: 7,
  },
  {
    cmd: 'publish',
    topic: 'sensor/LINE-A/fuzzed',
    payload: '[1,2,3]',
    qos: 2,
    dup: false,
    retain: false,
    messageId: 8,
  },
  { cmd: 'publish', topic: 'any/topic', payload: 'x', qos: 1, dup: false, retain: true, messageId: 9 },
  { cmd: 'pubrel', messageId: 8 },
  { cmd: 'pubrec', messageId: 8 },
  { cmd: 'puback', messageId: 7 },
  { cmd: 'pubcomp', messageId: 8 },
  {
    cmd: 'subscribe',
    messageId: 10,
    subscriptions: [
      { topic: 'judgment/#', qos: 1 },
      { topic: '+/LINE-A/#', qos: 2 },
    ],
  },
  { cmd: 'unsubscribe', messageId: 11, unsubscriptions: ['judgment/#'] },
  { cmd: 'pingreq' },
  { cmd: 'disconnect' },
] as Packet[]
const valid = packets.map((packet) => mqttPacket.generate(packet))
const [rightConnect] = valid

test(
  `I10: ${count} spoilt packets, seed ${seed}: the broker stays up, and nothing of a well-behaved client is lost`,
  { timeout: timeoutMs },
  async () => {
    const broker = await TestBroker.start({
      policy: 'open',
      limits: { connectionsPerSecondOfAddressMax: 100_000, connectionsPerSecondMax: 100_000 },
    })
    try {
      const mutator = new Mutator(seed)
      const good = await broker.connect('press', { clientId: 'well-behaved' })
      const acknowledged: number[] = []
      let waiting: { readonly count: number; readonly resolve: () => void }[] = []
      const isDone = { value: false }
      const publishing = (async () => {
        for (let value = 0; !isDone.value; value++) {
          await good.publishAsync('sensor/LINE-A/good', JSON.stringify({ value }), { qos: 1 })
          acknowledged.push(value)
          for (const { count: wanted, resolve } of waiting) if (wanted <= acknowledged.length) resolve()
          waiting = waiting.filter(({ count: wanted }) => wanted > acknowledged.length)
        }
      })()
      // The first may have been under way; the second was read, stored and answered behind all that had been sent before it.
      const behindAll = () => new Promise<void>((resolve) => waiting.push({ count: acknowledged.length + 2, resolve }))
      let sent = 0
      const attack = async (): Promise<void> => {
        while (sent < count) {
          const parts: Uint8Array[] = mutator.below(3) > 0 && rightConnect !== undefined ? [rightConnect] : []
          for (let packet = 0; packet < packetsPerConnection; packet++) {
            const found = foundPackets[sent]
            parts.push(found ?? (mutator.below(5) === 0 ? mutator.pick(valid) : mutator.spoil(mutator.pick(valid))))
            sent++
          }
          await send(broker.broker.port, Buffer.concat(parts), behindAll)
        }
      }
      await Promise.race([Promise.all(Array.from({ length: connectionsAtOnce }, attack)), publishing])
      isDone.value = true
      await publishing
      expect(good.connected).toBe(true)
      const { values } = broker.reader.history('LINE-A/good', 0, Date.now() + 60_000)
      const stored = new Set(values)
      expect(acknowledged.length).toBeGreaterThan(20)
      expect(acknowledged.filter((value) => !stored.has(value))).toEqual([])
      // A mutator that broke nothing would prove nothing.
      expect(broker.broker.stats().packetsMalformedTotal).toBeGreaterThan(sent / packetsPerConnection / 20)
    } finally {
      await broker.stop()
    }
  },
)

/** Sends bytes on a connection of its own, which is closed from here once the broker has looked at them, if it has not closed it by then. */
async function send(port: number, bytes: Buffer, behindAll: () => Promise<void>): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  socket.resume()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const written = new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
  await Promise.race([closed, written.then(behindAll)])
  socket.end()
  await closed
}
