import type { Readable } from 'node:stream'
import { tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'

/**
 * Where sealed bytes lie: a folder or a bucket. It knows nothing of keys, types and tenants' words: a blob's name is made here of the tenant and
 * the object's id, never of what somebody wrote. All throw ObjectError `unavailable`.
 */
export interface Blobs {
  readonly kind: 'folder' | 's3'
  /** Whole or not at all; a name is written once. */
  write(name: string, body: AsyncIterable<Uint8Array>): Promise<void>
  /** Null when there is none. */
  read(name: string, offset: number, length: number): Promise<Readable | null>
  /** Also what is left of a write that was ended; nothing happens when there is none. */
  remove(name: string): Promise<void>
  /** Throws when nothing could be written now. */
  check(): Promise<void>
}

const idSchema = z.uuid()

export const blobName = (tenantId: string, objectId: string): string =>
  `${tenantIdSchema.parse(tenantId)}/${idSchema.parse(objectId)}`
