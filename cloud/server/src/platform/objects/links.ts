import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'
import { objectKeySchema } from './kinds.ts'

/** A week, as S3 allows; what is longer is no link but a publication. */
export const linkSecondsMax = 7 * 24 * 3_600

const fileNameSchema = z
  .string()
  .min(1)
  .max(120)
  .regex(/^[\p{L}\p{N} ._-]+$/u)

const linkSchema = z.strictObject({
  t: tenantIdSchema,
  k: objectKeySchema,
  /** Ends, in seconds since 1970. */
  e: z.number().int().positive(),
  f: fileNameSchema.optional(),
})

export interface ObjectLink {
  readonly tenantId: string
  readonly key: string
  readonly expiresAtS: number
  readonly fileName: string | undefined
}

/** 1,024 bytes of key and a file name, as JSON in base64, with the signature. */
export const linkLengthMax = 6_000

/** Signs what a link gives. Whoever has it needs no other right, so it says which object, and until when. */
export class ObjectLinks {
  readonly #key: Uint8Array

  /** @param secret of the program, the same in all its processes: links have a key of their own that is made of it */
  constructor(secret: KeyObject) {
    const bytes = secret.export({ format: 'der', type: 'pkcs8' })
    this.#key = new Uint8Array(hkdfSync('sha256', bytes, 'jidoka', 'links to objects 1', 32))
  }

  sign({ tenantId, key, expiresAtS, fileName }: ObjectLink): string {
    const said = linkSchema.parse({
      t: tenantId,
      k: key,
      e: expiresAtS,
      ...(fileName === undefined ? {} : { f: fileName }),
    })
    const text = Buffer.from(JSON.stringify(said)).toString('base64url')
    return `${text}.${this.#signature(text).toString('base64url')}`
  }

  /** Null for one that is not ours, was changed, or has ended. */
  read(token: string, nowMs: number): ObjectLink | null {
    const [text, signature, more] = token.split('.')
    if (text === undefined || signature === undefined || more !== undefined || token.length > linkLengthMax) return null
    const given = Buffer.from(signature, 'base64url')
    const right = this.#signature(text)
    if (given.length !== right.length || !timingSafeEqual(given, right)) return null
    const {
      t: tenantId,
      k: key,
      e: expiresAtS,
      f: fileName,
    } = linkSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    return expiresAtS * 1_000 > nowMs ? { tenantId, key, expiresAtS, fileName } : null
  }

  #signature(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}
