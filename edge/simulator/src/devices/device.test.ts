import { systemClock } from '@jidoka/base'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TestBroker } from '../testing/broker.ts'
import { CountingClock } from '../testing/counting-clock.ts'
import { until } from '../testing/until.ts'
import { Device } from './device.ts'
import { deviceLimits } from './limits.ts'
import type { DeviceNews } from './roll-call.ts'

/** Longer than `until` waits, so that what was waited for is named. */
vi.setConfig({ testTimeout: 60_000 })

const login = 'line-a.press-1'
const message = (number: number) => ({
  topic: 'sensor/LINE-A/PRESS-1/temperature',
  payload: JSON.stringify({ value: number }),
})

let broker: TestBroker
let device: Device
let clock: CountingClock
let told: DeviceNews[]

function newDevice(secret: string | null, url = broker.url): Device {
  return new Device({ url, account: { login, secret }, clock, jitter: 0.5, tell: (news) => void told.push(news) })
}

/** Values in the order in which the broker first saw them. */
const arrived = (): number[] => [...new Set(broker.published.map((each): number => JSON.parse(each.payload).value))]

beforeEach(async () => {
  told = []
  clock = new CountingClock(systemClock.nowMs())
  broker = new TestBroker({ [login]: 'the secret' })
  await broker.start()
  device = newDevice('the secret')
})
afterEach(async () => {
  await device.stop()
  await broker.stop()
})

test('signs in as itself and publishes with QoS 1, and every reading is counted as acknowledged', async () => {
  device.start()
  for (let number = 0; number < 450; number++) device.publish(message(number))
  await until('all are acknowledged', () => device.counts.acknowledged === 450)
  expect(broker.published.every((each) => each.login === login && each.qos === 1)).toBe(true)
  expect(arrived()).toEqual(Array.from({ length: 450 }, (_, number) => number))
  expect(device.counts).toEqual({ published: 450, acknowledged: 450, dropped: 0 })
})

test('with a wrong secret it stays away, comes again after a pause, and doubles the pause up to its bound', async () => {
  device = newDevice('another secret')
  device.start()
  let pauseMs: number = deviceLimits.retryMsMin
  for (let attempt = 1; attempt <= 8; attempt++) {
    await until(`attempt ${attempt} was refused`, () => broker.refusedLogins.length === attempt)
    await until('the pause has begun', () => clock.waiting === 1)
    clock.advance(pauseMs - 1)
    expect(broker.refusedLogins).toHaveLength(attempt)
    expect(clock.waiting).toBe(1)
    clock.advance(1)
    pauseMs = Math.min(2 * pauseMs, deviceLimits.retryMsMax)
  }
  expect(device.online).toBe(false)
  expect(told.slice(0, 4)).toEqual(['refused', 'away', 'refused', 'away'])
})

test('while the broker is away readings wait up to the bound, the oldest give way and are counted, the rest come after', async () => {
  device.start()
  await until('it is online', () => device.online)
  await broker.stop()
  await until('it is away', () => !device.online)
  const sent = deviceLimits.waitingMax + 40
  for (let number = 0; number < sent; number++) device.publish(message(number))
  expect(device.counts.dropped).toBe(40)
  await broker.start()
  clock.advance(deviceLimits.retryMsMax)
  await until('what waited is acknowledged', () => device.counts.acknowledged === deviceLimits.waitingMax)
  expect(arrived()).toEqual(Array.from({ length: deviceLimits.waitingMax }, (_, index) => index + 40))
})

test('what the broker took but did not acknowledge is sent again on the next connection', async () => {
  device.start()
  await until('it is online', () => device.online)
  broker.acknowledges = false
  device.publish(message(7))
  await until('the broker has it', () => broker.published.length === 1)
  await broker.stop()
  await until('it is away', () => !device.online)
  broker.acknowledges = true
  await broker.start()
  clock.advance(deviceLimits.retryMsMax)
  await until('it is acknowledged', () => device.counts.acknowledged === 1)
  expect(broker.published.map((each): number => JSON.parse(each.payload).value)).toEqual([7, 7])
})

test('a message at which the broker hangs up is given up after three attempts, and the others get through', async () => {
  broker.hangsUpAt = (topic) => topic === 'sensor/poison'
  device.start()
  await until('it is online', () => device.online)
  device.publish({ topic: 'sensor/poison', payload: '{}' })
  for (let number = 0; number < 5; number++) device.publish(message(number))
  await until('the others are acknowledged', () => {
    clock.advance(100)
    return device.counts.acknowledged === 5
  })
  expect(arrived()).toEqual([0, 1, 2, 3, 4])
})

test('switched off it is silent and forgets, switched on it comes back; two reasons need both taken back', async () => {
  device.start()
  await until('it is online', () => device.online)
  const switchOn = [device.die('one'), device.die('other')]
  expect(device.online).toBe(false)
  device.publish(message(1))
  switchOn[0]?.()
  device.publish(message(2))
  expect(device.online).toBe(false)
  switchOn[1]?.()
  await until('it is online again', () => device.online)
  device.publish(message(3))
  await until('the new reading is acknowledged', () => device.counts.acknowledged === 1)
  expect(arrived()).toEqual([3])
})

test('stops at once, also when the broker was never there', async () => {
  await device.stop()
  device = newDevice('x', 'mqtt://127.0.0.1:1')
  device.start()
  device.publish(message(1))
  await until('the first attempt has failed', () => clock.waiting === 1)
  await device.stop()
  expect(clock.waiting).toBe(0)
})
