import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Delivery, Inbound } from '../ports.ts'
import { deliveryLimits } from './delivery-limits.ts'
import { TestJournal } from './test-support.ts'

/*
 * A device that saw no PUBACK sends again. What it was told is stored once (I1); what it was not told is stored, be it late;
 * and where the protocol lets us know that it is the same publish, it is not stored twice. The real journal, its files, and
 * a crash between commit and answer.
 */
describe('deliveries', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const publish = (value: number, delivery: Partial<Delivery> = {}, more: Partial<Inbound> = {}): Partial<Inbound> => ({
    topic: 'sensor/LINE-A/temperature',
    payload: Buffer.from(String(value)),
    delivery: { session: 'plc-1', messageId: 1, dup: false, ...delivery },
    ...more,
  })
  const stored = () => at.read((reader) => reader.lanes().readingsSeq)
  const rows = (sql: string) => {
    const database = at.edit()
    try {
      return database.prepare<[], { count: number }>(sql).get()?.count
    } finally {
      database.close()
    }
  }
  const released = (messageId: number, session = 'plc-1') =>
    at.command({ kind: 'broker', changes: [{ kind: 'inbound_released', session, messageId }] })

  test('I1: a publish that is sent again after a crash between its commit and its PUBACK is stored once', () => {
    at.send(publish(20.5), publish(20.6, { messageId: 2 }))
    at.restart({ inOrder: false })
    const { counts } = at.send(publish(20.5, { dup: true }), publish(20.6, { messageId: 2, dup: true }))
    expect(counts).toMatchObject({ readings: 0, repeats: 2 })
    expect(stored()).toBe(2)
  })

  test('I1: a repeat that comes before the commit of the first is stored once too', () => {
    expect(at.send(publish(20.5), publish(20.5, { dup: true })).counts).toMatchObject({ readings: 1, repeats: 1 })
  })

  test('I1: DUP alone is no repeat: the first try may never have come', () => {
    at.send(publish(1, { dup: true }))
    at.send(publish(2, { dup: true }))
    at.send(publish(2, { dup: true, session: 'plc-2' }))
    at.send(publish(2, { dup: true }, { topic: 'sensor/LINE-B/temperature' }))
    expect(stored()).toBe(4)
  })

  test('I1: an id that is used again for the same value without DUP is a new reading', () => {
    for (let round = 0; round < 5; round++) at.send(publish(20.5))
    expect(stored()).toBe(5)
  })

  test('I1: an older publish is no repeat once its id was in use again', () => {
    at.send(publish(1), publish(2, { messageId: 2 }), publish(3, { messageId: 2 }))
    expect(at.send(publish(1, { dup: true })).counts.repeats).toBe(0)
  })

  test('I1: a QoS 2 id is a repeat whatever its bytes until it is released, through a crash', () => {
    const qos2 = { qos: 2 } as const
    at.send(publish(1, {}, qos2))
    at.restart({ inOrder: false })
    expect(at.send(publish(2, {}, qos2)).counts).toMatchObject({ readings: 0, repeats: 1 })
    released(1)
    at.restart({ inOrder: false })
    expect(at.send(publish(3, {}, qos2)).counts).toMatchObject({ readings: 1, repeats: 0 })
    expect(stored()).toBe(2)
  })

  test('a publish that was refused as a dead letter is refused once', () => {
    const bad = { payload: Buffer.from('RUN') }
    at.send(publish(0, {}, bad))
    at.restart({ inOrder: false })
    at.send(publish(0, { dup: true }, bad))
    expect(at.read((reader) => reader.deadLetters(10)).length).toBe(1)
  })

  test('a session that is gone leaves nothing behind, and its successor begins anew', () => {
    at.send(publish(1), publish(2, { messageId: 2 }, { qos: 2 }))
    at.command({ kind: 'broker', changes: [{ kind: 'session_gone', clientId: 'plc-1' }] })
    expect(rows('select (select count(*) from deliveries) + (select count(*) from unreleased) as count')).toBe(0)
    const { counts } = at.send(publish(1, { dup: true }), publish(2, { messageId: 2 }, { qos: 2 }))
    expect(counts).toMatchObject({ readings: 2, repeats: 0 })
  })

  test('I1: after a commit that failed nothing of it counts as stored', () => {
    at.journal.limitPages(1)
    expect(() => {
      for (let index = 0; index < 4_000; index++)
        at.send(publish(index, { messageId: 7 }, { topic: `sensor/LINE-A/T${index}/temperature` }))
    }).toThrow(/full/)
    at.journal.limitPages(1_000_000)
    const before = stored()
    at.send(publish(before, { messageId: 7, dup: true }, { topic: `sensor/LINE-A/T${before}/temperature` }))
    expect(stored()).toBe(before + 1)
  })

  test('I10: a device at window 1 leaves few rows, and all its ids are known after a crash', () => {
    const count = 3 * deliveryLimits.rowsMax
    for (let messageId = 1; messageId <= count; messageId++) at.send(publish(messageId, { messageId }))
    expect(rows('select count(*) as count from deliveries')).toBeLessThanOrEqual(deliveryLimits.rowsMax)
    at.restart({ inOrder: false })
    for (let messageId = 1; messageId <= count; messageId++)
      expect(at.send(publish(messageId, { messageId, dup: true })).counts.repeats).toBe(1)
    expect(stored()).toBe(count)
  })

  test('I10: sessions beyond the bound push out the one that was silent longest', () => {
    const many = Array.from({ length: deliveryLimits.sessionsMax - 1 }, (_, index) =>
      publish(1, { session: `session-${index}` }),
    )
    at.send(...many)
    at.send(publish(1))
    at.send(publish(1, { session: 'session-0', messageId: 2 }))
    at.send(publish(1, { session: 'late' }))
    const { counts } = at.send(
      publish(1, { dup: true }),
      publish(1, { session: 'session-0', messageId: 2, dup: true }),
      publish(1, { session: 'session-1', dup: true }),
    )
    expect(counts.repeats).toBe(2)
  })
})
