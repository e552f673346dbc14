import { expect, test } from 'vitest'
import { pressTemperature, rule } from '../../test/fixture-data.ts'
import { deploymentState, withReport } from './deployment.ts'

test.each([
  ['nothing is reported', null, null, 'waiting'],
  ['an older version is reported', 3, 'applied', 'waiting'],
  ['it is in force', 4, 'applied', 'applied'],
  ['it is refused', 4, 'refused', 'refused'],
  ['it broke down', 4, 'quarantined', 'quarantined'],
  ['a newer edge says a word that is unknown here', 4, 'hibernating', 'waiting'],
] as const)('when %s', (_name, version, state, expected) => {
  expect(deploymentState({ desired_version: 4, reported_version: version, reported_state: state })).toBe(expected)
})

test('a report changes its own edge only, and an old one that comes late changes nothing', () => {
  const before = rule(pressTemperature, [1, 2])
  const waiting = {
    ...before,
    deployments: before.deployments.map((deployment) => ({ ...deployment, desired_version: 5 })),
  }
  const news = {
    edge_id: '00000000-0000-7000-8000-000000000001',
    kind: 'rule',
    key: 'press-temperature',
    version: 5,
    state: 'applied',
  }
  expect(withReport(waiting, news)?.deployments.map(deploymentState)).toEqual(['applied', 'waiting'])
  expect(withReport(waiting, { ...news, version: 3 })).toBeNull()
  expect(withReport(waiting, { ...news, kind: 'site' })).toBeNull()
  expect(withReport(waiting, { ...news, key: 'other' })).toBeNull()
})
