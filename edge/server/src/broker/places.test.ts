import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPlace } from './places.ts'
import type { Placed } from './places.ts'

const of = (...holders: string[]) => holders.map((holder, index) => ({ holder, index }))
const limits = { ofAllMax: 4, ofHolderMax: 3, mayGo: () => true }

describe('a place', () => {
  test('that is free is taken', () => {
    expect(findPlace({ taken: of('a', 'b'), holder: 'a', ...limits })).toEqual({ goes: null })
  })

  test('beyond what a holder may have is that of its own oldest', () => {
    expect(findPlace({ taken: of('b', 'a', 'a', 'a'), holder: 'a', ...limits })).toEqual({
      goes: { holder: 'a', index: 1 },
    })
    expect(findPlace({ taken: of('a', 'a', 'a'), holder: 'a', ...limits, mayGo: () => false })).toHaveProperty(
      'refused',
    )
  })

  test('when none is free is one of whoever has most, and of nobody who would have fewer then', () => {
    expect(findPlace({ taken: of('a', 'a', 'a', 'b'), holder: 'c', ...limits })).toEqual({
      goes: { holder: 'a', index: 0 },
    })
    const taken = of('a', 'b', 'c', 'd')
    expect(findPlace({ taken, holder: 'e', ...limits })).toHaveProperty('refused')
  })

  test('that may not go is not given', () => {
    const mayGo = ({ index }: { index: number }) => index === 2
    expect(findPlace({ taken: of('a', 'a', 'a', 'b'), holder: 'c', ...limits, mayGo })).toEqual({
      goes: { holder: 'a', index: 2 },
    })
  })
})

test('I10: whoever came before, a holder gets its part, and no more are taken than there are', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  fc.assert(
    fc.property(fc.array(names, { maxLength: 60 }), names, (comers, last) => {
      let taken: Placed[] = []
      const come = (holder: string) => {
        const outcome = findPlace({ taken, holder, ofAllMax: 16, ofHolderMax: 12, mayGo: () => true })
        if ('refused' in outcome) return false
        taken = [...taken.filter((placed) => placed !== outcome.goes), { holder }]
        return true
      }
      for (const holder of comers) come(holder)
      for (let count = 0; count < 4; count++) come(last)
      expect(taken.length).toBeLessThanOrEqual(16)
      const own = taken.filter(({ holder }) => holder === last).length
      expect(own).toBeGreaterThanOrEqual(4)
      expect(own).toBeLessThanOrEqual(12)
    }),
  )
})
