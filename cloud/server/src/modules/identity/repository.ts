import type { Database, Transaction } from '../../platform/db/database.ts'
import { tenantThatHas } from '../../platform/db/tenants.ts'
import { sessionOf } from './ended-access.ts'
import type { SessionRow, UserRow } from './schema.ts'

export const tenantOfLogin = (database: Database, login: string) =>
  tenantThatHas(database, 'select tenant_id from core.users where login = $1', login)

export const tenantOfToken = (database: Database, tokenHash: string) =>
  tenantThatHas(database, 'select tenant_id from core.sessions where token_hash = $1', tokenHash)

export async function findUser(tx: Transaction, login: string): Promise<UserRow | null> {
  return (await tx.query<UserRow>('select * from core.users where login = $1', [login]))[0] ?? null
}

export async function insertUser(
  tx: Transaction,
  user: Omit<UserRow, 'tenant_id' | 'disabled' | 'access_version'>,
): Promise<boolean> {
  const inserted = await tx.run(
    `insert into core.users (tenant_id, login, name, role, locale, password_hash, password_made_up) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict do nothing`,
    [tx.tenantId, user.login, user.name, user.role, user.locale, user.password_hash, user.password_made_up],
  )
  return inserted === 1
}

export async function ensureTenant(tx: Transaction, name: string): Promise<void> {
  await tx.run('insert into core.tenants (id, name) values ($1, $2) on conflict do nothing', [tx.tenantId, name])
}

export async function hasUsers(tx: Transaction): Promise<boolean> {
  return (await tx.query('select 1 from core.users limit 1')).length > 0
}

export async function insertSession(
  tx: Transaction,
  session: Omit<SessionRow, 'tenant_id' | 'replaced_at'>,
): Promise<void> {
  await tx.run(
    'insert into core.sessions (tenant_id, token_hash, family_id, login, issued_at, expires_at) values ($1, $2, $3, $4, $5, $6)',
    [tx.tenantId, session.token_hash, session.family_id, session.login, session.issued_at, session.expires_at],
  )
}

/**
 * The person of a login, before anything of what that person has is locked or changed. Whoever makes a sign-in and whoever ends some go one after the other: what
 * is deleted is what was there when the statement began, and a sign-in that is being made meanwhile would outlive the end of all.
 */
export async function lockUser(tx: Transaction, login: string): Promise<UserRow | null> {
  return (await tx.query<UserRow>('select * from core.users where login = $1 for no key update', [login]))[0] ?? null
}

/** The same of whom a refresh token is. */
export async function lockUserOf(tx: Transaction, tokenHash: string): Promise<UserRow | null> {
  const rows = await tx.query<UserRow>(
    'select * from core.users where login = (select login from core.sessions where token_hash = $1) for no key update',
    [tokenHash],
  )
  return rows[0] ?? null
}

/** Locks the row, so that two refreshes with one token go one after the other. */
export async function lockSession(tx: Transaction, tokenHash: string): Promise<SessionRow | null> {
  return (
    (await tx.query<SessionRow>('select * from core.sessions where token_hash = $1 for update', [tokenHash]))[0] ?? null
  )
}

export async function markReplaced(tx: Transaction, tokenHash: string, at: string): Promise<void> {
  await tx.run('update core.sessions set replaced_at = $2 where token_hash = $1', [tokenHash, at])
}

/** Its access tokens too. Of a person who is locked. */
export async function endFamily(tx: Transaction, familyId: string): Promise<void> {
  await Promise.all([
    tx.run('delete from core.sessions where family_id = $1', [familyId]),
    tx.query('select core.end_access($1, $2, null)', [tx.tenantId, sessionOf(familyId)]),
  ])
}

/** Of a person who is locked, or was changed before in this transaction. */
export async function deleteSessionsOf(tx: Transaction, login: string): Promise<void> {
  await tx.run('delete from core.sessions where login = $1', [login])
}

/** Every sign-in of a person, with its access tokens. */
export async function endSessionsOf(tx: Transaction, login: string): Promise<void> {
  await tx.run('update core.users set access_version = access_version + 1 where login = $1', [login])
  await deleteSessionsOf(tx, login)
}

/**
 * Ends the access of all tokens of before.
 * @param before the hash that the present password was held against
 * @returns the person as of now; null where it was changed meanwhile
 */
export async function changePassword(
  tx: Transaction,
  { login, before, passwordHash }: { login: string; before: string; passwordHash: string },
): Promise<UserRow | null> {
  const rows = await tx.query<UserRow>(
    `update core.users set password_hash = $3, password_made_up = false where login = $1 and password_hash = $2 and not disabled returning *`,
    [login, before, passwordHash],
  )
  return rows[0] ?? null
}

export async function deleteExpiredSessions(tx: Transaction, at: string): Promise<void> {
  await tx.run('delete from core.sessions where expires_at < $1', [at])
}
