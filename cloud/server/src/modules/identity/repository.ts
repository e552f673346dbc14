import type { Database, Transaction } from '../../platform/db/database.ts'
import { tenantThatHas } from '../../platform/db/tenants.ts'
import type { SessionRow, UserRow } from './schema.ts'

export const tenantOfLogin = (database: Database, login: string) =>
  tenantThatHas(database, 'select tenant_id from core.users where login = $1', login)

export const tenantOfToken = (database: Database, tokenHash: string) =>
  tenantThatHas(database, 'select tenant_id from core.sessions where token_hash = $1', tokenHash)

export async function findUser(tx: Transaction, login: string): Promise<UserRow | null> {
  return (await tx.query<UserRow>('select * from core.users where login = $1', [login]))[0] ?? null
}

export async function insertUser(tx: Transaction, user: Omit<UserRow, 'tenant_id' | 'disabled'>): Promise<boolean> {
  const inserted = await tx.run(
    `insert into core.users (tenant_id, login, name, role, locale, password_hash) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [tx.tenantId, user.login, user.name, user.role, user.locale, user.password_hash],
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

/** Locks the row, so that two refreshes with one token go one after the other. */
export async function lockSession(tx: Transaction, tokenHash: string): Promise<SessionRow | null> {
  return (
    (await tx.query<SessionRow>('select * from core.sessions where token_hash = $1 for update', [tokenHash]))[0] ?? null
  )
}

export async function markReplaced(tx: Transaction, tokenHash: string, at: string): Promise<void> {
  await tx.run('update core.sessions set replaced_at = $2 where token_hash = $1', [tokenHash, at])
}

export async function endFamily(tx: Transaction, familyId: string): Promise<void> {
  await tx.run('delete from core.sessions where family_id = $1', [familyId])
}

export async function deleteExpiredSessions(tx: Transaction, at: string): Promise<void> {
  await tx.run('delete from core.sessions where expires_at < $1', [at])
}
