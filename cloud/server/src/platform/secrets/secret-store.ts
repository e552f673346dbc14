import type { Clock, Envelope, MasterKeys } from '@jidoka/base'
import { putSecretSchema, secretNameSchema } from '@jidoka/contract'
import type { SecretList } from '@jidoka/contract'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database, Transaction } from '../db/database.ts'
import { ProblemError } from '../http/problem.ts'
import type { NewSecret, SealedSecret, SecretActor, SecretsPort } from './port.ts'
import * as repository from './repository.ts'

/** A tenant's connections and tokens, not a store of data: a list of a thousand still is one page. */
const secretsMax = 1_000

export interface SecretStoreParts {
  readonly database: Database
  readonly clock: Clock
  readonly audit: AuditPort
  readonly envelope: Envelope
  readonly masterKeys: MasterKeys
}

export class SecretStore implements SecretsPort {
  readonly #parts: SecretStoreParts

  constructor(parts: SecretStoreParts) {
    this.#parts = parts
  }

  async seal(tenantId: string, secret: NewSecret): Promise<SealedSecret> {
    const name = secretNameSchema.parse(secret.name)
    const { purpose, value } = putSecretSchema.parse({ purpose: secret.purpose, value: secret.value })
    const { bytes, keyId } = await this.#parts.envelope.seal(Buffer.from(value, 'utf8'), {
      tenant: tenantId,
      purpose: repository.purposeOfSecret(purpose),
      id: name,
    })
    return { tenantId, name, purpose, sealed: bytes, keyId }
  }

  async put(tx: Transaction, secret: SealedSecret, by: SecretActor): Promise<void> {
    if ((await repository.countOthers(tx, secret.name)) >= secretsMax)
      throw new ProblemError('conflict', `There are ${secretsMax} secrets already. Remove one that nobody uses.`)
    await repository.upsertSecret(tx, secret, {
      at: new Date(this.#parts.clock.nowMs()).toISOString(),
      by: nameOf(by),
    })
    await this.#note(tx, 'secret.put', secret.name, by, { purpose: secret.purpose })
  }

  async find(tx: Transaction, name: string, purpose: string, by: SecretActor): Promise<SealedSecret | null> {
    const found = await repository.findSecret(tx, name, purpose)
    if (found !== null && 'person' in by) await this.#note(tx, 'secret.read', name, by, { purpose })
    return found
  }

  async open({ tenantId, name, purpose, sealed }: SealedSecret): Promise<string> {
    const value = await this.#parts.envelope.open(sealed, {
      tenant: tenantId,
      purpose: repository.purposeOfSecret(purpose),
      id: name,
    })
    return value.toString('utf8')
  }

  async get(tenantId: string, name: string, purpose: string, by: SecretActor): Promise<string | null> {
    const found = await this.#parts.database.withTenant(tenantId, (tx) => this.find(tx, name, purpose, by))
    return found === null ? null : this.open(found)
  }

  async remove(tx: Transaction, name: string, by: SecretActor): Promise<boolean> {
    const isRemoved = await repository.deleteSecret(tx, name)
    if (isRemoved) await this.#note(tx, 'secret.remove', name, by, {})
    return isRemoved
  }

  async list(tenantId: string): Promise<SecretList> {
    const activeKeyId = await this.#parts.masterKeys.activeKeyId()
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const counts = await repository.countByKey(tx)
      const all = counts.some(({ key_id: keyId }) => keyId === activeKeyId)
        ? counts
        : [...counts, { key_id: activeKeyId, sealed: 0 }]
      return {
        secrets: await repository.listSecrets(tx),
        keys: all.map((count) => ({ ...count, active: count.key_id === activeKeyId })),
      }
    })
  }

  #note(tx: Transaction, action: string, subject: string, by: SecretActor, detail: Record<string, unknown>) {
    return this.#parts.audit.append(tx, { actor: nameOf(by), action, subject, detail })
  }
}

const nameOf = (by: SecretActor): string => ('person' in by ? by.person : `system: ${by.program}`)
