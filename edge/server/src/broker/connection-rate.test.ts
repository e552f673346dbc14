import { expect, test } from 'vitest'
import { ConnectionRate } from './connection-rate.ts'

const limits = {
  connectionsPerSecondMax: 20,
  connectionsBurstMax: 40,
  connectionsPerSecondOfAddressMax: 2,
  connectionsBurstOfAddressMax: 4,
  halfOpenOfAddressMax: 100,
  addressesMax: 10,
}

test('an address has a burst, then its rate, and others are not touched by it', () => {
  let nowMs = 0
  const rate = new ConnectionRate(limits, () => nowMs)
  const taken = (address: string, count: number) =>
    Array.from({ length: count }, () => rate.refusal(address)).filter((refusal) => refusal === null).length
  expect(taken('a', 10)).toBe(4)
  expect(taken('b', 10)).toBe(4)
  nowMs += 1_000
  expect(taken('a', 10)).toBe(2)
  nowMs += 60_000
  expect(taken('a', 10)).toBe(4)
})

test('all together have a rate too', () => {
  const rate = new ConnectionRate({ ...limits, connectionsBurstMax: 6 }, () => 0)
  const taken = ['a', 'b', 'c'].flatMap((address) => Array.from({ length: 4 }, () => rate.refusal(address)))
  expect(taken.filter((refusal) => refusal === null).length).toBe(6)
})

test('half-open connections of an address are bounded until they sign in or go', () => {
  const rate = new ConnectionRate({ ...limits, halfOpenOfAddressMax: 2 }, () => 0)
  expect([rate.refusal('a'), rate.refusal('a'), rate.refusal('a')]).toEqual([null, null, 'half_open'])
  rate.settled('a')
  expect(rate.refusal('a')).toBe(null)
})

test('I10: addresses that come and go find a place in a table that is bounded', () => {
  let nowMs = 0
  const rate = new ConnectionRate({ ...limits, connectionsBurstMax: 1e6, connectionsPerSecondMax: 1e6 }, () => nowMs)
  for (let count = 0; count < 1_000; count++) {
    expect(rate.refusal(`address ${count}`)).toBe(null)
    rate.settled(`address ${count}`)
    nowMs += 100
  }
})
