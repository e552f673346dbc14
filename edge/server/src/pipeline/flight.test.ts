import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Inbound } from '../ports.ts'
import { FlightReader, FlightWriter } from './flight.ts'
import { ingestLimits } from './limits.ts'

const message = fc.record({
  topic: fc.oneof(fc.constantFrom('sensor/LINE-A/temperature', 'sensor/라인-1/온도'), fc.string({ maxLength: 30 })),
  payload: fc.uint8Array({ maxLength: 200 }),
  source: fc.constantFrom('press-1', 'press-2'),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
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
        reader.read(flight, (_no, topic, source, qos, bytes, from, to) =>
          arrived.push({ topic, source, qos, payload: Uint8Array.from(bytes.subarray(from, to)) }),
        )
        expect(arrived).toEqual(messages)
        writer.giveBack(flight.buffer)
      }
    }),
    { numRuns: 200 },
  )
})

test('topics beyond the table cross as text', () => {
  const writer = new FlightWriter()
  const reader = new FlightReader()
  const count = ingestLimits.topicNumbersMax + 3
  let seen = 0
  const read = () => {
    const flight = writer.take()
    reader.learn(flight)
    reader.read(flight, (topicNo, topic) => {
      expect(topic).toBe(`sensor/L/${seen}`)
      expect(topicNo).toBe(seen < ingestLimits.topicNumbersMax ? seen + 1 : 0)
      seen++
    })
  }
  for (let index = 0; index < count; index++) {
    if (writer.isFull) read()
    writer.add({ topic: `sensor/L/${index}`, source: 's', qos: 1, payload: new Uint8Array([1]) })
  }
  read()
  expect(seen).toBe(count)
})

test('I10: a payload that is too large crosses only as far as its refusal needs', () => {
  const writer = new FlightWriter()
  const reader = new FlightReader()
  writer.add({ topic: 'sensor/L/t', source: 's', qos: 1, payload: new Uint8Array(60_000) })
  const flight = writer.take()
  reader.learn(flight)
  reader.read(flight, (_no, _topic, _source, _qos, _bytes, from, to) =>
    expect(to - from).toBe(ingestLimits.payloadBytesMax + 1),
  )
})
