import { expect, it } from 'vitest'
import { afterReading, firstOf } from './page-reading.ts'

it('puts pages behind those that are there, and takes the place of all when it begins from the first', () => {
  const [one, two, three] = ['a', 'b', 'c'].map((row) => ({ rows: [row], nextCursor: row }))
  if (one === undefined || two === undefined || three === undefined) throw new Error('there are three')
  expect(afterReading([one], { cursor: 'a', count: 1 }, [two])).toEqual([one, two])
  expect(afterReading([one, two], firstOf(2), [three, two])).toEqual([three, two])
  expect(firstOf(0)).toEqual({ cursor: null, count: 1 })
})
