import { expect, test } from 'vitest'
import { newStats } from '../broker/stats.ts'
import { brokerMetrics } from './broker-metrics.ts'

test('every count of the broker is a metric of its own, totals and sizes told apart', () => {
  const names = Object.keys(newStats()) as (keyof ReturnType<typeof newStats>)[]
  for (const [index, name] of names.entries()) {
    const shown = brokerMetrics.filter(({ of }) => of({ ...newStats(), [name]: index + 1 }) === index + 1)
    // The number of clients has been a metric from the beginning; see metrics.ts.
    expect(shown.map(({ kind }) => kind)).toEqual(
      name === 'connectedClients' ? [] : [name.endsWith('Total') ? 'total' : 'gauge'],
    )
  }
  expect(new Set(brokerMetrics.map(({ name }) => name)).size).toBe(brokerMetrics.length)
})
