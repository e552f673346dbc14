import { z } from 'zod'
import { instantSchema } from './paging.ts'

/** Letters that need no escaping in a path, a log or a form. */
export const secretNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'a name has 1 to 63 small letters, digits, ".", "_" or "-"')

/** 16,000 letters of Hangul are 48 KB, below what may be sealed. */
export const secretLettersMax = 16_000

export const putSecretSchema = z.strictObject({
  /** What it is for; a value that was sealed for one purpose does not open for another. */
  purpose: secretNameSchema,
  value: z.string().min(1).max(secretLettersMax),
})

/** Of a secret everything but the secret: no route gives a value out. */
export const secretSchema = z.object({
  name: z.string(),
  purpose: z.string(),
  key_id: z.string(),
  version: z.number().int(),
  updated_at: instantSchema,
  updated_by: z.string(),
})
export type SecretSummary = z.infer<typeof secretSchema>

export const secretsSchema = z.object({
  secrets: z.array(secretSchema),
  /** How much of this tenant is sealed by each master key; what is not by the active one waits to be rewrapped. */
  keys: z.array(z.object({ key_id: z.string(), active: z.boolean(), sealed: z.number().int() })),
})
export type SecretList = z.infer<typeof secretsSchema>

export const newPiiSchema = z.strictObject({
  text: z.string().min(1).max(secretLettersMax),
  /** What the text belongs to: `alarm/0192...`. Stands in the audit as it is, so it names no person. */
  subject: z.string().regex(/^[\w./:-]{1,200}$/, 'a subject has 1 to 200 letters, digits, ".", "_", "/", ":" or "-"'),
})

export const maskedTextSchema = z.object({
  /** Null when nothing personal was found: then nothing is kept. */
  id: z.string().nullable(),
  text: z.string(),
  findings: z.array(
    z.object({
      kind: z.enum(['email', 'phone', 'resident_number', 'name']),
      from: z.number().int(),
      to: z.number().int(),
    }),
  ),
})
export type MaskedText = z.infer<typeof maskedTextSchema>

export const revealPiiSchema = z.strictObject({
  /** Stands in the audit beside who asked. */
  reason: z.string().trim().min(5).max(500),
})
export const revealedPiiSchema = z.object({ text: z.string(), subject: z.string(), kept_at: instantSchema })
