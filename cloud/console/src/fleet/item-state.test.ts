import { expect, test } from 'vitest'
import { edge } from '../../test/fixture-data.ts'
import { itemState, sortEdges, sortItems, type FleetItem } from './item-state.ts'

const reported = (
  version: number,
  state: 'applied' | 'refused' | 'removed' | 'quarantined',
): NonNullable<FleetItem['reported']> => ({
  kind: 'rule',
  key: 'press-temperature',
  version,
  state,
  problem: null,
  rule_hash: null,
})

test.each([
  ['nothing is reported', 3, null, 'waiting'],
  ['an older version is in force', 3, reported(2, 'applied'), 'waiting'],
  ['it is in force', 3, reported(3, 'applied'), 'applied'],
  ['the edge refused it', 3, reported(3, 'refused'), 'refused'],
  ['an older version was refused and the new one is under way', 3, reported(2, 'refused'), 'waiting'],
  ['it broke down at the edge', 3, reported(3, 'quarantined'), 'quarantined'],
  ['it was removed and is wished again', 4, reported(3, 'removed'), 'waiting'],
  ['it was taken back and the edge still has it', null, reported(3, 'applied'), 'unwanted'],
  ['it was taken back and is gone', null, reported(3, 'removed'), 'removed'],
  ['it was taken back before any edge saw it', null, null, 'removed'],
] as const)('when %s', (_name, desired, report, expected) => {
  expect(itemState({ desired_version: desired, reported: report })).toBe(expected)
})

test('what the edge refused comes before what it has applied', () => {
  const item = (key: string, version: number, report: FleetItem['reported']): FleetItem => ({
    kind: 'rule',
    key,
    desired_version: version,
    desired_at: null,
    reported: report,
    reported_at: null,
  })
  const sorted = sortItems([
    item('a', 1, reported(1, 'applied')),
    item('b', 2, reported(1, 'applied')),
    item('c', 1, reported(1, 'refused')),
  ])
  expect(sorted.map(({ key }) => key)).toEqual(['c', 'b', 'a'])
})

test('an edge that is not heard comes before one that is', () => {
  const edges = [
    edge(1, { name: 'b' }),
    edge(2, { name: 'a' }),
    edge(3, { name: 'c', state: 'silent' }),
    edge(4, { name: 'd', open_alarms: 2 }),
  ]
  expect(sortEdges(edges).map(({ name }) => name)).toEqual(['c', 'd', 'a', 'b'])
})
