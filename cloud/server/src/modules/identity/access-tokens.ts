import { randomUUID } from 'node:crypto'
import type { Clock, Log } from '@jidoka/base'
import type { Role } from '@jidoka/domain'
import { permissionsOf } from '@jidoka/domain'
import { errors as joseErrors, jwtVerify, SignJWT } from 'jose'
import type { Caller } from '../../platform/http/env.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { KeyError } from '../../platform/key-file.ts'
import type { AccessTokenKey } from '../../platform/keys.ts'
import type { AccessMark, EndedAccess } from './ended-access.ts'
import type { UserRow } from './schema.ts'
import { claimsSchema } from './schema.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** REFERENCE: access 15 minutes. */
const accessS = 15 * 60

const issuer = 'jidoka-cloud'
const audience = 'jidoka'

export interface AccessTokenParts {
  readonly key: AccessTokenKey
  readonly clock: Clock
  readonly log: Log
  readonly ended: EndedAccess
}

/** What people and programs show with each request: signed, so that no request asks the database who it is of. */
export class AccessTokens {
  readonly #parts: AccessTokenParts
  readonly #verified = new VerifiedTokens()

  constructor(parts: AccessTokenParts) {
    this.#parts = parts
  }

  async sign(user: UserRow, { tenantId, sessionId }: Pick<AccessMark, 'tenantId' | 'sessionId'>) {
    const { key, clock } = this.#parts
    if (key.privateKey === null)
      throw new KeyError('This process has the public half of access-token.pem alone, and signs nobody in.')
    const nowS = Math.floor(clock.nowMs() / 1_000)
    const token = await new SignJWT({
      tenant_id: tenantId,
      // The login where it is an address; there is no other on file.
      email: user.login.includes('@') ? user.login : null,
      roles: [user.role],
      permissions: [...permissionsOf(user.role)],
      sid: sessionId,
      ver: user.access_version,
    })
      .setProtectedHeader({ alg: 'RS256', kid: key.keyId })
      .setSubject(user.login)
      .setIssuer(issuer)
      .setAudience(audience)
      .setJti(randomUUID())
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + accessS)
      .sign(key.privateKey)
    return { token, expiresAt: new Date((nowS + accessS) * 1_000).toISOString() }
  }

  /**
   * @param beforeLook called before a signature is looked at that is not known yet; what it throws is thrown
   * @throws ProblemError `not_signed_in` when it is wrong, has ended, or was taken back
   */
  async read(token: string, beforeLook?: () => Promise<void>): Promise<Caller> {
    const { key, clock, log, ended } = this.#parts
    const known = this.#verified.find(token, clock.nowMs())
    if (known !== null) return stillIn(known)
    await beforeLook?.()
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        issuer,
        audience,
        algorithms: ['RS256'],
        currentDate: new Date(clock.nowMs()),
      })
      const { tenant_id: tenantId, sub: login, roles, exp, iat, sid: sessionId, ver } = claimsSchema.parse(payload)
      const mark: AccessMark = { tenantId, login, sessionId, version: ver, issuedAtS: iat }
      const caller: Caller = {
        tenantId,
        login,
        role: roles[0] as Role,
        expiresAtS: exp,
        hasEnded: () => ended.has(mark),
      }
      stillIn(caller)
      this.#verified.remember(token, caller)
      return caller
    } catch (cause) {
      if (cause instanceof ProblemError) throw cause
      if (!(cause instanceof joseErrors.JWTExpired))
        log.debug({ action: 'authenticate', success: false }, String(cause))
      throw new ProblemError('not_signed_in', 'Sign in again.', { cause })
    }
  }
}

function stillIn(caller: Caller): Caller {
  if (caller.hasEnded?.() === true) throw new ProblemError('not_signed_in', 'Your access has ended. Sign in again.')
  return caller
}
