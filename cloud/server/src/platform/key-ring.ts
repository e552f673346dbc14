import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { KeyError, readKey, writeFirstKey, writeKey } from './key-file.ts'
import type { KeyPair } from './key-file.ts'
import { datedKeys, firstKeyName, inUseAt, isoSeconds, laterKeyName } from './key-names.ts'

export interface RingKey extends KeyPair {
  readonly file: string
  /** In force from this instant on, and until the next one is. */
  readonly fromMs: number
  readonly untilMs: number
}

/** Ed25519 keys of one use that follow each other in time; none is ever thrown away, as what an old one signed is still to be believed. */
export class KeyRing {
  readonly #folder: string
  readonly #use: string
  readonly #nowMs: () => number
  #keys: readonly [RingKey, ...RingKey[]]

  private constructor(folder: string, use: string, nowMs: () => number, keys: readonly [RingKey, ...RingKey[]]) {
    this.#folder = folder
    this.#use = use
    this.#nowMs = nowMs
    this.#keys = keys
  }

  /** Makes the first key where there is none. @throws KeyError */
  static async open(folder: string, use: string, nowMs: () => number): Promise<KeyRing> {
    if (datedKeys(folder, use).length === 0)
      writeFirstKey(join(folder, firstKeyName(use)), generateKeyPairSync('ed25519').privateKey)
    return new KeyRing(folder, use, nowMs, await read(folder, use))
  }

  /** In the order in which they are in force. */
  get all(): readonly RingKey[] {
    return this.#keys
  }

  get active(): RingKey {
    return this.at(this.#nowMs())
  }

  at(ms: number): RingKey {
    return inUseAt(this.#keys, ms) ?? this.#keys[0]
  }

  /** Reads the folder anew. @throws KeyError; what was read before stays in force then */
  async reload(): Promise<void> {
    this.#keys = await read(this.#folder, this.#use)
  }

  /** Makes the next key, in force from the end of the grace on. @throws KeyError while another one waits */
  async rotate(graceMs: number): Promise<{ readonly keyId: string; readonly file: string; readonly from: string }> {
    await this.reload()
    const nowMs = this.#nowMs()
    const waiting = this.#keys.find(({ fromMs }) => fromMs > nowMs)
    if (waiting !== undefined)
      throw new KeyError(
        `The key ${waiting.file} is not in force yet; it will be from ${new Date(waiting.fromMs).toISOString()} on. Wait for it, or remove the file first.`,
      )
    const file = laterKeyName(this.#use, nowMs + graceMs)
    writeKey(join(this.#folder, file), generateKeyPairSync('ed25519').privateKey)
    await this.reload()
    return { keyId: this.#keys.at(-1)?.keyId ?? '', file, from: isoSeconds(nowMs + graceMs) }
  }
}

async function read(folder: string, use: string): Promise<readonly [RingKey, ...RingKey[]]> {
  const files = datedKeys(folder, use)
  const keys: RingKey[] = []
  for (const [index, { file, fromMs }] of files.entries()) {
    const pair = await readKey(join(folder, file), 'ed25519')
    keys.push({
      ...pair,
      file,
      fromMs: index === 0 ? -Infinity : fromMs,
      untilMs: files[index + 1]?.fromMs ?? Infinity,
    })
  }
  const [first, ...later] = keys
  if (first === undefined)
    throw new KeyError(`There is no key ${firstKeyName(use)} in ${folder}. Restore it from a backup.`)
  return [first, ...later]
}
