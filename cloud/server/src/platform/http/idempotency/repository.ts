import type { Session, Transaction } from '../../db/database.ts'

export interface KeyOwner {
  readonly login: string
  readonly key: string
}

export interface Claimed extends KeyOwner {
  /** Of the one attempt that may do it. */
  readonly claim: string
}

export interface Attempt extends Claimed {
  readonly digest: Uint8Array
  readonly nowMs: number
  readonly claimedUntilMs: number
  readonly expiresAtMs: number
}

/** A request that somebody has sent under the same key. */
export interface Known {
  readonly isSame: boolean
  readonly isClaimed: boolean
  readonly status: number | null
  readonly mediaType: string | null
  readonly sealed: Uint8Array | null
}

const instant = (ms: number): string => new Date(ms).toISOString()

/** Takes the key for this attempt where nobody has it, its time is over, or whoever had it died before it changed anything. */
export async function claimKey(tx: Transaction, attempt: Attempt): Promise<boolean> {
  const { login, key, digest, claim, nowMs, claimedUntilMs, expiresAtMs } = attempt
  const changed = await tx.run(
    `insert into core.idempotency_keys as k (tenant_id, login, key, digest, claim, claimed_until, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (tenant_id, login, key) do update
       set digest = excluded.digest, claim = excluded.claim, claimed_until = excluded.claimed_until, has_effect = false,
         status = null, media_type = null, sealed = null, expires_at = excluded.expires_at
       where k.expires_at <= $8
         or (k.digest = excluded.digest and k.status is null and not k.has_effect and k.claimed_until <= $8)`,
    [tx.tenantId, login, key, digest, claim, instant(claimedUntilMs), instant(expiresAtMs), instant(nowMs)],
  )
  return changed === 1
}

export async function findKey(
  tx: Transaction,
  { login, key, digest, nowMs }: Pick<Attempt, 'login' | 'key' | 'digest' | 'nowMs'>,
): Promise<Known | null> {
  const [row] = await tx.query<{
    is_same: boolean
    is_claimed: boolean
    status: number | null
    media_type: string | null
    sealed: Uint8Array | null
  }>(
    `select digest = $3 as is_same, claimed_until > $4 as is_claimed, status, media_type, sealed
     from core.idempotency_keys where login = $1 and key = $2`,
    [login, key, digest, instant(nowMs)],
  )
  if (row === undefined) return null
  const { is_same: isSame, is_claimed: isClaimed, status, media_type: mediaType, sealed } = row
  return { isSame, isClaimed, status, mediaType, sealed }
}

/** In a transaction of the attempt, as its last statement. @returns whether the attempt still has the key */
export async function markEffect(tx: Pick<Session, 'run'>, { login, key, claim }: Claimed): Promise<boolean> {
  // A transaction that has changed nothing so far has no id yet.
  const changed = await tx.run(
    `update core.idempotency_keys set has_effect = has_effect or pg_current_xact_id_if_assigned() is not null
     where login = $1 and key = $2 and claim = $3`,
    [login, key, claim],
  )
  return changed === 1
}

/** In a transaction of its own, before something is changed of which no transaction of the attempt tells. @returns whether the attempt still has the key */
export async function markEffectElsewhere(tx: Transaction, { login, key, claim }: Claimed): Promise<boolean> {
  const changed = await tx.run(
    'update core.idempotency_keys set has_effect = true where login = $1 and key = $2 and claim = $3',
    [login, key, claim],
  )
  return changed === 1
}

export interface KeptAnswer {
  readonly status: number
  readonly mediaType: string | null
  /** Null where it is not kept. */
  readonly sealed: Uint8Array | null
}

export async function keepAnswer(tx: Transaction, { login, key, claim }: Claimed, answer: KeptAnswer): Promise<void> {
  await tx.run(
    `update core.idempotency_keys set status = $4, media_type = $5, sealed = $6 where login = $1 and key = $2 and claim = $3`,
    [login, key, claim, answer.status, answer.mediaType, answer.sealed],
  )
}

/** Frees the key where its attempt has changed nothing; waits for a transaction of it that is under way. @returns whether it is free */
export async function releaseKey(tx: Transaction, { login, key, claim }: Claimed): Promise<boolean> {
  const released = await tx.run(
    'delete from core.idempotency_keys where login = $1 and key = $2 and claim = $3 and not has_effect',
    [login, key, claim],
  )
  return released === 1
}

/** Of an attempt that has changed something and failed: nobody is at it any more, and nobody shall be. */
export async function loseAnswer(tx: Transaction, { login, key, claim }: Claimed): Promise<void> {
  await tx.run(
    `update core.idempotency_keys set claimed_until = '-infinity' where login = $1 and key = $2 and claim = $3`,
    [login, key, claim],
  )
}

/** @returns how many were forgotten; as many as the bound when there may be more */
export const forgetExpired = (tx: Transaction, nowMs: number, max: number): Promise<number> =>
  tx.run(
    `delete from core.idempotency_keys where ctid = any (array(
       select ctid from core.idempotency_keys where expires_at <= $1 limit $2))`,
    [instant(nowMs), max],
  )
