import { createLog, ManualClock } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../platform/http/app.ts'
import { httpLimits } from '../../platform/http/limits.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { Metrics } from '../../platform/metrics.ts'
import { LoginLimit } from './login-limit.ts'
import { addIdentityRoutes } from './routes.ts'
import type { IdentityService } from './service.ts'

describe('LoginLimit (I10)', () => {
  const passes = (limit: LoginLimit, login: string, address: string): boolean => {
    try {
      limit.begin(login, address)
      return true
    } catch {
      return false
    }
  }

  it('I10: lets 100 attempts of an address over many names pass, and others go on', () => {
    const clock = new ManualClock()
    const limit = new LoginLimit(clock)
    let passed = 0
    for (let name = 0; name < 600; name++) if (passes(limit, `name-${name}`, '10.0.0.1')) passed++
    expect(passed).toBe(httpLimits.loginsOfAddressMax)
    expect(passes(limit, 'name-1', '10.0.0.2')).toBe(true)
    clock.advance(httpLimits.loginWindowMs)
    expect(passes(limit, 'name-1', '10.0.0.1')).toBe(true)
  })

  it('I10: remembers nothing of an attempt that it stops', () => {
    const limit = new LoginLimit(new ManualClock())
    for (let name = 0; name < httpLimits.loginsOfAddressMax; name++) passes(limit, `name-${name}`, '10.0.0.1')
    const { size } = limit
    for (let name = 0; name < 1_000; name++) passes(limit, `other-${name}`, '10.0.0.1')
    expect(limit.size).toBe(size)
    for (let attempt = 0; attempt < 100; attempt++) passes(limit, 'one', '10.0.0.2')
    expect(limit.size).toBe(size + 2)
  })

  it('I10: forgets no address that it stops, however many names come from elsewhere, and stays bounded', () => {
    const limit = new LoginLimit(new ManualClock())
    for (let name = 0; name < httpLimits.loginsOfAddressMax; name++) passes(limit, `name-${name}`, '10.0.0.1')
    for (let name = 0; name < 2 * httpLimits.rateKeysMax; name++)
      passes(limit, `made-up-${name}`, `10.1.0.${Math.floor(name / httpLimits.loginsOfAddressMax)}`)
    expect(passes(limit, 'one-more', '10.0.0.1')).toBe(false)
    expect(limit.size).toBeLessThanOrEqual(2 * httpLimits.rateKeysMax)
  })

  it('does not count what was right: a plant behind one address signs in all day', () => {
    const limit = new LoginLimit(new ManualClock())
    for (let attempt = 0; attempt < 1_000; attempt++) {
      limit.begin(`name-${attempt % 7}`, '10.0.0.1')
      limit.succeeded(`name-${attempt % 7}`, '10.0.0.1')
    }
  })
})

it('I10: the sign-in of an address that has tried a hundred names is refused without a look at the password', async () => {
  const clock = new ManualClock()
  const log = createLog('test', { level: 'silent' })
  const app = createApp({ log, metrics: new Metrics(), clock, https: false })
  let looked = 0
  // Stands for the real one, whose hundred hashes would take ten seconds.
  const service = {
    login: () => {
      looked++
      return Promise.reject(new ProblemError('wrong_credentials', 'no'))
    },
  } as unknown as IdentityService
  const guard = () => () => Promise.resolve()
  addIdentityRoutes(app, { service, guard, clock, https: false, trustForwarded: true })
  const signIn = async (login: string, address: string) =>
    (
      await app.request(cloudPaths.login, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ login, password: 'Spring2026!' }),
      })
    ).status
  const statuses: number[] = []
  for (let name = 0; name < 101; name++) statuses.push(await signIn(`name-${name}`, '10.0.0.1'))
  expect(statuses).toEqual([...Array.from({ length: 100 }, () => 401), 429])
  expect(looked).toBe(100)
  expect(await signIn('name-0', '10.0.0.2')).toBe(401)
})
