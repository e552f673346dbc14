import { createLog, ManualClock } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../platform/http/app.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { RateLimiter } from '../../platform/http/rate-limiter.ts'
import { ratePolicies } from '../../platform/http/rate-policies.ts'
import { Metrics } from '../../platform/metrics.ts'
import { LoginLimit } from './login-limit.ts'
import { addIdentityRoutes } from './routes.ts'
import type { IdentityService } from './service.ts'

describe('LoginLimit (I10)', () => {
  const { max, windowMs } = ratePolicies.auth_address
  const newLimit = (clock = new ManualClock()) => {
    const limiter = new RateLimiter(clock)
    return { limiter, limit: new LoginLimit(limiter) }
  }
  const passes = async (limit: LoginLimit, login: string, address: string): Promise<boolean> => {
    try {
      await limit.begin(login, address)
      return true
    } catch {
      return false
    }
  }

  it('I10: lets 100 attempts of an address over many names pass, and others go on', async () => {
    const clock = new ManualClock()
    const { limit } = newLimit(clock)
    let passed = 0
    for (let name = 0; name < 600; name++) if (await passes(limit, `name-${name}`, '10.0.0.1')) passed++
    expect(passed).toBe(max)
    expect(await passes(limit, 'name-1', '10.0.0.2')).toBe(true)
    // The window slides: the first of the attempts fall out of it right after its length.
    clock.advance(windowMs + windowMs / max)
    expect(await passes(limit, 'name-1', '10.0.0.1')).toBe(true)
  })

  it('I10: remembers nothing of an attempt that it stops', async () => {
    const { limit, limiter } = newLimit()
    for (let name = 0; name < max; name++) await passes(limit, `name-${name}`, '10.0.0.1')
    const { size } = limiter
    for (let name = 0; name < 1_000; name++) await passes(limit, `other-${name}`, '10.0.0.1')
    expect(limiter.size).toBe(size)
    for (let attempt = 0; attempt < 100; attempt++) await passes(limit, 'one', '10.0.0.2')
    expect(limiter.size).toBe(size + 2)
  })

  it('I10: forgets no address that it stops, however many names come from elsewhere, and stays bounded', async () => {
    const { limit, limiter } = newLimit()
    for (let name = 0; name < max; name++) await passes(limit, `name-${name}`, '10.0.0.1')
    for (let name = 0; name < 20_000; name++) await passes(limit, `made-up-${name}`, `10.1.0.${Math.floor(name / max)}`)
    expect(await passes(limit, 'one-more', '10.0.0.1')).toBe(false)
    expect(limiter.size).toBeLessThanOrEqual(20_000)
  })

  it('does not count what was right: a plant behind one address signs in all day', async () => {
    const { limit } = newLimit()
    for (let attempt = 0; attempt < 1_000; attempt++) {
      await limit.begin(`name-${attempt % 7}`, '10.0.0.1')
      await limit.succeeded(`name-${attempt % 7}`, '10.0.0.1')
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
  addIdentityRoutes(app, { service, guard, https: false, trustForwarded: true, limiter: new RateLimiter(clock) })
  const signIn = async (login: string, address: string) =>
    (
      await app.request(cloudPaths.login, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ login, password: 'Spring2026!' }),
      })
    ).status
  const statuses: number[] = []
  // An IPv6 host has as many addresses as it likes.
  for (let name = 0; name < 101; name++) statuses.push(await signIn(`name-${name}`, `2001:db8::${name}`))
  expect(statuses).toEqual([...Array.from({ length: 100 }, () => 401), 429])
  expect(looked).toBe(100)
  expect(await signIn('name-0', '2001:db8:0:1::1')).toBe(401)
})
