import { expect, test } from 'vitest'
import { may, permissionsOf } from './user.ts'

test('a role has what those below it have', () => {
  for (const permission of permissionsOf('viewer')) expect(may('operator', permission)).toBe(true)
  for (const permission of permissionsOf('operator')) expect(may('manager', permission)).toBe(true)
  for (const permission of permissionsOf('manager')) expect(may('admin', permission)).toBe(true)
  for (const permission of permissionsOf('ai_engineer')) expect(may('admin', permission)).toBe(true)
})

test('an operator acknowledges alarms and changes no rule; an analyst does neither', () => {
  expect(may('operator', 'alarm:acknowledge')).toBe(true)
  expect(may('operator', 'rule:write')).toBe(false)
  expect(may('analyst', 'alarm:acknowledge')).toBe(false)
  expect(may('analyst', 'rule:deploy')).toBe(false)
})
