import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyObject } from 'node:crypto'
import { OperationalError } from '@jidoka/base'
import {
  edgeIdSchema,
  exportPrivateKey,
  exportPublicKey,
  generateCourierKey,
  generateEdgeKey,
  importCourierPrivateKey,
  importPrivateKey,
  receiptKeySchema,
  trustListSchema,
  verifyTrustList,
} from '@jidoka/sync-protocol'
import type { EnrolmentResponse, ReceiptKey, TrustList } from '@jidoka/sync-protocol'
import { z } from 'zod'

/** Keys are rotated once a year; of those of a lifetime receipts are kept. */
const formerKeysMax = 64

const enrolledSchema = z.strictObject({
  edge_id: edgeIdSchema,
  tenant_id: z.string(),
  site_id: z.string(),
  /** Whose signature a receipt may bear. */
  receipt_keys: z.array(receiptKeySchema).min(1),
  /** The newest list of the cloud's keys; absent: none has come yet. */
  trust: trustListSchema.optional(),
  /** Keys that were believed before, for receipts that they signed: no new one is taken by them. */
  former_keys: z.array(receiptKeySchema).max(formerKeysMax).optional(),
  /** SHA-256 of the token that was used: another one in the configuration means that somebody wants to enrol again. */
  token_sha256: z.string(),
})
export type Enrolled = z.infer<typeof enrolledSchema>

/** Version 1 had no courier key: one is made when such a file is read. */
const identitySchema = z.discriminatedUnion('version', [
  z.strictObject({ version: z.literal(1), private_key: z.string(), enrolled: enrolledSchema.nullable() }),
  z.strictObject({
    version: z.literal(2),
    private_key: z.string(),
    courier_key: z.string(),
    enrolled: enrolledSchema.nullable(),
  }),
])

/**
 * Who this appliance is: an Ed25519 key to sign with and an X25519 key that courier files are encrypted to, made at the first start, which
 * never leave the folder, and what the cloud said when it took the appliance in. A file of its own beside the journal, mode 0600, so that a copy of the journal for
 * analysis holds no key.
 */
export class EdgeIdentity {
  readonly privateKey: KeyObject
  readonly publicKey: string
  readonly courierPrivateKey: KeyObject
  readonly courierPublicKey: string
  readonly #file: string
  #enrolled: Enrolled | null

  private constructor(file: string, privateKey: KeyObject, courierKey: KeyObject, enrolled: Enrolled | null) {
    this.#file = file
    this.privateKey = privateKey
    this.publicKey = exportPublicKey(privateKey)
    this.courierPrivateKey = courierKey
    this.courierPublicKey = exportPublicKey(courierKey)
    this.#enrolled = enrolled
  }

  /** Reads the identity of a data folder, or makes it. */
  static open(dataFolder: string): EdgeIdentity {
    const file = join(dataFolder, 'identity.json')
    if (!existsSync(file)) {
      const made = new EdgeIdentity(file, generateEdgeKey().privateKey, generateCourierKey().privateKey, null)
      made.#write()
      return made
    }
    try {
      const stored = identitySchema.parse(JSON.parse(readFileSync(file, 'utf8')))
      const courierKey =
        stored.version === 1 ? generateCourierKey().privateKey : importCourierPrivateKey(stored.courier_key)
      const read = new EdgeIdentity(file, importPrivateKey(stored.private_key), courierKey, stored.enrolled)
      if (stored.version === 1) read.#write()
      return read
    } catch (cause) {
      // What was wrong in it stays out of the message: it may quote the key.
      throw new OperationalError(
        `The identity ${file} cannot be read. Restore the file from a backup, or move it away and enrol this appliance again.`,
        {
          cause: cause instanceof z.ZodError || cause instanceof SyntaxError ? undefined : cause,
        },
      )
    }
  }

  get enrolled(): Enrolled | null {
    return this.#enrolled
  }

  /** Whether a token has not been used by this appliance yet. */
  isNewToken(token: string): boolean {
    return this.#enrolled?.token_sha256 !== sha256(token)
  }

  enrol(response: EnrolmentResponse, token: string): void {
    const { edge_id, tenant_id, site_id, receipt_keys } = response
    this.#enrolled = { edge_id, tenant_id, site_id, receipt_keys, token_sha256: sha256(token) }
    this.#write()
  }

  /** Takes a list of the cloud's keys over when a key that is believed already has signed it and it is newer. Returns whether it did. */
  believe(trust: TrustList): boolean {
    const enrolled = this.#enrolled
    if (enrolled === null || trust.version <= (enrolled.trust?.version ?? 0)) return false
    if (!verifyTrustList(trust, enrolled.receipt_keys)) return false
    const isGone = ({ key_id }: ReceiptKey) => !trust.receipt_keys.some((key) => key.key_id === key_id)
    const former_keys = [...enrolled.receipt_keys, ...(enrolled.former_keys ?? [])]
      .filter(isGone)
      .slice(0, formerKeysMax)
    this.#enrolled = { ...enrolled, receipt_keys: trust.receipt_keys, trust, former_keys }
    this.#write()
    return true
  }

  /** Whole or not at all: a torn file would cost the key. */
  #write(): void {
    const text = JSON.stringify({
      version: 2,
      private_key: exportPrivateKey(this.privateKey),
      courier_key: exportPrivateKey(this.courierPrivateKey),
      enrolled: this.#enrolled,
    } satisfies z.input<typeof identitySchema>)
    const temporary = `${this.#file}.new`
    const descriptor = openSync(temporary, 'w', 0o600)
    try {
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, this.#file)
  }
}

/** Also of receipts that were signed before a rotation. */
export const keysEverBelieved = ({ receipt_keys, former_keys = [] }: Enrolled): readonly ReceiptKey[] => [
  ...receipt_keys,
  ...former_keys,
]

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
