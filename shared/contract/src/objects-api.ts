import { z } from 'zod'
import { instantSchema, pageQuerySchema } from './paging.ts'

/** What files are for; the cloud's own table says their types, sizes and times. */
export const objectKinds = ['archive', 'export', 'document'] as const
export const objectKindSchema = z.enum(objectKinds)
export type ObjectKind = z.infer<typeof objectKindSchema>

/** What people hand in: drawings, manuals, scans. Each type with the endings of its files. */
export const documentTypes = {
  'application/pdf': ['pdf'],
  'text/plain': ['txt'],
  'text/markdown': ['md', 'markdown'],
  'image/png': ['png'],
  'image/jpeg': ['jpg', 'jpeg'],
} as const satisfies Readonly<Record<string, readonly string[]>>
export const documentBytesMax = 100_000_000

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'it must be a SHA-256 as 64 small hexadecimal digits')

/** Characters that nobody sees, those that turn the direction of writing, and those that make a path. */
const noName = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\]/u

export const documentNameSchema = z
  .string()
  .min(1)
  .max(200)
  .refine(
    (name) => name.isWellFormed() && !noName.test(name) && name !== '.' && name !== '..',
    'it may hold no "/", no "\\" and no character that is not seen',
  )
  // A Mac writes syllables and accents apart; the same name is to be the same file.
  .transform((name) => name.normalize('NFC'))
  .refine(
    (name) => encodeURIComponent(name).replaceAll(/%[0-9A-F]{2}/g, 'x').length <= 255,
    'it has more than 255 bytes; a Korean syllable has three',
  )

/** One of these takes the place of the one that has its name. */
export const newUploadSchema = z.object({
  name: documentNameSchema,
  content_type: z.enum(Object.keys(documentTypes) as [keyof typeof documentTypes]),
  bytes: z.number().int().min(1).max(documentBytesMax),
  sha256: sha256Schema,
})
export type NewUpload = z.input<typeof newUploadSchema>

/** Takes the bytes by PUT from whoever has it, once, when they come before it ends. */
export const uploadLinkSchema = z.object({ id: z.uuid(), path: z.string(), expires_at: instantSchema })
export type UploadLink = z.infer<typeof uploadLinkSchema>

export const storedObjectSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: objectKindSchema,
  content_type: z.string(),
  bytes: z.number().int(),
  sha256: sha256Schema,
  created_at: instantSchema,
  created_by: z.string(),
  /** Null: until somebody removes it. */
  expires_at: instantSchema.nullable(),
})
export type StoredFile = z.infer<typeof storedObjectSchema>

export const objectsQuerySchema = pageQuerySchema.extend({ kind: objectKindSchema.optional() })

const amountSchema = z.object({ bytes: z.number().int(), files: z.number().int() })
/** With what was promised to links for uploads that are still good. */
export const objectUsageSchema = z.object({ used: amountSchema, quota: amountSchema })
export type ObjectUsage = z.infer<typeof objectUsageSchema>

/** Null: what the cloud gives everybody. */
export const objectQuotaSchema = z.object({
  bytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).nullable(),
  files: z.number().int().min(0).max(100_000_000).nullable(),
})
export type ObjectQuota = z.infer<typeof objectQuotaSchema>
