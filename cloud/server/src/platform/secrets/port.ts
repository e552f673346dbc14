import type { SecretList } from '@jidoka/contract'
import type { Transaction } from '../db/database.ts'

export interface NewSecret {
  readonly name: string
  /** What it is for. Whoever opens it says the same. */
  readonly purpose: string
  readonly value: string
}

/** As it is stored. */
export interface SealedSecret {
  readonly tenantId: string
  readonly name: string
  readonly purpose: string
  readonly sealed: Uint8Array
  readonly keyId: string
}

/** Who puts, removes or reads: a person's login is audited, a part of this program is not when it reads. */
export type SecretActor = { readonly person: string } | { readonly program: string }

/**
 * Secrets of tenants, for every module. Sealing and opening may ask another machine (Vault), so they stand apart from what is done in a
 * transaction: nobody holds a connection meanwhile.
 */
export interface SecretsPort {
  /** @throws SecretError; ZodError for a name, a purpose or a value that the contract refuses */
  seal(tenantId: string, secret: NewSecret): Promise<SealedSecret>
  /** Stores it in place of the one of this name. @throws ProblemError `conflict` when the tenant has too many */
  put(tx: Transaction, secret: SealedSecret, by: SecretActor): Promise<void>
  /** Null for none of this name and purpose. A person's look is audited in the same transaction. */
  find(tx: Transaction, name: string, purpose: string, by: SecretActor): Promise<SealedSecret | null>
  /** @throws SecretError */
  open(secret: SealedSecret): Promise<string>
  /** Finds and opens. @throws SecretError */
  get(tenantId: string, name: string, purpose: string, by: SecretActor): Promise<string | null>
  /** False when there is none. */
  remove(tx: Transaction, name: string, by: SecretActor): Promise<boolean>
  /** Names and what they are sealed by; never a value. */
  list(tenantId: string): Promise<SecretList>
}
