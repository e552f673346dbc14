import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describeError, hashPassword, verifyPassword } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import type { CloudSession, User } from '@jidoka/contract'
import { permissionsOf } from '@jidoka/domain'
import type { Database, Transaction } from '../../platform/db/database.ts'
import type { Caller } from '../../platform/http/env.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import type { CloudKeys } from '../../platform/keys.ts'
import type { AuditPort } from '../audit/port.ts'
import { AccessTokens } from './access-tokens.ts'
import type { EndedAccess } from './ended-access.ts'
import type { IdentityPort, TenantMaker } from './port.ts'
import * as repository from './repository.ts'
import type { UserRow } from './schema.ts'

/** REFERENCE: refresh 7 days. */
export const refreshS = 7 * 24 * 3_600
/**
 * A token that was replaced this short ago is taken once more: two tabs of one browser, or an answer lost on the way, are
 * not a thief. A longer time would give one.
 */
const replacedGraceMs = 10_000

/** What an unknown login is compared with, so that the time of the answer does not tell that nobody has it. */
const nobodysHash = hashPassword(randomBytes(16).toString('base64url'))

/** Where a login is looked up that the directory does not know, for the same reason: it is in no tenant, so any one will do. */
const nobodysTenant = 'nobody'

export interface SignedIn {
  session: CloudSession
  /** For the cookie alone. */
  refreshToken: string
}

export class IdentityService implements IdentityPort, TenantMaker {
  #database: Database
  #clock: Clock
  #audit: AuditPort
  #log: Log
  readonly #tokens: AccessTokens
  readonly #ended: EndedAccess
  /** Refusals on their way to the audit; as many as are being answered, which the limit of sign-ins bounds. */
  #refusals = new Set<Promise<void>>()

  constructor(parts: {
    database: Database
    keys: Pick<CloudKeys, 'accessToken'>
    clock: Clock
    audit: AuditPort
    log: Log
    ended: EndedAccess
  }) {
    this.#database = parts.database
    this.#clock = parts.clock
    this.#audit = parts.audit
    this.#log = parts.log
    this.#ended = parts.ended
    this.#tokens = new AccessTokens({ ...parts, key: parts.keys.accessToken })
  }

