import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'

/** A week, as S3 allows; what is longer is no link but a publication. */
export const linkSecondsMax = 7 * 24 * 3_600

const fileNameSchema = z
  .string()
  .min(1)
  .max(120)
  .regex(/^[\p{L}\p{N} ._-]+$/u)

/** Ends, in seconds since 1970. */
const endSchema = z.number().int().positive()

const linkSchema = z.strictObject({
  t: tenantIdSchema,
  o: z.uuid(),
  e: endSchema,
  f: fileNameSchema.optional(),
})

const uploadSchema = z.strictObject({ t: tenantIdSchema, u: z.uuid(), e: endSchema })

export interface ObjectLink {
  readonly tenantId: string
  /** Of the object, not its key: what is stored under the key later is nobody's who has the link. */
  readonly id: string
  readonly expiresAtS: number
  readonly fileName: string | undefined
}

export interface UploadLinkSaid {
  readonly tenantId: string
  readonly id: string
  readonly expiresAtS: number
}

/** Ids and a file name, as JSON in base64, with the signature, come to some 800. */
export const linkLengthMax = 2_000

/** Signs what a link gives or takes. Whoever has it needs no other right, so it says which object, and until when. */
export class ObjectLinks {
  readonly #downloads: SignedTexts
  readonly #uploads: SignedTexts

  /** @param secret of the program, the same in all its processes: links have keys of their own that are made of it */
  constructor(secret: KeyObject) {
    this.#downloads = new SignedTexts(secret, 'links to objects 2')
    this.#uploads = new SignedTexts(secret, 'links for uploads 1')
  }

  sign({ tenantId, id, expiresAtS, fileName }: ObjectLink): string {
    const said = { t: tenantId, o: id, e: expiresAtS, ...(fileName === undefined ? {} : { f: fileName }) }
    return this.#downloads.sign(linkSchema.parse(said))
  }

  /** Null for one that is not ours, was changed, or has ended. */
  read(token: string, nowMs: number): ObjectLink | null {
    const said = this.#downloads.read(token)
    if (said === null) return null
    const { t: tenantId, o: id, e: expiresAtS, f: fileName } = linkSchema.parse(said)
    return expiresAtS * 1_000 > nowMs ? { tenantId, id, expiresAtS, fileName } : null
  }

  signUpload({ tenantId, id, expiresAtS }: UploadLinkSaid): string {
    return this.#uploads.sign(uploadSchema.parse({ t: tenantId, u: id, e: expiresAtS }))
  }

  /** As `read`. */
  readUpload(token: string, nowMs: number): UploadLinkSaid | null {
    const said = this.#uploads.read(token)
    if (said === null) return null
    const { t: tenantId, u: id, e: expiresAtS } = uploadSchema.parse(said)
    return expiresAtS * 1_000 > nowMs ? { tenantId, id, expiresAtS } : null
  }
}

/** JSON with a signature, of one purpose: what is signed for another is not read. */
class SignedTexts {
  readonly #key: Uint8Array

  constructor(secret: KeyObject, purpose: string) {
    const bytes = secret.export({ format: 'der', type: 'pkcs8' })
    this.#key = new Uint8Array(hkdfSync('sha256', bytes, 'jidoka', purpose, 32))
  }

  sign(said: object): string {
    const text = Buffer.from(JSON.stringify(said)).toString('base64url')
    return `${text}.${this.#signature(text).toString('base64url')}`
  }

  /** Null for one that is not ours, or was changed. */
  read(token: string): unknown {
    const [text, signature, more] = token.split('.')
    if (text === undefined || signature === undefined || more !== undefined || token.length > linkLengthMax) return null
    const given = Buffer.from(signature, 'base64url')
    const right = this.#signature(text)
    if (given.length !== right.length || !timingSafeEqual(given, right)) return null
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  }

  #signature(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}
