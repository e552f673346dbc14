import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, systemClock } from '@jidoka/base'
import { KeyError, readKey, writeFirstKey } from './key-file.ts'
import type { KeyPair } from './key-file.ts'
import { ReceiptKeys } from './receipt-keys.ts'

export { KeyError } from './key-file.ts'

/** The secrets of this program. Several replicas are given the same folder. */
export interface CloudKeys {
  readonly accessToken: KeyPair
  /** Signs with the one that is in force, and says what edges are told to believe. */
  readonly receipts: ReceiptKeys
  /** X25519: courier files to this cloud are encrypted to it. */
  readonly courier: KeyObject
  /** Signs checkpoints of the audit log, and says of each entry that the program wrote it. */
  readonly audit: KeyPair
  /** Signs what modules of several processes ask of each other. */
  readonly service: KeyPair
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
  const accessToken = await keyOf(
    folder,
    'access-token.pem',
    'rsa',
    () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  )
  const courier = await keyOf(folder, 'courier.pem', 'x25519', () => generateKeyPairSync('x25519').privateKey)
  return {
    accessToken,
    receipts: await ReceiptKeys.open(folder, courier.privateKey, nowMs),
    courier: courier.privateKey,
    audit: await keyOf(folder, 'audit.pem', 'ed25519', () => generateKeyPairSync('ed25519').privateKey),
    service: await keyOf(folder, 'service.pem', 'ed25519', () => generateKeyPairSync('ed25519').privateKey),
  }
}

function keyOf(
  folder: string,
  name: string,
  type: 'rsa' | 'ed25519' | 'x25519',
  make: () => KeyObject,
): Promise<KeyPair> {
  const file = join(folder, name)
  if (!existsSync(file)) writeFirstKey(file, make())
  return readKey(file, type)
}
