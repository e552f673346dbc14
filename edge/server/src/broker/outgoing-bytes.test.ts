import { expect, test } from 'vitest'
import { OutgoingBytes } from './outgoing-bytes.ts'

test('I10: what waits in all sockets is never said to be less than it is, and is measured anew after a megabyte', () => {
  let waiting = 0
  let measured = 0
  const outgoing = new OutgoingBytes(() => {
    measured++
    return waiting
  })
  for (let sent = 0; sent < 3_000; sent++) {
    waiting += 1_000
    outgoing.sent(1_000)
    expect(outgoing.bytes).toBeGreaterThanOrEqual(waiting)
  }
  expect(measured).toBe(2)
  waiting = 0
  outgoing.measure()
  expect(outgoing.bytes).toBe(0)
})
