import type { ObjectKind } from '@jidoka/contract'
import { documentBytesMax, documentTypes } from '@jidoka/contract'
import { z } from 'zod'

const mebibyte = 1024 * 1024

export interface KindOfObject {
  readonly types: readonly string[]
  /** Of the plain bytes. Larger fills a disk before anybody looks. */
  readonly bytesMax: number
  /** Null: until somebody removes it. */
  readonly daysMax: number | null
}

/** What objects there may be. A module that has another kind adds its line, here and in the contract. */
export const objectKinds = {
  /** A month of a table that is no longer in the database. 50 million judgments are about 4 GiB. */
  archive: { types: ['application/vnd.apache.parquet'], bytesMax: 32_768 * mebibyte, daysMax: null },
  /** Made for somebody to fetch, and made again when it is wanted again. */
  export: {
    types: ['application/vnd.apache.parquet', 'text/csv', 'application/json', 'application/pdf'],
    bytesMax: 4_096 * mebibyte,
    daysMax: 7,
  },
  /** What people hand in: drawings, manuals, scans. */
  document: {
    types: Object.keys(documentTypes),
    bytesMax: documentBytesMax,
    daysMax: null,
  },
} as const satisfies Readonly<Record<ObjectKind, KindOfObject>>

export const keyBytesMax = 1_024
const segmentBytesMax = 255

/**
 * A path of names with "/" between. It names a row and never a file, so nothing that it holds can lead anywhere; what is refused is what
 * people would take for another key than it is, or what no tool can hold when the object is copied out.
 */
export const objectKeySchema = z
  .string()
  .min(1)
  .max(keyBytesMax)
  .superRefine((key, context) => {
    const message = mistakeIn(key)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

function mistakeIn(key: string): string | null {
  if (!key.isWellFormed()) return 'it holds half of a character'
  if (Buffer.byteLength(key) > keyBytesMax) return `it has more than ${keyBytesMax} bytes`
  // Control characters, those that turn the direction of writing, and those that are not seen.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/u.test(key)) return 'it holds a character that is not seen, or a "\\"'
  if (key.normalize('NFC') !== key) return 'its accents or syllables stand apart: write it in the form NFC'
  const segments = key.split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return 'a name between two "/" is missing, "." or ".."'
  if (segments.some((segment) => Buffer.byteLength(segment) > segmentBytesMax))
    return `a name between two "/" has more than ${segmentBytesMax} bytes`
  return null
}
