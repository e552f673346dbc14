import { afterEach, describe, expect, test } from 'vitest'
import { RawBroker } from './conformance/raw-broker.ts'
import type { ConnectFields } from './conformance/raw-client.ts'
import { until } from './test-support.ts'

/* I10: one login, or one address where nobody signs in, cannot take what there is of the others: connections, sessions, the memory. */
let at: RawBroker
afterEach(async () => at.stop())

const begin = async (limits: NonNullable<Parameters<typeof RawBroker.start>[0]>['limits']) => {
  at = await RawBroker.start({
    policy: 'devices',
    authenticate: ({ login = '' }) => ({ login, role: login === 'board' ? 'consumer' : 'device', lines: ['A'] }),
    limits: limits ?? {},
  })
}
const code = async (fields: ConnectFields) => (await at.connect(fields)).connack.bytes[3]
const sessionPresent = async (fields: ConnectFields) => (await at.connect(fields)).connack.bytes[2]

describe('one login', () => {
  test('that makes up an id at each start loses its own oldest sessions, and nobody else’s', async () => {
    await begin({ sessionsOfLoginMax: 3, sessionsMax: 4 })
    const good = { id: 'press', login: 'good', clean: false }
    await (await at.connect(good)).disconnect()
    for (let count = 0; count < 10; count++)
      await (await at.connect({ id: `h${count}`, login: 'hostile', clean: false })).disconnect()
    expect(at.broker.stats().sessions).toBe(4)
    expect(await sessionPresent(good)).toBe(1)
    expect(await sessionPresent({ id: 'h0', login: 'hostile', clean: false })).toBe(0)
    expect(await sessionPresent({ id: 'h9', login: 'hostile', clean: false })).toBe(1)
  })

  test('keeps sessions that are connected: a new one is refused with 0x03', async () => {
    await begin({ sessionsOfLoginMax: 2 })
    for (const id of ['a', 'b']) expect(await code({ id, login: 'hostile', clean: false })).toBe(0)
    expect(await code({ id: 'c', login: 'hostile', clean: false })).toBe(3)
    expect(await code({ id: 'c', login: 'hostile' })).toBe(0)
    expect(await code({ id: 'c', login: 'good', clean: false })).toBe(0)
  })

  test('has only so many connections; taking over is none more', async () => {
    await begin({ connectionsOfLoginMax: 2 })
    for (const id of ['a', 'b', 'b']) expect(await code({ id, login: 'hostile' })).toBe(0)
    expect(await code({ id: 'c', login: 'hostile' })).toBe(3)
    expect(await code({ id: 'c', login: 'good' })).toBe(0)
  })

  test('that has most gives one up when none is free, and a part of the sessions too', async () => {
    await begin({ connectionsMax: 4, sessionsMax: 4 })
    for (const id of ['a', 'b', 'c']) await at.connect({ id, login: 'hostile', clean: false })
    const first = await at.connect({ id: 'd', login: 'hostile', clean: false })
    expect(await code({ id: 'e', login: 'hostile' })).toBe(3)
    expect(await code({ id: 'a', login: 'good' })).toBe(0)
    await until(() => at.broker.clientsCount === 4, 'one is closed')
    await first.disconnect()
    expect(await code({ id: 'b', login: 'good', clean: false })).toBe(0)
    expect(at.broker.stats().sessions).toBe(4)
    expect(await code({ id: 'f', login: 'hostile' })).toBe(3)
  })
})

describe('while the store fails', () => {
  test('who has something to write is refused with 0x03, others are let in, and all when it works again', async () => {
    await begin({})
    const board = await at.connect({ id: 'board', login: 'board', clean: false })
    await (await at.connect({ id: 'away', login: 'good', clean: false })).disconnect()
    await until(() => at.broker.clientsCount === 1, 'it is gone')
    // Its answer waits for all that was to be written.
    await board.subscribe(['verdict/#', 0])
    at.journal.break()
    // The broker learns of it by the first thing that it cannot write.
    board.sendSubscribe(['alarm/#', 0])
    for (let count = 0; count < 3; count++) await board.ping()
    const own = { text: 'gone', topic: 'sensor/A/t' }
    expect(await code({ id: 'new', login: 'good', clean: false })).toBe(3)
    expect(await code({ id: 'new', login: 'good', will: own })).toBe(3)
    expect(await code({ id: 'away', login: 'good', clean: true })).toBe(3)
    expect(await code({ id: 'new', login: 'good' })).toBe(0)
    expect(await sessionPresent({ id: 'away', login: 'good', clean: false })).toBe(1)
    at.journal.mend()
    await board.next('suback')
    expect(await code({ id: 'new', login: 'good', clean: false, will: own })).toBe(0)
  })

  test('what a client asks for without end waits in its socket', async () => {
    await begin({ unacknowledgedMax: 50 })
    const board = await at.connect({ id: 'board', login: 'board', clean: false })
    at.journal.break()
    for (let count = 0; count < 2_000; count++) board.sendSubscribe(['alarm/#', 0])
    const other = await at.connect({ id: 'other', login: 'other' })
    await other.ping()
    let isAnswered = false
    const answered = board.ping().then(() => (isAnswered = true))
    for (let count = 0; count < 5; count++) await other.ping()
    expect(isAnswered).toBe(false)
    at.journal.mend()
    await answered
  })
})
