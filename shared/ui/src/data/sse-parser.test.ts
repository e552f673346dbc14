import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSseParser, type ServerEvent } from './sse-parser.ts'

function parse(...pieces: string[]): ServerEvent[] {
  const events: ServerEvent[] = []
  const feed = createSseParser((event) => events.push(event))
  for (const piece of pieces) feed(piece)
  return events
}

const stream =
  'retry: 2000\n: connected\n\nevent: values\ndata: {"a":1}\n\nid: 4\r\nevent: verdict\r\ndata: one\r\ndata:two\r\n\r\ndata: plain\r\r'
const events = [
  { event: 'values', data: '{"a":1}' },
  { event: 'verdict', data: 'one\ntwo' },
  { event: 'message', data: 'plain' },
]

test('events are read with LF, CR LF and CR, comments and empty blocks are none', () => {
  expect(parse(stream)).toEqual(events)
})

test('the pieces in which a stream arrives make no difference', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 30 }), (cuts) => {
      const at = [0, ...cuts.toSorted((one, other) => one - other), stream.length]
      expect(parse(...at.slice(1).map((end, index) => stream.slice(at[index], end)))).toEqual(events)
    }),
  )
})

test('an event is given only once it is complete', () => {
  expect(parse('event: values\ndata: half')).toEqual([])
})

test('the name of an event does not stay for the next one', () => {
  expect(parse('event: a\ndata: 1\n\ndata: 2\n\n')).toEqual([
    { event: 'a', data: '1' },
    { event: 'message', data: '2' },
  ])
})

test('a line without end is refused before it fills the memory', () => {
  const feed = createSseParser(() => undefined)
  const piece = 'x'.repeat(1024 * 1024)
  expect(() => {
    for (let count = 0; count < 5; count++) feed(piece)
  }).toThrow(RangeError)
})
