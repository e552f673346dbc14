import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeError } from '@jidoka/base'
import { exportPublicKey, signTrustList } from '@jidoka/sync-protocol'
import type { ReceiptKey, ReceiptSigner, TrustList } from '@jidoka/sync-protocol'
import { z } from 'zod'
import { KeyError, readKey, writeKey } from './key-file.ts'
import { datedKeys, firstKeyName, inUseAt, isoSeconds, laterKeyName } from './key-names.ts'

const use = 'receipts'
/** What was handed on last, so that a list that is another has a higher version, also after a restart. */
const listFile = 'trust.json'
/** As many as a trust list may hold. */
const keysMax = 16

const listSchema = z.strictObject({ version: z.number().int().positive(), key_ids: z.array(z.string()).min(1) })

interface RingKey {
  readonly keyId: string
  readonly privateKey: KeyObject
  readonly file: string
  readonly fromMs: number
}

interface RingState {
  /** In the order in which they sign. */
  readonly keys: readonly RingKey[]
  readonly active: RingKey
  readonly trust: TrustList
}

/**
 * The keys that receipts are signed with: one signs, the others are older ones, or the next. What edges are told to believe is signed by the oldest:
 * whoever has ever believed a list that it is in believes the newest list too, however long it was away. Read anew now and then, so that a rotation
 * reaches every process that shares the folder without a restart.
 */
export class ReceiptKeys implements ReceiptSigner {
  readonly #folder: string
  readonly #courierKey: string
  readonly #nowMs: () => number
  #state: RingState

  private constructor(folder: string, courierKey: string, nowMs: () => number, state: RingState) {
    this.#folder = folder
    this.#courierKey = courierKey
    this.#nowMs = nowMs
    this.#state = state
  }

  /** @throws KeyError */
  static async open(folder: string, courier: KeyObject, nowMs: () => number): Promise<ReceiptKeys> {
    const courierKey = exportPublicKey(courier)
    if (datedKeys(folder, use).length === 0) makeKey(folder, firstKeyName(use))
    return new ReceiptKeys(folder, courierKey, nowMs, await stateOf(folder, courierKey, nowMs()))
  }

  get keyId(): string {
    return this.#state.active.keyId
  }

  get privateKey(): KeyObject {
    return this.#state.active.privateKey
  }

  /** What edges are told to believe when they enrol; the one that signs first. */
  get all(): readonly ReceiptKey[] {
    const { keys, active } = this.#state
    return [active, ...keys.filter((key) => key !== active)].map(receiptKeyOf)
  }

  get trust(): TrustList {
    return this.#state.trust
  }

  /** Reads the folder anew. @throws KeyError; what was read before stays in force then. */
  async reload(): Promise<void> {
    this.#state = await stateOf(this.#folder, this.#courierKey, this.#nowMs())
  }

  /**
   * Makes the next key, to sign from the end of the grace on. Until then edges hear of it by their cursors.
   * @throws KeyError while another one waits to sign, or where there are too many
   */
  async rotate(graceMs: number): Promise<{ readonly keyId: string; readonly signsFrom: string }> {
    await this.reload()
    const nowMs = this.#nowMs()
    const { keys } = this.#state
    const waiting = keys.find(({ fromMs }) => fromMs > nowMs)
    if (waiting !== undefined)
      throw new KeyError(
        `The key ${waiting.file} does not sign yet; it will from ${new Date(waiting.fromMs).toISOString()} on. Wait for it, or remove the file first.`,
      )
    if (keys.length >= keysMax)
      throw new KeyError(
        `There are ${keys.length} keys for receipts, and edges can be told of no more. Move the oldest out of the folder (${keys[0]?.file}); edges that have been away since before the next one enrol again.`,
      )
    makeKey(this.#folder, laterKeyName(use, nowMs + graceMs))
    await this.reload()
    return { keyId: this.#state.keys.at(-1)?.keyId ?? '', signsFrom: isoSeconds(nowMs + graceMs) }
  }
}

function makeKey(folder: string, name: string): void {
  writeKey(join(folder, name), generateKeyPairSync('ed25519').privateKey)
}

async function stateOf(folder: string, courierKey: string, nowMs: number): Promise<RingState> {
  const keys: RingKey[] = []
  for (const { file, fromMs } of datedKeys(folder, use)) {
    const { keyId, privateKey } = await readKey(join(folder, file), 'ed25519')
    keys.push({ keyId, privateKey, file, fromMs })
  }
  const [oldest] = keys
  if (oldest === undefined)
    throw new KeyError(`There is no key for receipts in ${folder}. Restore receipts.pem from a backup.`)
  // Before any may sign, the oldest does: a folder of which the first key was taken out too early still works.
  const active = inUseAt(keys, nowMs) ?? oldest
  const version = versionOf(folder, keys)
  const trust = signTrustList({ version, receipt_keys: keys.map(receiptKeyOf), courier_key: courierKey }, oldest)
  return { keys, active, trust }
}

/** A set of keys that was not handed on before gets the next version; a folder that has only ever had one key needs no file, and may be read-only. */
function versionOf(folder: string, keys: readonly RingKey[]): number {
  const file = join(folder, listFile)
  const keyIds = keys.map(({ keyId }) => keyId)
  const known = existsSync(file) ? readList(file) : null
  if (known === null && keys.length === 1) return 1
  if (known !== null && JSON.stringify(known.key_ids) === JSON.stringify(keyIds)) return known.version
  const version = (known?.version ?? 1) + 1
  const fresh = `${file}.${process.pid}`
  try {
    writeFileSync(fresh, JSON.stringify({ version, key_ids: keyIds }), { mode: 0o600 })
    renameSync(fresh, file)
  } catch (cause) {
    throw new KeyError(
      `The list of keys ${file} cannot be written: ${describeError(cause)}. Make the folder writable and try again.`,
      { cause },
    )
  }
  return version
}

function readList(file: string): z.infer<typeof listSchema> {
  try {
    return listSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new KeyError(
      `The list of keys ${file} cannot be read: ${describeError(cause)}. Restore it from a backup: with a lower version edges would not take newer keys.`,
      { cause },
    )
  }
}

const receiptKeyOf = ({ keyId, privateKey }: RingKey): ReceiptKey => ({
  key_id: keyId,
  public_key: exportPublicKey(createPublicKey(privateKey)),
})
