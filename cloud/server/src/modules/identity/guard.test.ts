import { createLog, ManualClock } from '@jidoka/base'
import { expect, it } from 'vitest'
import { createApp } from '../../platform/http/app.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { RateLimiter } from '../../platform/http/rate-limiter.ts'
import { Metrics } from '../../platform/metrics.ts'
import type { IdentityPort } from './port.ts'
import { createGuard } from './routes.ts'

it('I10: looks at no more signatures of an address than it may send wrong tokens, and lets those in that it knows', async () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, { changes: { api_stranger: 3 } })
  let looks = 0
  const identity: IdentityPort = {
    authenticate: async (token, beforeLook) => {
      if (token === 'known') return { tenantId: 'demo', login: 'kim', role: 'viewer', expiresAtS: 1e12 }
      await beforeLook?.()
      looks++
      throw new ProblemError('not_signed_in', 'Sign in again.')
    },
  }
  const app = createApp({ log: createLog('test', { level: 'silent' }), metrics: new Metrics(), clock, https: false })
  app.get('/api/v1/try', createGuard(identity, { limiter, trustForwarded: false })(null), (c) => c.json({}))
  const ask = async (token: string) =>
    (await app.request('/api/v1/try', { headers: { authorization: `Bearer ${token}` } })).status
  const statuses: number[] = []
  for (let time = 0; time < 6; time++) statuses.push(await ask(`wrong-${time}`))
  expect([statuses, looks]).toEqual([[401, 401, 401, 429, 429, 429], 3])
  expect(await ask('known')).toBe(200)
  clock.advance(60_000)
  expect(await ask('wrong')).toBe(401)
})
