import { canonicalJson } from '@jidoka/base'
import { exportPublicKey, importPublicKey, publicKeySchema } from '@jidoka/sync-protocol'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { KeyRing } from '../../platform/key-ring.ts'
import { AuditKey, isSigned } from './audit-key.ts'
import { isSame, macOf } from './entry-form.ts'
import type { SealedEntry } from './entry-form.ts'

/** A key by which checkpoints are believed, and of which time. */
export interface BelievedKey {
  readonly publicKey: KeyObject
  readonly fromMs: number
  readonly untilMs: number
}
/** By its id; null of one that nobody knows. */
export type FindKey = (keyId: string) => BelievedKey | null

/** Public keys and when each came into force, null of the first; signed by each of them, so that whoever knows any one believes the others. */
export const keyListSchema = z.strictObject({
  keys: z
    .array(z.strictObject({ key_id: z.string(), public_key: publicKeySchema, from: z.iso.datetime().nullable() }))
    .min(1)
    .max(1_000),
  signatures: z.array(z.string().regex(/^[0-9a-f]{128}$/)).max(1_000),
})
export type KeyList = z.infer<typeof keyListSchema>

const listText = (keys: KeyList['keys']): string => `jidoka-audit-keys-1\n${canonicalJson(keys)}`

/** How long behind the end of a key an entry may be sealed that was written with it: its process had not read the folder, or nobody sealed for a while. */
const sealedLaterMs = 3_600_000
/** What a process knows of the folder is no older than this when it signs. */
const freshMs = 60_000

/** The keys that the log is sealed with, one after the other in time. */
export class AuditKeys {
  readonly #ring: KeyRing
  readonly #made = new Map<string, AuditKey>()
  #readAtMs = 0

  constructor(ring: KeyRing) {
    this.#ring = ring
  }

  get active(): AuditKey {
    return this.#keyOf(this.#ring.active)
  }

  /** Of a checkpoint that says this time. */
  at(ms: number): AuditKey {
    return this.#keyOf(this.#ring.at(ms))
  }

  /**
   * By how far the chain had come in time, as ids and times of entries are what their writers say. A younger key is nobody's but ours at any time.
   * @param reachedMs the latest time in the chain up to its link
   */
  isOurs(entry: SealedEntry, mac: Uint8Array, reachedMs: number): boolean {
    return this.#ring.all.some(
      (key) => reachedMs < key.untilMs + sealedLaterMs && isSame(macOf(this.#keyOf(key), entry), mac),
    )
  }

  /** When keys ended that others have followed. */
  get endsMs(): number[] {
    return this.#ring.all.map(({ untilMs }) => untilMs).filter(Number.isFinite)
  }

  /** The last one by which no new entry counts any more, and since when; null while there is none. */
  closed(nowMs: number): { readonly keyId: string; readonly sinceMs: number } | null {
    const key = this.#ring.all.findLast(({ untilMs }) => untilMs + sealedLaterMs <= nowMs)
    return key === undefined ? null : { keyId: key.keyId, sinceMs: key.untilMs + sealedLaterMs }
  }

  find: FindKey = (keyId) => this.#ring.all.find((key) => key.keyId === keyId) ?? null

  /** For who checks an export without the folder. */
  list(): KeyList {
    const keys = this.#ring.all.map(({ keyId, publicKey, fromMs }) => ({
      key_id: keyId,
      public_key: exportPublicKey(publicKey),
      from: Number.isFinite(fromMs) ? new Date(fromMs).toISOString() : null,
    }))
    const text = listText(keys)
    return { keys, signatures: this.#ring.all.map((key) => this.#keyOf(key).sign(text).toString('hex')) }
  }

  /** Whoever was asleep while a key was made must not sign with the one before. @throws KeyError */
  async refresh(nowMs: number): Promise<void> {
    if (Math.abs(nowMs - this.#readAtMs) < freshMs) return
    await this.#ring.reload()
    this.#readAtMs = nowMs
  }

  #keyOf(pair: KeyRing['active']): AuditKey {
    const known = this.#made.get(pair.keyId)
    if (known !== undefined) return known
    const key = new AuditKey(pair)
    this.#made.set(pair.keyId, key)
    return key
  }
}

export interface ListedKeys {
  readonly find: FindKey
  /** When the key that is trusted came into force. */
  readonly trustedFromMs: number
}

/** The keys of a list, if the one that is trusted is in it and has signed it; null when not. */
export function readKeyList({ keys, signatures }: KeyList, trusted: KeyObject): ListedKeys | null {
  const trustedText = exportPublicKey(trusted)
  const text = listText(keys)
  const known = keys.find(({ public_key: key }) => key === trustedText)
  if (known === undefined || !signatures.some((signature) => isSigned(trusted, text, Buffer.from(signature, 'hex'))))
    return null
  const find: FindKey = (keyId) => {
    const index = keys.findIndex(({ key_id: id }) => id === keyId)
    const key = keys[index]
    if (key === undefined) return null
    const fromMs = startOf(key)
    const next = keys[index + 1]?.from
    return {
      publicKey: importPublicKey(key.public_key),
      fromMs,
      untilMs: next === undefined || next === null ? Infinity : Date.parse(next),
    }
  }
  return { find, trustedFromMs: startOf(known) }
}

const startOf = ({ from }: KeyList['keys'][number]): number => (from === null ? -Infinity : Date.parse(from))
