import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, OperationalError } from '@jidoka/base'
import { exportPublicKey } from '@jidoka/sync-protocol'
import type { ReceiptKey, ReceiptSigner } from '@jidoka/sync-protocol'
import { calculateJwkThumbprint, exportJWK } from 'jose'

export class KeyError extends OperationalError {
  override name = 'KeyError'
}

/** The secrets of this program. Several replicas are given the same folder. */
export interface CloudKeys {
  readonly accessToken: { readonly keyId: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly receipts: ReceiptSigner
  /** What edges are told to trust. */
  readonly receiptKeys: ReceiptKey[]
}

/**
 * Reads the keys of `folder`, and makes those that are not there.
 * @throws KeyError when a key cannot be read, or when others than its owner can read it.
 */
export async function openKeys(folder: string): Promise<CloudKeys> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new KeyError(`The folder for keys ${folder} cannot be made: ${describeError(cause)}.`, { cause })
  }
  const accessToken = await keyOf(
    folder,
    'access-token.pem',
    'rsa',
    () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  )
  const receipts = await keyOf(folder, 'receipts.pem', 'ed25519', () => generateKeyPairSync('ed25519').privateKey)
  return {
    accessToken,
    receipts: { keyId: receipts.keyId, privateKey: receipts.privateKey },
    receiptKeys: [{ key_id: receipts.keyId, public_key: exportPublicKey(receipts.publicKey) }],
  }
}

async function keyOf(folder: string, name: string, type: 'rsa' | 'ed25519', make: () => KeyObject) {
  const file = join(folder, name)
  if (!existsSync(file)) {
    // Written beside and renamed, so that a crash leaves no half key behind.
    const fresh = `${file}.${process.pid}`
    writeFileSync(fresh, make().export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
    renameSync(fresh, file)
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new KeyError(`The key ${file} can be read by others than its owner. Make it private: chmod 600 ${file}`)
  }
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(readFileSync(file))
  } catch (cause) {
    throw new KeyError(
      `The key ${file} cannot be read: ${describeError(cause)}. Restore it from a backup; a new key signs everybody out and makes edges enrol again.`,
      { cause },
    )
  }
  if (privateKey.asymmetricKeyType !== type)
    throw new KeyError(`The key ${file} is not ${type}. Restore the right one from a backup.`)
  const publicKey = createPublicKey(privateKey)
  return { keyId: await calculateJwkThumbprint(await exportJWK(publicKey)), privateKey, publicKey }
}
