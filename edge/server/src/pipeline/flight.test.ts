import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Inbound } from '../ports.ts'
import { FlightReader, FlightWriter } from './flight.ts'
import type { FlightMessage } from './flight.ts'
import { ingestLimits } from './limits.ts'

const message = fc.record({
  topic: fc.oneof(fc.constantFrom('sensor/LINE-A/temperature', 'sensor/라인-1/온도'), fc.string({ maxLength: 30 })),
  payload: fc.uint8Array({ maxLength: 200 }),
  source: fc.constantFrom('press-1', 'press-2'),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  delivery: fc.option(
    fc.record({
      session: fc.oneof(fc.constantFrom('plc-1', 'plc-2'), fc.string({ maxLength: 12 })),
      messageId: fc.integer({ min: 1, max: 65_535 }),
      dup: fc.boolean(),
    }),
    { nil: undefined },
  ),
})

const inboundOf = ({ topic, source, qos, bytes, from, to, session, messageId, dup }: FlightMessage): Inbound => ({
  topic,
  source,
  qos,
  payload: Uint8Array.from(bytes.subarray(from, to)),
  delivery: session === null ? undefined : { session, messageId, dup },
})

test('every message of every flight arrives as it was sent, buffers being used again', () => {
  fc.assert(
    fc.property(fc.array(fc.array(message, { maxLength: 40 }), { maxLength: 6 }), (flights) => {
      const writer = new FlightWriter()
      const reader = new FlightReader()
      for (const messages of flights) {
        for (const each of messages) writer.add(each)
        const flight = writer.take()
        const arrived: Inbound[] = []
        reader.learn(flight)
        reader.read(flight, (each) => void arrived.push(inboundOf(each)))
        expect(arrived).toEqual(messages)
        writer.giveBack(flight.buffer)
      }
    }),
    { numRuns: 200 },
  )
})

test('a flight that was taken back before it left loses its messages and none of its names', () => {
  const writer = new FlightWriter()
  const reader = new FlightReader()
  const sent = { topic: 'sensor/L/a', source: 's1', qos: 1, payload: new Uint8Array([1]) } as const
  const later = { ...sent, topic: 'sensor/L/b', delivery: { session: 'c', messageId: 1, dup: false } } as const
  writer.add(sent)
  const first = writer.take()
  writer.add(later)
  const second = writer.take()
  writer.takeBack(first)
  writer.takeBack(second)
  writer.add(later)
  writer.add(sent)
  const flight = writer.take()
  reader.learn(flight)
  const arrived: Inbound[] = []
  reader.read(flight, (each) => void arrived.push(inboundOf(each)))
  expect(arrived).toEqual([later, { ...sent, delivery: undefined }])
})

test('topics and sessions beyond their tables cross as text', () => {
  const writer = new FlightWriter()
  const reader = new FlightReader()
  const count = ingestLimits.topicNumbersMax + 3
  let seen = 0
  const read = () => {
    const flight = writer.take()
    reader.learn(flight)
    reader.read(flight, ({ topicNo, topic, session }) => {
      expect(topic).toBe(`sensor/L/${seen}`)
      expect(session).toBe(`client-${seen}`)
      expect(topicNo).toBe(seen < ingestLimits.topicNumbersMax ? seen + 1 : 0)
      seen++
    })
  }
  for (let index = 0; index < count; index++) {
    if (writer.isFull) read()
    const delivery = { session: `client-${index}`, messageId: 1, dup: false }
    writer.add({ topic: `sensor/L/${index}`, source: 's', qos: 1, payload: new Uint8Array([1]), delivery })
  }
  read()
  expect(seen).toBe(count)
})

test('I10: a payload that is too large crosses only as far as its refusal needs', () => {
  const writer = new FlightWriter()
  const reader = new FlightReader()
  writer.add({ topic: 'sensor/L/t', source: 's', qos: 1, payload: new Uint8Array(100_000) })
  const flight = writer.take()
  reader.learn(flight)
  reader.read(flight, ({ from, to }) => expect(to - from).toBe(ingestLimits.payloadBytesMax + 1))
})
