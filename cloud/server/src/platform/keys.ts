import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, systemClock } from '@jidoka/base'
import { KeyError, readKey, readPublicKeyFile, writeFirstKey, writeKey } from './key-file.ts'
import type { KeyPair } from './key-file.ts'
import { KeyRing } from './key-ring.ts'
import { ReceiptKeys } from './receipt-keys.ts'

export { KeyError } from './key-file.ts'

/** Signs people's sessions; without its secret half a process reads them and signs nobody in. */
export type AccessTokenKey = Omit<KeyPair, 'privateKey'> & { readonly privateKey: KeyObject | null }

/** The secrets of this program. Several replicas are given the same folder. */
export interface CloudKeys {
  readonly accessToken: AccessTokenKey
  /** Links to files are signed with what is made of it. */
  readonly objectLinks: KeyObject
  /** Signs with the one that is in force, and says what edges are told to believe. */
  readonly receipts: ReceiptKeys
  /** X25519: courier files to this cloud are encrypted to it. */
  readonly courier: KeyObject
  /** Signs checkpoints of the audit log, and says of each entry that the program wrote it. */
  readonly audit: KeyRing
}

/**
 * Reads the keys of `folder`, and makes those that are not there.
 * @throws KeyError when a key cannot be read, or when others than its owner can read it.
 */
export async function openKeys(folder: string, nowMs: () => number = () => systemClock.nowMs()): Promise<CloudKeys> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new KeyError(`The folder for keys ${folder} cannot be made: ${describeError(cause)}.`, { cause })
  }
  const courier = await keyOf(folder, 'courier.pem', 'x25519', () => generateKeyPairSync('x25519').privateKey)
  return {
    accessToken: await accessTokenKeyOf(folder),
    objectLinks: (await keyOf(folder, 'object-links.pem', 'ed25519', () => generateKeyPairSync('ed25519').privateKey))
      .privateKey,
    receipts: await ReceiptKeys.open(folder, courier.privateKey, nowMs),
    courier: courier.privateKey,
    audit: await KeyRing.open(folder, 'audit', nowMs),
  }
}

/** For a process in which people sign in. @throws KeyError when it was given the public half alone: every sign-in would fail */
export function demandSigningKey({ accessToken }: CloudKeys, folder: string): void {
  if (accessToken.privateKey !== null) return
  throw new KeyError(
    `The folder for keys ${folder} has access-token.public.pem without access-token.pem, so this process could sign nobody in. Put access-token.pem there from a backup or from another process with the module identity; or run this one without identity (JIDOKA_CLOUD_MODULES). Where that key is lost, remove access-token.public.pem: a new one is made, and everybody signs in once more.`,
  )
}

/** The public half alone where a process was given that alone: who breaks into it can sign nobody in. */
async function accessTokenKeyOf(folder: string): Promise<AccessTokenKey> {
  const publicFile = join(folder, 'access-token.public.pem')
  const isPublicAlone = existsSync(publicFile) && !existsSync(join(folder, 'access-token.pem'))
  if (isPublicAlone) return { ...(await readPublicKeyFile(publicFile, 'rsa')), privateKey: null }
  const pair = await keyOf(
    folder,
    'access-token.pem',
    'rsa',
    () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  )
  // Beside another secret half than the one that it is of, it would have everybody refused by those who are given it.
  if (!existsSync(publicFile) || (await readPublicKeyFile(publicFile, 'rsa')).keyId !== pair.keyId) {
    try {
      writeKey(publicFile, pair.publicKey)
    } catch {
      // A folder that is read-only: whoever wants that half makes it from the other.
    }
  }
  return pair
}

function keyOf(
  folder: string,
  name: string,
  type: 'rsa' | 'x25519' | 'ed25519',
  make: () => KeyObject,
): Promise<KeyPair> {
  const file = join(folder, name)
  if (!existsSync(file)) writeFirstKey(file, make())
  return readKey(file, type)
}
