import { createHmac, hkdfSync, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { OperationalError } from '@jidoka/base'
import { exportPublicKey, importPublicKey, publicKeySchema } from '@jidoka/sync-protocol'
import type { KeyPair } from '../../platform/key-file.ts'

/** What the log is sealed with. It lies in the folder for keys: whoever has the database alone can neither write an entry that counts nor sign a checkpoint. */
export class AuditKey {
  readonly keyId: string
  readonly #pair: KeyPair
  readonly #macKey: Buffer

  constructor(pair: KeyPair) {
    this.keyId = pair.keyId
    this.#pair = pair
    const secret = pair.privateKey.export({ format: 'der', type: 'pkcs8' })
    this.#macKey = Buffer.from(hkdfSync('sha256', secret, '', 'jidoka audit entries', 32))
  }

  get publicKey(): KeyObject {
    return this.#pair.publicKey
  }

  get publicKeyText(): string {
    return exportPublicKey(this.#pair.publicKey)
  }

  /** An entry costs microseconds; a signature would cost a batch of them the time of the batch. */
  mac(text: string): Buffer {
    return createHmac('sha256', this.#macKey).update(text).digest()
  }

  sign(text: string): Buffer {
    return sign(null, Buffer.from(text), this.#pair.privateKey)
  }
}

export function isSigned(publicKey: KeyObject, text: string, signature: Uint8Array): boolean {
  return verify(null, Buffer.from(text), publicKey, signature)
}

/** @throws OperationalError for what is not the text of such a key */
export function readPublicKey(text: string): KeyObject {
  const checked = publicKeySchema.safeParse(text.trim())
  if (!checked.success)
    throw new OperationalError('That is not the public key of an audit log. "audit public-key" prints the right one.')
  return importPublicKey(checked.data)
}
