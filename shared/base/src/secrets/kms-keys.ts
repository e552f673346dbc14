import { createHash } from 'node:crypto'
import { z } from 'zod'
import { keyBytes } from './gcm.ts'
import type { KmsClient } from './kms-client.ts'
import type { MasterKeys, WrappedKey } from './master-keys.ts'
import { SecretError } from './secret-error.ts'

const arnSchema = z.string().regex(/^arn:[\w-]{1,20}:kms:[\w-]{1,30}:\d{1,20}:key\/[\w-]{1,80}$/)
const encryptedSchema = z.object({ CiphertextBlob: z.base64(), KeyId: arnSchema })
const decryptedSchema = z.object({ Plaintext: z.base64(), KeyId: arnSchema })
const describedSchema = z.object({ KeyMetadata: z.object({ Arn: arnSchema }) })

const prefix = 'kms:'

/**
 * A master key that AWS KMS keeps and never hands out: data keys go there to be wrapped. The binding goes along as a digest in the encryption
 * context, which AWS writes into its log of calls: no name of a tenant or a secret is to stand there.
 */
export class KmsKeys implements MasterKeys {
  readonly source = 'kms'
  readonly #client: KmsClient
  readonly #key: string

  /** @param key id, ARN, or `alias/...`: an alias that is pointed to another key makes that one seal from then on */
  constructor(client: KmsClient, key: string) {
    this.#client = client
    this.#key = key
  }

  async activeKeyId(): Promise<string> {
    const { KeyMetadata } = await this.#client.call('DescribeKey', { KeyId: this.#key }, describedSchema)
    return `${prefix}${KeyMetadata.Arn}`
  }

  async wrap(dataKey: Uint8Array, binding: Uint8Array): Promise<WrappedKey> {
    const { CiphertextBlob, KeyId } = await this.#client.call(
      'Encrypt',
      {
        KeyId: this.#key,
        Plaintext: Buffer.from(dataKey).toString('base64'),
        EncryptionContext: contextOf(binding),
      },
      encryptedSchema,
    )
    return { keyId: `${prefix}${KeyId}`, wrapped: Buffer.from(CiphertextBlob, 'base64') }
  }

  async unwrap({ keyId, wrapped }: WrappedKey, binding: Uint8Array): Promise<Buffer> {
    const arn = arnSchema.safeParse(keyId.slice(prefix.length))
    if (!keyId.startsWith(prefix) || !arn.success)
      throw new SecretError(
        'unknown_key',
        `The secret is sealed with the key ${keyId}, and AWS KMS is asked for keys of its own. Set the source of master keys back to where that key is.`,
      )
    const { Plaintext } = await this.#client.call(
      'Decrypt',
      {
        KeyId: arn.data,
        CiphertextBlob: Buffer.from(wrapped).toString('base64'),
        EncryptionContext: contextOf(binding),
      },
      decryptedSchema,
    )
    const dataKey = Buffer.from(Plaintext, 'base64')
    if (dataKey.length === keyBytes) return dataKey
    dataKey.fill(0)
    throw new SecretError(
      'not_authentic',
      'AWS KMS opened something that is no data key. Restore the row from a backup.',
    )
  }

  rotate(): Promise<string> {
    return Promise.reject(
      new SecretError(
        'misconfigured',
        'AWS KMS changes the material of a key by itself where that is switched on, and opens with what came before. For another key: make one, point the alias to it, leave the old one enabled, then rewrap.',
      ),
    )
  }
}

const contextOf = (binding: Uint8Array) => ({ 'jidoka-binding': createHash('sha256').update(binding).digest('base64') })
