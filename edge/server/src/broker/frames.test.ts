import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameBytes, nextFrame } from './frames.ts'

/** A packet as MQTT writes it: head, remaining length, body. */
function packet(head: number, body: Uint8Array): Uint8Array {
  const length: number[] = []
  let rest = body.length
  do {
    length.push((rest % 128) | (rest > 127 ? 128 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Uint8Array.from([head, ...length, ...body])
}

test('packets are found one behind the other, wherever the stream is cut', () => {
  const packets = fc.array(fc.tuple(fc.integer({ min: 0x10, max: 0xef }), fc.uint8Array({ maxLength: 300 })), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(packets, fc.nat(), (contents, cut) => {
      const stream = Uint8Array.from(contents.flatMap(([head, body]) => [...packet(head, body)]))
      const seen = stream.subarray(0, stream.length === 0 ? 0 : cut % (stream.length + 1))
      let at = 0
      let count = 0
      while (at < seen.length) {
        const frame = nextFrame(seen, at, 65_536)
        if (frame === 'incomplete') break
        if (typeof frame === 'string') throw new Error(frame)
        expect([frame.head, [...seen.subarray(frame.body, frame.end)]]).toEqual([
          contents[count]?.[0],
          [...(contents[count]?.[1] ?? [])],
        ])
        at = frame.end
        count++
      }
      if (seen.length === stream.length) expect(count).toBe(contents.length)
    }),
  )
})

test('I10: any bytes are a packet, the beginning of one, or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
      const frame = nextFrame(bytes, 0, 1_000)
      if (typeof frame === 'string') expect(['incomplete', 'malformed', 'too_large']).toContain(frame)
      else expect(frame.end).toBeLessThanOrEqual(bytes.length)
    }),
  )
})

test('I10: a packet that is too large is refused from its first bytes [MQTT-2.2.3]', () => {
  expect(nextFrame(Uint8Array.from([0x30, 0xff, 0xff, 0xff, 0x7f]), 0, 65_536)).toBe('too_large')
})

test('the length of a packet is known from its first bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(), (body, cut) => {
      const whole = packet(0x30, body)
      const seen = whole.subarray(0, cut % (whole.length + 1))
      expect([0, whole.length]).toContain(frameBytes(seen))
      if (seen.length >= 5) expect(frameBytes(seen)).toBe(whole.length)
    }),
  )
})

test.each([
  ['a fourth length byte that says there is a fifth', [0x30, 0xff, 0xff, 0xff, 0xff]],
  ['the reserved type 0', [0x00]],
  ['the reserved type 15', [0xf0]],
])('%s is malformed at once, without waiting for more', (_what, bytes) => {
  expect(nextFrame(Uint8Array.from(bytes), 0, 65_536)).toBe('malformed')
})
