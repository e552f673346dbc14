import { describe, expect, it } from 'vitest'
import type { Caller } from '../../platform/http/env.ts'
import { VerifiedTokens } from './verified-tokens.ts'

const caller: Caller = { tenantId: 'demo', login: 'kim', role: 'viewer', expiresAtS: 1_000 }

describe('verified tokens', () => {
  it('are known to the byte until the second in which they end', () => {
    const tokens = new VerifiedTokens()
    tokens.remember('a.b.c', caller)
    expect(tokens.find('a.b.c', 999_999)).toEqual(caller)
    expect(tokens.find('a.b.d', 0)).toBeNull()
    expect(tokens.find('a.b.c', 1_000_000)).toBeNull()
    expect(tokens.find('a.b.c', 0)).toBeNull()
  })

  it('I10: are 2,000 at most; the one used longest ago is forgotten first', () => {
    const tokens = new VerifiedTokens()
    for (let no = 0; no < 2_000; no++) tokens.remember(`token ${no}`, caller)
    expect(tokens.find('token 0', 0)).toEqual(caller)
    tokens.remember('one more', caller)
    expect(tokens.find('token 0', 0)).toEqual(caller)
    expect(tokens.find('token 1', 0)).toBeNull()
    expect(tokens.find('token 2', 0)).toEqual(caller)
  })
})
