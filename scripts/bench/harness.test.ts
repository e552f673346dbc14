import { expect, test } from 'vitest'
import { measure, median, met } from './harness.ts'

test('subject and peer alternate over three rounds, and the ratio is of their medians', async () => {
  const order: string[] = []
  const next = (who: string, values: number[]) => async () => {
    order.push(who)
    return values.shift() ?? 0
  }
  const row = { name: 'r', unit: '/s', subject: next('subject', [10, 90, 30]), peer: next('peer', [20, 10, 15]) }
  const result = await measure(row, { aim: 2, better: 'higher' })
  expect(order).toEqual(['subject', 'peer', 'subject', 'peer', 'subject', 'peer'])
  expect(result).toMatchObject({ subject: 30, peer: 15, ratio: 2, spread: { subject: 2, peer: 5 / 15 } })
  expect(met(result)).toBe(true)
})

test('without a peer the ratio is value / limit, and lower is better', async () => {
  const result = await measure(
    { name: 'r', unit: 'ms', subject: async () => 300 },
    { aim: 1, better: 'lower', limit: 200 },
  )
  expect(result).toMatchObject({ peer: null, ratio: 1.5 })
  expect(met(result)).toBe(false)
})

test('a peer that is not installed is a row with a reason', async () => {
  const row = { name: 'r', unit: '/s', subject: async () => 1, peer: 'mosquitto is not installed' }
  const result = await measure(row, { aim: 1, better: 'higher' })
  expect(result).toMatchObject({ ratio: null, reason: 'mosquitto is not installed' })
  expect(met(result)).toBe(null)
})

test('the median of an even count is the mean of the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
})
