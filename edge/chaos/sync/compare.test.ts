import type { Value } from '@jidoka/domain'
import { expect, test } from 'vitest'
import type { CloudView, Readings } from './cloud-view.ts'
import { compareTwoHistories } from './compare.ts'

const none: CloudView = {
  lanes: { readings: { seq: 0, count: 0, digest: '' }, records: { seq: 0, count: 0, digest: '' } },
  ranges: { readings: new Map(), records: new Map() },
  readings: new Map(),
  readingsCount: 0,
  readingsSum: '',
  judgmentIds: [],
  alarms: [],
  runSeqs: [],
  dropsCount: 0,
  receipts: [],
}
const once = (...values: readonly Value[]): Readings => new Map([['press', new Map(values.map((value) => [value, 1]))]])
const faultsOf = (readings: ReadonlyMap<string, Readings>) =>
  compareTwoHistories([], new Set(), { cloud: none, readings, former: { epoch: 'old', receipted: once(1, 2) } }).faults

test('a reading goes up again under a new epoch where the old one held it and the image had no receipt for it', () => {
  expect(
    faultsOf(
      new Map([
        ['old', once(1, 2, 3)],
        ['new', once(3, 4)],
      ]),
    ),
  ).toEqual([])
})

test.each([
  ['the image had a receipt for', once(1, 2, 3), once(2, 4), 'press 2'],
  ['the old epoch did not hold', once(1, 2), once(4), 'press 4'],
])('I2: a reading twice that %s is found', (_, old, fresh, name) => {
  const epochs = new Map([
    ['old', old],
    ['new', fresh],
    ['newer', once(4)],
  ])
  expect(faultsOf(name === 'press 4' ? epochs : new Map([...epochs].slice(0, 2)))).toEqual([
    expect.stringMatching(new RegExp(`more often .*: ${name}$`)),
  ])
})

test('I2: a reading twice under one epoch is found, whichever it is', () => {
  const twice: Readings = new Map([['press', new Map([[3, 2]])]])
  expect(faultsOf(new Map([['old', twice]]))).toEqual([expect.stringContaining('press 3 2 times under old')])
})
