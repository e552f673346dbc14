import { mask, uuidv7 } from '@jidoka/base'
import type { Clock, Envelope } from '@jidoka/base'
import type { MaskedText } from '@jidoka/contract'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database } from '../db/database.ts'
import { storableText } from '../db/storable.ts'
import { purposeOfOriginal } from './repository.ts'

export interface PiiVaultParts {
  readonly database: Database
  readonly clock: Clock
  readonly audit: AuditPort
  readonly envelope: Envelope
}

interface OriginalRow {
  subject: string
  sealed: Uint8Array
  kept_at: string
}

/** Texts with what is personal in them masked; the original sealed beside, for those who may read it and say why. */
export class PiiVault {
  readonly #parts: PiiVaultParts

  constructor(parts: PiiVaultParts) {
    this.#parts = parts
  }

  /** What other parts may go on with: nothing personal that was found is in it. The original is kept only if there was something. @throws SecretError */
  async keep(tenantId: string, text: string, { subject, by }: { subject: string; by: string }): Promise<MaskedText> {
    const { clock, envelope, database, audit } = this.#parts
    const nowMs = clock.nowMs()
    const masked = mask(text, { today: new Date(nowMs) })
    const findings = [...masked.findings]
    if (findings.length === 0) return { id: null, text: masked.text, findings }
    const id = uuidv7(nowMs)
    const { bytes, keyId } = await envelope.seal(Buffer.from(text, 'utf8'), placeOf(tenantId, id))
    await database.withTenant(tenantId, async (tx) => {
      await tx.run(
        `insert into core.pii_originals (tenant_id, id, subject, masked, sealed, key_id, kept_at, kept_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [tenantId, id, subject, storableText(masked.text), bytes, keyId, new Date(nowMs).toISOString(), by],
      )
      await audit.append(tx, { actor: by, action: 'pii.keep', subject, detail: { id, found: findings.length } })
    })
    return { id, text: masked.text, findings }
  }

  /** The original. Who asked and why is in the audit before it is opened. Null for none. @throws SecretError */
  async reveal(
    tenantId: string,
    id: string,
    { by, reason }: { by: string; reason: string },
  ): Promise<{ text: string; subject: string; kept_at: string } | null> {
    const { database, audit, envelope } = this.#parts
    const row = await database.withTenant(tenantId, async (tx) => {
      const [found] = await tx.query<OriginalRow>(
        'select subject, sealed, kept_at from core.pii_originals where id = $1',
        [id],
      )
      if (found === undefined) return null
      await audit.append(tx, { actor: by, action: 'pii.read', subject: found.subject, detail: { id, reason } })
      return found
    })
    if (row === null) return null
    const text = await envelope.open(row.sealed, placeOf(tenantId, id))
    return { text: text.toString('utf8'), subject: row.subject, kept_at: row.kept_at }
  }

  /** Forgets the original; what was made of the masked text stays. False when there is none. */
  forget(tenantId: string, id: string, by: string): Promise<boolean> {
    const { database, audit } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      const [gone] = await tx.query<{ subject: string }>(
        'delete from core.pii_originals where id = $1 returning subject',
        [id],
      )
      if (gone === undefined) return false
      await audit.append(tx, { actor: by, action: 'pii.forget', subject: gone.subject, detail: { id } })
      return true
    })
  }
}

const placeOf = (tenant: string, id: string) => ({ tenant, purpose: purposeOfOriginal, id })
