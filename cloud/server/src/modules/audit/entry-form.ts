import { createHash, timingSafeEqual } from 'node:crypto'
import { canonicalJson } from '@jidoka/base'
import { z } from 'zod'
import type { AuditKey } from './audit-key.ts'

/** An entry as what it is sealed by is computed over; `at` with microseconds, as the database keeps it: a change below the millisecond is one too. */
export const sealedEntrySchema = z.strictObject({
  tenant_id: z.string(),
  id: z.string(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
  edge_id: z.string().nullable(),
  epoch: z.string().nullable(),
  seq: z.number().nullable(),
})
export type SealedEntry = z.infer<typeof sealedEntrySchema>

/** Where the entry that a link is of was gone before it could be sealed, the link says so. */
export interface LinkForm {
  readonly position: number
  /** With microseconds, as the entry's. */
  readonly sealedAt: string
  readonly entryId: string
  readonly entry: SealedEntry | null
}

/** What the first link of a tenant follows. */
export const chainStart = Buffer.alloc(32)

export function hashOf(previous: Uint8Array, { position, sealedAt, entryId, entry }: LinkForm): Buffer {
  const text = canonicalJson({ position, sealed_at: sealedAt, entry_id: entryId, entry })
  return createHash('sha256').update('jidoka-audit-link-1\n').update(previous).update(text).digest()
}

/** Says that the program wrote the entry: whoever has the database alone cannot make one. */
export function macOf(key: AuditKey, entry: SealedEntry): Buffer {
  return key.mac(`jidoka-audit-entry-1\n${canonicalJson(entry)}`)
}

export function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}

/** `2026-11-21T09:00:00.000Z` as the database writes the same with microseconds. */
export const withMicroseconds = (iso: string): string => iso.replace(/\.(\d{3})Z$/, '.$1000Z')
