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

/** A secret key is for its owner alone; a public one for everybody. */
function writeBeside(file: string, key: KeyObject): string {
  const fresh = `${file}.${process.pid}`
  const isSecret = key.type === 'private'
  writeFileSync(fresh, key.export({ format: 'pem', type: isSecret ? 'pkcs8' : 'spki' }), {
    mode: isSecret ? 0o600 : 0o644,
  })
  return fresh
}

/** Written beside and renamed, so that a crash leaves no half key behind. */
export function writeKey(file: string, key: KeyObject): void {
  renameSync(writeBeside(file, key), file)
}

/** Leaves a key that is there already: of several processes that start at once on one new folder, all go on with the key of the first. */
export function writeFirstKey(file: string, key: KeyObject): void {
  const fresh = writeBeside(file, key)
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
  return { keyId: await keyIdOf(publicKey), privateKey, publicKey }
}

/** @throws KeyError when it cannot be read, is of another type, or is the secret half, which has no place there. */
export async function readPublicKeyFile(
  file: string,
  type: 'rsa' | 'ed25519',
): Promise<{ readonly keyId: string; readonly publicKey: KeyObject }> {
  let publicKey: KeyObject
  try {
    const text = readFileSync(file, 'utf8')
    if (text.includes('PRIVATE'))
      throw new KeyError(`The file ${file} holds a secret key, where public ones belong. Take it away from there.`)
    publicKey = createPublicKey(text)
  } catch (cause) {
    if (cause instanceof KeyError) throw cause
    throw new KeyError(`The public key ${file} cannot be read: ${describeError(cause)}. Put the right one there.`, {
      cause,
    })
  }
  if (publicKey.asymmetricKeyType !== type)
    throw new KeyError(`The public key ${file} is not ${type}. Put the right one there.`)
  return { keyId: await keyIdOf(publicKey), publicKey }
}

const keyIdOf = async (publicKey: KeyObject): Promise<string> => calculateJwkThumbprint(await exportJWK(publicKey))
