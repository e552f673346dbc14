import { describe, expect, test } from 'vitest'
import { SessionState } from './session.ts'

/** What a session makes of bytes, however they are cut. */
function heard(session: SessionState, ...chunks: readonly number[][]) {
  const acknowledged: number[] = []
  const released: number[] = []
  for (const chunk of chunks)
    session.receive(Uint8Array.from(chunk), {
      acknowledged: (message) => acknowledged.push(message),
      release: (id) => released.push(id),
    })
  return { acknowledged, released }
}

describe('a session', () => {
  test('takes PUBACK as the end of a message', () => {
    const session = new SessionState()
    session.take(7, 'a')
    session.take(8, 'b')
    expect(heard(session, [0x40, 2, 0, 2]).acknowledged).toEqual([8])
    expect([...session.underWay.values()].map(({ message }) => message)).toEqual([7])
  })

  test('takes PUBREC as the promise, and keeps the packet id until PUBCOMP', () => {
    const session = new SessionState()
    session.take(7, 'a')
    expect(heard(session, [0x50, 2, 0, 1])).toEqual({ acknowledged: [7], released: [1] })
    expect(session.underWay.get(1)?.phase).toBe('release')
    heard(session, [0x70, 2, 0, 1])
    expect(session.underWay.size).toBe(0)
  })

  test('hears the same from bytes that come one by one', () => {
    const session = new SessionState()
    session.take(7, 'a')
    session.take(8, 'b')
    expect(heard(session, [0x20], [2, 0], [0, 0x40, 2, 0], [1, 0x40], [2, 0, 2]).acknowledged).toEqual([7, 8])
  })

  test('gives no packet id twice while it is under way, and 0 never', () => {
    const session = new SessionState(new Map([[65_535, { message: 1, payload: '', phase: 'publish' }]]), 65_535)
    expect(session.take(2, '')).toBe(1)
  })
})
