import { expect, test } from 'vitest'
import { usual } from '../publisher/kinds.ts'
import type { PublisherKind } from '../publisher/kinds.ts'
import { Ledger } from '../publisher/ledger.ts'
import { SessionState } from '../publisher/session.ts'
import type { Entry } from '../shim/log.ts'
import { atCut } from './at-cut.ts'

/*
 * What counts as acknowledged at a power cut is read out of the log. Were it too little, losses would go unseen; too much,
 * and there would be losses that are none.
 */
const localPort = 40_001

/** A publisher that has sent messages 1 to 5 with the packet ids 1 to 5. */
function publisher(change: Partial<PublisherKind> = {}) {
  const kind: PublisherKind = { ...usual, name: 'DEVICE', window: 3, ...change }
  const ledger = new Ledger(kind)
  const sent = Array.from({ length: 5 }, () => {
    const message = ledger.next()
    return { id: message, message, payload: `payload ${message}` }
  })
  return { kind, ledger, record: { localPort, began: new SessionState(), sent } }
}

const accepted: Entry = { kind: 'accepted', fd: 9, port: localPort }
const sent = (fd: number, ...bytes: number[]): Entry => ({ kind: 'sent', fd, data: Buffer.from(bytes) })
const connack = sent(9, 0x20, 2, 0, 0)

const look = (entries: readonly Entry[], change: Partial<PublisherKind> = {}) => {
  const one = publisher(change)
  const { ledgers, sessions } = atCut([new Ledger(one.kind)], [one], entries)
  const session = sessions.get('DEVICE')
  return {
    acknowledged: [1, 2, 3, 4, 5].filter((message) => ledgers[0]?.isAcknowledged(message)),
    underWay: [...(session?.underWay.values() ?? [])],
  }
}

test('acknowledged is what had left through the publisher’s own connection', () => {
  const puback = sent(9, 0x40, 2, 0, 1)
  expect(look([accepted, connack, puback]).acknowledged).toEqual([1])
  expect(look([accepted, connack]).acknowledged).toEqual([])
  expect(look([accepted, connack, sent(8, 0x40, 2, 0, 1)]).acknowledged).toEqual([])
  expect(look([{ ...accepted, port: 40_002 }, connack, puback]).acknowledged).toEqual([])
})

test('a socket’s number that has come to somebody else says nothing any more', () => {
  const other: Entry = { kind: 'accepted', fd: 9, port: 40_002 }
  expect(look([accepted, connack, other, sent(9, 0x40, 2, 0, 1)]).acknowledged).toEqual([])
})

test('under way is no more than the window: later messages were sent for acknowledgements that never left', () => {
  const { underWay } = look([accepted, connack, sent(9, 0x40, 2, 0, 1)])
  expect(underWay).toEqual([2, 3, 4].map((message) => ({ message, payload: `payload ${message}`, phase: 'publish' })))
})

test('with QoS 2 the promise is PUBREC, and the release is still under way', () => {
  const { acknowledged, underWay } = look([accepted, connack, sent(9, 0x50, 2, 0, 1)], { qos: 2 })
  expect(acknowledged).toEqual([1])
  expect(underWay[0]).toEqual({ message: 1, payload: 'payload 1', phase: 'release' })
})