  /**
   * Makes the tenant and its first administrator when there is nobody yet.
   * @returns the password to show once when it was made up here, else null
   */
  async seed(tenantId: string, adminPassword: string | undefined): Promise<{ login: string; password: string } | null> {
    const password = adminPassword ?? randomBytes(12).toString('base64url')
    // The first tenant of a database has the short name; a login is one person on the whole server.
    const isTaken = (await repository.tenantOfLogin(this.#database, 'admin')) !== null
    const login = isTaken ? `admin@${tenantId}` : 'admin'
    const isNew = await this.#database.withTenant(tenantId, async (tx) => {
      await repository.ensureTenant(tx, tenantId)
      return !(await repository.hasUsers(tx))
    })
    if (!isNew) return null
    const passwordHash = await hashPassword(password)
    const made = await this.#database.withTenant(tenantId, (tx) =>
      this.#insertAdmin(tx, { login, passwordHash, by: 'system', isMadeUp: adminPassword === undefined }),
    )
    return made && adminPassword === undefined ? { login, password } : null
  }

  async #insertAdmin(
    tx: Transaction,
    { login, passwordHash, by, isMadeUp }: { login: string; passwordHash: string; by: string; isMadeUp: boolean },
  ): Promise<boolean> {
    const inserted = await repository.insertUser(tx, {
      login,
      name: 'Administrator',
      role: 'admin',
      locale: null,
      password_hash: passwordHash,
      password_made_up: isMadeUp,
    })
    if (inserted)
      await this.#audit.append(tx, { actor: by, action: 'user.create', subject: login, detail: { role: 'admin' } })
    return inserted
  }

  makeTenant: TenantMaker['makeTenant'] = async ({ tenantId, name, login, password: given, by, mayEnd }) => {
    const taken = () =>
      new ProblemError('conflict', `Somebody on this cloud has the login "${login}" already. Choose another.`)
    // Of all databases: each by itself would see its own alone.
    if ((await repository.tenantOfLogin(this.#database, login)) !== null) throw taken()
    const password = given ?? randomBytes(12).toString('base64url')
    const passwordHash = await hashPassword(password)
    await this.#database.withTenant(tenantId, async (tx) => {
      await repository.ensureTenant(tx, name)
      await this.#audit.append(tx, { actor: by, action: 'tenant.create', subject: tenantId, detail: {} })
      // Whoever makes a tenant for somebody knows the password, whoever has thought of it.
      if (!(await this.#insertAdmin(tx, { login, passwordHash, by, isMadeUp: true }))) throw taken()
      mayEnd()
    })
    return given === null ? password : null
  }

  /**
   * @throws ProblemError `wrong_credentials`, after the same work whether the login exists or not: the audit, which has a place
   * for known logins only, is written after the answer.
   */
  async login(login: string, password: string): Promise<SignedIn> {
    const tenantId = await repository.tenantOfLogin(this.#database, login)
    const user = await this.#database.withTenant(tenantId ?? nobodysTenant, (tx) => repository.findUser(tx, login))
    const right = await verifyPassword(password, user?.password_hash ?? (await nobodysHash))
    if (tenantId === null || user === null || !right || user.disabled) {
      if (tenantId !== null) this.#noteRefusal(tenantId, login, 'session.refuse')
      throw new ProblemError('wrong_credentials', 'The name or the password is wrong. Check both and try again.')
    }
    const signedIn = await this.#database.withTenant(tenantId, async (tx) => {
      const present = await repository.lockUser(tx, login)
      // Changed while the password was looked at: what was right then is not the password any more.
      if (present === null || present.disabled || present.password_hash !== user.password_hash) return null
      await repository.deleteExpiredSessions(tx, this.#now())
      await this.#audit.append(tx, { actor: login, action: 'session.begin', subject: login, detail: {} })
      return this.#issue(tx, present, randomUUID())
    })
    if (signedIn === null)
      throw new ProblemError('wrong_credentials', 'The name or the password is wrong. Check both and try again.')
    return signedIn
  }

  /** Resolves when all refusals are in the audit. */
  async stop(): Promise<void> {
    await Promise.all(this.#refusals)
  }

  #noteRefusal(tenantId: string, login: string, action: 'session.refuse' | 'password.refuse'): void {
    const written = nextTurn()
      .then(() =>
        this.#database.withTenant(tenantId, (tx) =>
          this.#audit.append(tx, { actor: login, action, subject: login, detail: {} }),
        ),
      )
      .catch((error: unknown) => this.#log.error({ action, success: false }, describeError(error)))
      .finally(() => this.#refusals.delete(written))
    this.#refusals.add(written)
  }

  /** Gives a new access token, and a new refresh token in place of this one. A token that was used up ends its whole sign-in: somebody else has it. */
  async refresh(refreshToken: string): Promise<SignedIn> {
    const ended = () => new ProblemError('not_signed_in', 'Your session has ended. Sign in again.')
    const tokenHash = hashToken(refreshToken)
    const tenantId = await repository.tenantOfToken(this.#database, tokenHash)
    if (tenantId === null) throw ended()
    const outcome = await this.#database.withTenant(tenantId, async (tx) => {
      const user = await repository.lockUserOf(tx, tokenHash)
      const session = await repository.lockSession(tx, tokenHash)
      const nowMs = this.#clock.nowMs()
      if (session === null || Date.parse(session.expires_at) <= nowMs) return null
      if (session.replaced_at !== null && nowMs - Date.parse(session.replaced_at) > replacedGraceMs) {
        await repository.endFamily(tx, session.family_id)
        await this.#audit.append(tx, {
          actor: session.login,
          action: 'session.reuse_detected',
          subject: session.login,
          detail: {},
        })
        return 'reused'
      }
      if (user === null || user.disabled) return null
      if (session.replaced_at === null) await repository.markReplaced(tx, tokenHash, this.#now())
      return this.#issue(tx, user, session.family_id)
    })
    if (outcome === null) throw ended()
    if (outcome === 'reused') {
      await this.#ended.changed()
      throw ended()
    }
    return outcome
  }

  /** Ends the sign-in that a refresh token belongs to. Nothing happens for one that is not known. */
  async logout(refreshToken: string): Promise<void> {
    const tokenHash = hashToken(refreshToken)
    const tenantId = await repository.tenantOfToken(this.#database, tokenHash)
    if (tenantId === null) return
    await this.#database.withTenant(tenantId, async (tx) => {
      await repository.lockUserOf(tx, tokenHash)
      const session = await repository.lockSession(tx, tokenHash)
      if (session === null) return
      await repository.endFamily(tx, session.family_id)
      await this.#audit.append(tx, { actor: session.login, action: 'session.end', subject: session.login, detail: {} })
    })
    await this.#ended.changed()
  }

  /** Ends every sign-in of the caller, in all browsers and programs, this one too. */
  async endAll({ tenantId, login }: Pick<Caller, 'tenantId' | 'login'>): Promise<void> {
    await this.#database.withTenant(tenantId, async (tx) => {
      await repository.endSessionsOf(tx, login)
      await this.#audit.append(tx, { actor: login, action: 'session.end_all', subject: login, detail: {} })
    })
    await this.#ended.changed()
  }

  /**
   * Ends every other sign-in of the caller.
   * @returns a new one, as the present one ends too
   */
  async changePassword(
    { tenantId, login }: Pick<Caller, 'tenantId' | 'login'>,
    { current, next }: { current: string; next: string },
  ): Promise<SignedIn> {
    const user = await this.#present({ tenantId, login })
    if (!(await verifyPassword(current, user.password_hash))) {
      this.#noteRefusal(tenantId, login, 'password.refuse')
      throw new ProblemError('wrong_credentials', 'The present password is wrong. Check it and try again.')
    }
    if (next === current)
      throw new ProblemError('invalid_input', 'The new password is the present one. Choose another.')
    const passwordHash = await hashPassword(next)
    const signedIn = await this.#database.withTenant(tenantId, async (tx) => {
      const changed = await repository.changePassword(tx, { login, before: user.password_hash, passwordHash })
      if (changed === null) return null
      await repository.deleteSessionsOf(tx, login)
      await this.#audit.append(tx, { actor: login, action: 'password.change', subject: login, detail: {} })
      return this.#issue(tx, changed, randomUUID())
    })
    if (signedIn === null)
      throw new ProblemError('conflict', 'The account was changed meanwhile. Sign in again and look.')
    await this.#ended.changed()
    return signedIn
  }

  async me(caller: Pick<Caller, 'tenantId' | 'login'>): Promise<User> {
    return describeUser(await this.#present(caller))
  }

  async #present({ tenantId, login }: Pick<Caller, 'tenantId' | 'login'>): Promise<UserRow> {
    const user = await this.#database.withTenant(tenantId, (tx) => repository.findUser(tx, login))
    if (user === null || user.disabled)
      throw new ProblemError('not_signed_in', 'This account is no longer there. Sign in with another one.')
    return user
  }

  authenticate(accessToken: string, beforeLook?: () => Promise<void>): Promise<Caller> {
    return this.#tokens.read(accessToken, beforeLook)
  }

  async #issue(tx: Transaction, user: UserRow, familyId: string): Promise<SignedIn> {
    const nowS = Math.floor(this.#clock.nowMs() / 1_000)
    const refreshToken = randomBytes(32).toString('base64url')
    await repository.insertSession(tx, {
      token_hash: hashToken(refreshToken),
      family_id: familyId,
      login: user.login,
      issued_at: new Date(nowS * 1_000).toISOString(),
      expires_at: new Date((nowS + refreshS) * 1_000).toISOString(),
    })
    const { token, expiresAt } = await this.#tokens.sign(user, { tenantId: tx.tenantId, sessionId: familyId })
    return {
      refreshToken,
      session: {
        access_token: token,
        expires_at: expiresAt,
        tenant_id: tx.tenantId,
        user: describeUser(user),
        password_made_up: user.password_made_up,
      },
    }
  }

  #now(): string {
    return new Date(this.#clock.nowMs()).toISOString()
  }
}

/** Only the hash is kept: whoever reads the table cannot be anybody. The tokens are random, so a fast hash will do. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function describeUser(user: UserRow): User {
  return {
    login: user.login,
    name: user.name,
    role: user.role,
    locale: user.locale,
    permissions: [...permissionsOf(user.role)],
  }
}
