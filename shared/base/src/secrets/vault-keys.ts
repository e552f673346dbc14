import { z } from 'zod'
import { keyBytes } from './gcm.ts'
import type { MasterKeys, WrappedKey } from './master-keys.ts'
import { SecretError } from './secret-error.ts'
import type { VaultClient } from './vault-client.ts'

const encryptedSchema = z.object({ data: z.object({ ciphertext: z.string().regex(/^vault:v\d+:/) }) })
const decryptedSchema = z.object({ data: z.object({ plaintext: z.string() }) })
const keySchema = z.object({ data: z.object({ latest_version: z.number().int().positive() }) })
const anything = z.unknown()

/**
 * Master keys that Vault's transit engine keeps and never hands out: data keys go there to be wrapped. Each version of the key is a master
 * key of its own. The binding goes along as `associated_data`, which Vault takes for aes256-gcm96 keys.
 */
export class VaultKeys implements MasterKeys {
  readonly source = 'vault'
  readonly #client: VaultClient
  readonly #mount: string
  readonly #key: string

  constructor(client: VaultClient, { mount, key }: { mount: string; key: string }) {
    this.#client = client
    this.#mount = mount
    this.#key = key
  }

  async activeKeyId(): Promise<string> {
    const { data } = await this.#client.call('GET', `${this.#mount}/keys/${this.#key}`, keySchema)
    return this.#idOf(data.latest_version)
  }

  async wrap(dataKey: Uint8Array, binding: Uint8Array): Promise<WrappedKey> {
    const { data } = await this.#client.call('POST', `${this.#mount}/encrypt/${this.#key}`, encryptedSchema, {
      plaintext: base64(dataKey),
      associated_data: base64(binding),
    })
    const keyId = this.#idOf(Number(/^vault:v(\d+):/.exec(data.ciphertext)?.[1]))
    return { keyId, wrapped: Buffer.from(data.ciphertext, 'utf8') }
  }

  async unwrap({ keyId, wrapped }: WrappedKey, binding: Uint8Array): Promise<Buffer> {
    if (!keyId.startsWith(this.#prefix))
      throw new SecretError(
        'unknown_key',
        `The secret is sealed with the key ${keyId}, and Vault is asked for ${this.#prefix}*. Set the source of master keys back to where that key is.`,
      )
    const { data } = await this.#client.call('POST', `${this.#mount}/decrypt/${this.#key}`, decryptedSchema, {
      ciphertext: Buffer.from(wrapped).toString('utf8'),
      associated_data: base64(binding),
    })
    const dataKey = Buffer.from(data.plaintext, 'base64')
    if (dataKey.length === keyBytes) return dataKey
    dataKey.fill(0)
    throw new SecretError('not_authentic', 'Vault opened something that is no data key. Restore the row from a backup.')
  }

  async rotate(): Promise<string> {
    await this.#client.call('POST', `${this.#mount}/keys/${this.#key}/rotate`, anything)
    return this.activeKeyId()
  }

  get #prefix(): string {
    return `vault:${this.#mount}/${this.#key}:v`
  }

  #idOf(version: number): string {
    return `${this.#prefix}${version}`
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
