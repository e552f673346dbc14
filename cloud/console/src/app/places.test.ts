import { permissionsOf } from '@jidoka/domain'
import { expect, it } from 'vitest'
import { navigationAt } from './places.ts'

it.each([
  ['admin', '/audit'],
  ['manager', '/jobs'],
  ['analyst', '/archives'],
  ['viewer', '/audit'],
] as const)('leads a person with the role %s from "Administration" to %s', (role, page) => {
  const may = (permission: Parameters<Parameters<typeof navigationAt>[1]>[0]) => permissionsOf(role).has(permission)
  expect(navigationAt('/lines', may)).toMatchObject({ administration: page, besides: [] })
})

it('stays on the page of administration that is open, and offers last what the person may not see', () => {
  const { administration, besides } = navigationAt('/events/', (permission) => permission === 'job:read')
  expect(administration).toBe('/events')
  expect(besides).toEqual(['/jobs', '/audit', '/secrets', '/events', '/archives', '/storage', '/tenants'])
})
