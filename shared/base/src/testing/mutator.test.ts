import { expect, test } from 'vitest'
import { Mutator } from './mutator.ts'

const input = Buffer.from('{"value":20.5,"unit":"C"}')

test('the same seed spoils in the same way, another one in another', () => {
  const run = (seed: number) => {
    const mutator = new Mutator(seed)
    return Array.from({ length: 50 }, () => Buffer.from(mutator.spoil(input)).toString('hex'))
  }
  expect(run(7)).toEqual(run(7))
  expect(run(7)).not.toEqual(run(8))
})

test('nearly every spoilt input differs from the original and none is beyond twice its length and 64 bytes', () => {
  const mutator = new Mutator(1)
  const spoilt = Array.from({ length: 1_000 }, () => mutator.spoil(input))
  expect(spoilt.filter((each) => !input.equals(each)).length).toBeGreaterThan(700)
  expect(Math.max(...spoilt.map((each) => each.length))).toBeLessThanOrEqual(input.length * 2 + 64)
})
