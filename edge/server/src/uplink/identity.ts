import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyObject } from 'node:crypto'
import { OperationalError } from '@jidoka/base'
import {
  edgeIdSchema,
  exportPrivateKey,
  exportPublicKey,
  generateEdgeKey,
  importPrivateKey,
  receiptKeySchema,
} from '@jidoka/sync-protocol'
import type { EnrolmentResponse } from '@jidoka/sync-protocol'
import { z } from 'zod'

const enrolledSchema = z.strictObject({
  edge_id: edgeIdSchema,
  tenant_id: z.string(),
  site_id: z.string(),
  /** Whose signature a receipt may bear. */
  receipt_keys: z.array(receiptKeySchema).min(1),
  /** SHA-256 of the token that was used: another one in the configuration means that somebody wants to enrol again. */
  token_sha256: z.string(),
})
export type Enrolled = z.infer<typeof enrolledSchema>

const identitySchema = z.strictObject({
  version: z.literal(1),
  private_key: z.string(),
  enrolled: enrolledSchema.nullable(),
})

/**
 * Who this appliance is: an Ed25519 key made at the first start, which never leaves the folder, and what the cloud said
 * when it took the appliance in. A file of its own beside the journal, mode 0600, so that a copy of the journal for
 * analysis holds no key.
 */
export class EdgeIdentity {
  readonly privateKey: KeyObject
  readonly publicKey: string
  readonly #file: string
  #enrolled: Enrolled | null

  private constructor(file: string, privateKey: KeyObject, enrolled: Enrolled | null) {
    this.#file = file
    this.privateKey = privateKey
    this.publicKey = exportPublicKey(privateKey)
    this.#enrolled = enrolled
  }

  /** Reads the identity of a data folder, or makes it. */
  static open(dataFolder: string): EdgeIdentity {
    const file = join(dataFolder, 'identity.json')
    if (!existsSync(file)) {
      const made = new EdgeIdentity(file, generateEdgeKey().privateKey, null)
      made.#write()
      return made
    }
    try {
      const stored = identitySchema.parse(JSON.parse(readFileSync(file, 'utf8')))
      return new EdgeIdentity(file, importPrivateKey(stored.private_key), stored.enrolled)
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

  /** Whole or not at all: a torn file would cost the key. */
  #write(): void {
    const text = JSON.stringify({
      version: 1,
      private_key: exportPrivateKey(this.privateKey),
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

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
