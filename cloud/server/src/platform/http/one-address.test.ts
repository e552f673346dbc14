import { expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { oneAddressForAll } from './one-address.ts'

const said = (environment: Record<string, string>) => oneAddressForAll(readConfig(environment)).join('\n')
const apart = { DATABASE_URL: 'postgres://localhost/a' }

it('says of a process behind a gateway that all of its callers count as one address, and what to set', () => {
  for (const modules of ['identity', 'fleet,judgment'])
    expect(said({ ...apart, JIDOKA_CLOUD_MODULES: modules })).toContain('JIDOKA_CLOUD_TRUST_FORWARDED_FOR')
})

it('says nothing where callers are told apart, or nobody can be locked out', () => {
  expect(said({})).toBe('')
  expect(said({ ...apart, JIDOKA_CLOUD_MODULES: 'identity,gateway' })).toBe('')
  expect(said({ ...apart, JIDOKA_CLOUD_MODULES: 'judgment' })).toBe('')
  expect(said({ ...apart, JIDOKA_CLOUD_MODULES: 'identity', JIDOKA_CLOUD_TRUST_FORWARDED_FOR: 'true' })).toBe('')
})
