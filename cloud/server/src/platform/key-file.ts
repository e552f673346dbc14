import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describeError, isErrno, OperationalError } from '@jidoka/base'
import { calculateJwkThumbprint, exportJWK } from 'jose'

export class KeyError extends OperationalError {
  override name = 'KeyError'
}

export interface KeyPair {
  readonly keyId: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Written beside and renamed, so that a crash leaves no half key behind. */
export function writeKey(file: string, key: KeyObject): void {
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  renameSync(fresh, file)
}

/** Leaves a key that is there already: of several processes that start at once on one new folder, all go on with the key of the first. */
export function writeFirstKey(file: string, key: KeyObject): void {
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  try {
    linkSync(fresh, file)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  } finally {
    rmSync(fresh)
  }
}

/** @throws KeyError when it cannot be read, or when others than its owner can read it. */
export async function readKey(file: string, type: 'rsa' | 'ed25519' | 'x25519'): Promise<KeyPair> {
  let privateKey: KeyObject
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw new KeyError(`The key ${file} can be read by others than its owner. Make it private: chmod 600 ${file}`)
    privateKey = createPrivateKey(readFileSync(file))
  } catch (cause) {
    if (cause instanceof KeyError) throw cause
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
