import { expect, test } from 'vitest'
import { floodBounds, floodFaults } from './flood-bounds.ts'

const measured = { calmMs: [20, 30, 105], floodedMs: [90, 165, 770], residentBytes: 350 * 2 ** 20 }

test('a flood as it was measured is within its bounds', () => {
  expect(floodFaults(measured)).toEqual([])
})

test.each([
  ['grew', { residentBytes: floodBounds.residentBytesMax + 1 }, 'the appliance grew to 512 MB'],
  ['served nobody else', { floodedMs: [] }, 'nothing of the well-behaved'],
  ['let the well-behaved wait', { floodedMs: [90, 11_000] }, '11000 ms in the flood, 2100 are allowed'],
  ['was silent before it', { calmMs: [] }, 'NaN are allowed'],
])('fails an appliance that %s', (_what, changes, sentence) => {
  expect(floodFaults({ ...measured, ...changes }).join()).toContain(sentence)
})
