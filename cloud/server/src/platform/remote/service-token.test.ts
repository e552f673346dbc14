import { ManualClock } from '@jidoka/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moduleRing } from '../../testing/module-ring.ts'
import { remoteLimits } from './limits.ts'
import { moduleNames } from './module-names.ts'
import type { ModuleName, ReachableModule } from './module-names.ts'
import { ServiceTokens } from './service-token.ts'
import type { ServiceClaims } from './service-token.ts'

/*
 * Who may speak for whom between processes. Goal: a token is good for the module that signed it, one method of one module, one tenant, one person, a minute, and for
 * nothing else, whatever somebody who has it, or the key of another module, makes of it. Really run: signatures. Not modelled: a thief of the very key.
 */

const reachable = moduleNames.filter((name): name is ReachableModule => name !== 'gateway')
const startMs = Date.UTC(2026, 10, 22)
const ring = moduleRing()
const claimsOf: fc.Arbitrary<ServiceClaims> = fc.record({
  caller: fc.constantFrom(...moduleNames),
  module: fc.constantFrom(...reachable),
  method: fc.constantFrom('state', 'deployRule', 'me'),
  tenantId: fc.constantFrom('demo', 'other'),
  by: fc.constantFrom('kim', 'admin'),
})
const at = (ms: number) => new ServiceTokens(ring, new ManualClock(startMs + ms))
const outcome = (token: string, asked: Parameters<ServiceTokens['read']>[1], ms = 0) =>
  at(ms)
    .read(token, asked)
    .then(
      (claims) => claims,
      () => null,
    )

describe('a token of a module', () => {
  it('I6: is good for its method of its module, by whom may call it, while it lives, and for nothing else', async () => {
    const someCallers: fc.Arbitrary<ModuleName[]> = fc.subarray([...moduleNames])
    const seconds = fc.integer({ min: -120, max: 120 })
    await fc.assert(
      fc.asyncProperty(claimsOf, claimsOf, someCallers, seconds, async (claims, asked, callers, ageS) => {
        const read = await outcome(await at(0).sign(claims), { ...asked, callers }, ageS * 1_000)
        const isIts =
          asked.module === claims.module && asked.method === claims.method && callers.includes(claims.caller)
        const { tokenSecondsMax, clockSkewSecondsMax } = remoteLimits
        const isAlive = ageS >= -clockSkewSecondsMax && ageS < tokenSecondsMax + clockSkewSecondsMax
        // In the second of its end it may be either.
        if (isIts && ageS === tokenSecondsMax + clockSkewSecondsMax) return
        expect(read).toEqual(isIts && isAlive ? claims : null)
      }),
      { numRuns: 200 },
    )
  })

  it('I6: with any claim or member of its head changed is refused', async () => {
    const change = fc.constantFrom(
      { iss: 'jidoka:identity' },
      { aud: 'jidoka:audit' },
      { sub: 'nobody' },
      { tenant_id: 'third' },
      { method: 'recent' },
      { exp: startMs / 1_000 + 3_600 },
      { kid: 'identity:key' },
      { alg: 'none' },
    )
    await fc.assert(
      fc.asyncProperty(claimsOf, change, async (claims, changed) => {
        const asked = { ...claims, callers: moduleNames }
        const [head = '', body = '', signature = ''] = (await at(0).sign(claims)).split('.')
        const merged = (part: string) => {
          const before = JSON.parse(Buffer.from(part, 'base64url').toString()) as object
          return Buffer.from(JSON.stringify({ ...before, ...changed })).toString('base64url')
        }
        const isOfHead = 'kid' in changed || 'alg' in changed
        const forged = isOfHead ? `${merged(head)}.${body}.${signature}` : `${head}.${merged(body)}.${signature}`
        if (forged === `${head}.${body}.${signature}`) return
        expect(await outcome(forged, asked)).toBeNull()
      }),
      { numRuns: 100 },
    )
  })

  it('I6: that names another module than the one whose key signed it is refused', async () => {
    const liar = new ServiceTokens(
      { ...ring, signer: (module) => ({ ...ring.signer('fleet'), kid: ring.signer(module).kid }) },
      new ManualClock(startMs),
    )
    const misnamed = new ServiceTokens({ ...ring, signer: () => ring.signer('fleet') }, new ManualClock(startMs))
    const claims: ServiceClaims = { caller: 'gateway', module: 'audit', method: 'chain', tenantId: 'demo', by: 'kim' }
    const asked = { module: 'audit', method: 'chain', callers: moduleNames } as const
    expect(await outcome(await liar.sign(claims), asked)).toBeNull()
    expect(await outcome(await misnamed.sign(claims), asked)).toBeNull()
    expect(await outcome(await at(0).sign(claims), asked)).toEqual(claims)
  })
})
