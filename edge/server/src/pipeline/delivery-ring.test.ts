import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deliveryLimits } from './delivery-limits.ts'
import { DeliveryRing } from './delivery-ring.ts'

const publish = fc.record({ id: fc.integer({ min: 1, max: 12 }), low: fc.integer({ min: 0, max: 2 }) })

/** What the ring promises, said with a list: an id's last use, and nothing from before an id was used again. */
class NaiveRing {
  entries: { id: number; low: number }[] = []

  add(id: number, low: number): void {
    const before = this.entries.findIndex((entry) => entry.id === id)
    this.entries = [...this.entries.slice(before + 1), { id, low }]
  }

  holds(id: number, low: number): boolean {
    return this.entries.some((entry) => entry.id === id && entry.low === low)
  }
}

test('knows the last use of each id, and forgets what an id in use again shows to be finished', () => {
  fc.assert(
    fc.property(fc.array(publish, { maxLength: 60 }), (publishes) => {
      const ring = new DeliveryRing()
      const naive = new NaiveRing()
      for (const { id, low } of publishes) {
        ring.add(id, low, 7)
        naive.add(id, low)
        for (let each = 1; each <= 12; each++)
          for (let value = 0; value <= 2; value++) expect(ring.holds(each, value, 7)).toBe(naive.holds(each, value))
      }
    }),
    { numRuns: 100 },
  )
})

test('what was encoded in parts is restored as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.array(publish, { minLength: 1, maxLength: 30 }), { maxLength: 6 }), (commits) => {
      const ring = new DeliveryRing()
      const restored = new DeliveryRing()
      for (const publishes of commits) {
        const from = ring.to
        for (const { id, low } of publishes) ring.add(id, low, id)
        restored.restore(ring.encode(from))
      }
      expect(restored.encode(0)).toEqual(ring.encode(0))
    }),
    { numRuns: 100 },
  )
})

test('I10: holds no more than its bound, the newest', () => {
  const ring = new DeliveryRing()
  const count = deliveryLimits.idsMax + 1_000
  for (let id = 1; id <= count; id++) ring.add(id, id, id)
  expect(ring.to - ring.from).toBe(deliveryLimits.idsMax)
  expect(ring.holds(1_000, 1_000, 1_000)).toBe(false)
  expect(ring.holds(1_001, 1_001, 1_001)).toBe(true)
  expect(ring.holds(count, count, count)).toBe(true)
})
