import { expect, test } from 'vitest'
import { databaseOf, moveOf } from '../../test/fixture-tenants.ts'
import { fractionOf, rateOf, targetsOf, withSamples, type Samples } from './move-view.ts'

test('a move is not shown as done before it is, however many rows there are beyond those expected', () => {
  expect(fractionOf(moveOf({ rows_copied: 500, rows_expected: 1_000 }))).toBe(0.5)
  expect(fractionOf(moveOf({ rows_copied: 1_500, rows_expected: 1_000 }))).toBe(0.99)
  expect(fractionOf(moveOf({ rows_copied: 0, rows_expected: null }))).toBeNull()
  expect(fractionOf(moveOf({ step: 'verifying', rows_copied: 400, rows_verified: 100 }))).toBe(0.25)
  expect(fractionOf(moveOf({ step: 'following', rows_copied: 400 }))).toBeNull()
})

test('its rate is of the last minute and of this phase, and says how long the phase takes', () => {
  let samples: Samples = new Map()
  const at = (ms: number, changes: Parameters<typeof moveOf>[0]) => {
    const move = moveOf({ rows_expected: 10_000, ...changes })
    samples = withSamples(samples, [move], ms)
    return rateOf(move, samples)
  }
  expect(at(0, { rows_copied: 1_000 })).toEqual({ rate: null, leftMs: null })
  expect(at(2_000, { rows_copied: 1_200 })).toEqual({ rate: null, leftMs: null })
  expect(at(10_000, { rows_copied: 2_000 })).toEqual({ rate: 100, leftMs: 80_000 })
  // The first ten seconds are forgotten: it has stood still since.
  expect(at(70_000, { rows_copied: 2_000 })).toEqual({ rate: null, leftMs: null })
  expect(at(74_000, { rows_copied: 2_000 })).toEqual({ rate: 0, leftMs: null })
  expect(at(75_000, { rows_copied: 2_000, worked_on: false })).toEqual({ rate: null, leftMs: null })
  expect(at(76_000, { step: 'verifying', rows_copied: 9_000, rows_verified: 0 })).toEqual({ rate: null, leftMs: null })
  expect(at(86_000, { step: 'verifying', rows_copied: 9_000, rows_verified: 1_000 })).toEqual({
    rate: 100,
    leftMs: 80_000,
  })
})

test('a tenant may go to every other database but one that another has, or goes to, for itself', () => {
  const list = {
    databases: [
      databaseOf('main', 'main'),
      databaseOf('east', 'shard'),
      databaseOf('own-a', 'own'),
      databaseOf('own-b', 'own'),
      databaseOf('own-c', 'own'),
    ],
    tenants: [
      { id: 'acme', database: 'main', move: null },
      { id: 'big', database: 'own-a', move: null },
      { id: 'going', database: 'east', move: moveOf({ tenant: 'going', to: 'own-b' }) },
    ],
  }
  const namesFor = (tenant: string) => targetsOf(tenant, list).map(({ name }) => name)
  expect(namesFor('acme')).toEqual(['east', 'own-c'])
  expect(namesFor('going')).toEqual(['main', 'own-b', 'own-c'])
})
