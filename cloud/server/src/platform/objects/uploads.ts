import { createHash, randomUUID } from 'node:crypto'
import type { Clock } from '@jidoka/base'
import type { NewUpload, StoredFile, UploadLink } from '@jidoka/contract'
import { cloudPaths, newUploadSchema } from '@jidoka/contract'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database, Transaction } from '../db/database.ts'
import { ProblemError } from '../http/problem.ts'
import { nameOf } from './desk.ts'
import { objectKeySchema } from './kinds.ts'
import type { ObjectLinks } from './links.ts'
import type { UploadMetrics } from './object-metrics.ts'
import type { ObjectsPort } from './port.ts'
import { demandRoom, lockQuota } from './quota.ts'
import type { QuotaParts } from './quota.ts'
import * as repository from './upload-repository.ts'
import type { UploadRow } from './upload-repository.ts'

/** A quarter of an hour to begin: long enough to pass a link on to a script; until then its room is taken. */
const linkSeconds = 900
/** A line that breaks four times; each attempt may fill the room of one file once more until it has failed. */
export const attemptsMax = 5

export interface UploadParts {
  readonly database: Database
  readonly objects: ObjectsPort
  readonly audit: AuditPort
  readonly clock: Clock
  readonly links: ObjectLinks
  readonly quota: Omit<QuotaParts, 'at'>
  readonly metrics: UploadMetrics
}

/** What comes by a link. */
export interface Delivery {
  readonly token: string
  /** As its sender says; null where it does not. */
  readonly bytesSaid: number | null
  readonly body: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
}

/** Another attempt at the same link was faster: both brought the same bytes. */
class OutrunError extends Error {}

/** Links by which whoever has one can put the file that it was made for, once. */
export class ObjectUploads {
  readonly #parts: UploadParts

  constructor(parts: UploadParts) {
    this.#parts = parts
  }

  /** Keeps the room until the file has come or the link has ended. @throws ObjectError `full` */
  ask(tenantId: string, upload: NewUpload, by: string): Promise<UploadLink> {
    const { database, audit, clock, links, quota } = this.#parts
    const { name, content_type: contentType, bytes, sha256 } = newUploadSchema.parse(upload)
    const key = objectKeySchema.parse(`documents/${name}`)
    const id = randomUUID()
    const nowMs = clock.nowMs()
    const expiresAtS = Math.floor(nowMs / 1_000) + linkSeconds
    const [at, expiresAt] = [new Date(nowMs).toISOString(), new Date(expiresAtS * 1_000).toISOString()]
    return database.withTenant(tenantId, async (tx) => {
      await lockQuota(tx)
      await demandRoom(tx, { ...quota, at }, { bytes, files: 1 })
      const row = { id, key, kind: 'document' as const, contentType, bytes, sha256, createdBy: by, expiresAt }
      await repository.insertUpload(tx, row, at)
      await audit.append(tx, { actor: by, action: 'object.upload_link', subject: id, detail: { name, bytes, sha256 } })
      const path = cloudPaths.objectUpload.replace('{token}', links.signUpload({ tenantId, id, expiresAtS }))
      return { id, path, expires_at: expiresAt }
    })
  }

  /** The same answer as often as the same bytes come. @throws ProblemError, ObjectError */
  async take(delivery: Delivery): Promise<StoredFile> {
    const { metrics } = this.#parts
    try {
      return await this.#take(delivery)
    } catch (error) {
      metrics.uploads.inc({ outcome: 'failed' })
      throw error
    }
  }

  async #take({ token, bytesSaid, body, signal }: Delivery): Promise<StoredFile> {
    const { database, objects, clock, links, metrics } = this.#parts
    const link = links.readUpload(token, clock.nowMs())
    if (link === null) throw ended()
    const { tenantId, id } = link
    const row = await database.withTenant(tenantId, (tx) =>
      repository.beginAttempt(tx, id, { at: this.#now(), attemptsMax }),
    )
    if (row === null) throw ended()
    if (bytesSaid !== null && bytesSaid !== row.bytes)
      throw new ProblemError(
        'invalid_input',
        `The link is for ${row.bytes} bytes, and ${bytesSaid} would come. Send the file that was declared, or ask for a link for this one.`,
      )
    const received = whole(body)
    if (row.objectId !== null) {
      await demandSame(received, row)
      metrics.uploads.inc({ outcome: 'repeated' })
      return shownOf(row)
    }
    try {
      await objects.put(tenantId, {
        key: row.key,
        kind: row.kind,
        contentType: row.contentType,
        by: row.createdBy,
        body: received,
        signal,
        declared: row,
        also: (tx, stored) => this.#note(tx, row, stored.id),
      })
      metrics.uploads.inc({ outcome: 'stored' })
    } catch (error) {
      if (!(error instanceof OutrunError)) throw error
      metrics.uploads.inc({ outcome: 'repeated' })
    }
    const stored = await database.withTenant(tenantId, (tx) => repository.findUpload(tx, id))
    if (stored === null) throw ended()
    return shownOf(stored)
  }

  async #note(tx: Transaction, { id, key, bytes, sha256, createdBy }: UploadRow, objectId: string): Promise<void> {
    if (!(await repository.markStored(tx, id, objectId, this.#now()))) throw new OutrunError()
    const detail = { name: nameOf(key), bytes, sha256 }
    await this.#parts.audit.append(tx, { actor: createdBy, action: 'object.upload', subject: objectId, detail })
  }

  #now(): string {
    return new Date(this.#parts.clock.nowMs()).toISOString()
  }
}

const ended = () =>
  new ProblemError('not_found', 'The link has ended, was changed, or was tried too often. Ask for a new one.')

const shownOf = (row: UploadRow): StoredFile => ({
  id: row.objectId ?? row.id,
  name: nameOf(row.key),
  kind: row.kind,
  content_type: row.contentType,
  bytes: row.bytes,
  sha256: row.sha256,
  created_at: row.storedAt ?? row.expiresAt,
  created_by: row.createdBy,
  expires_at: null,
})

/** A line that breaks is the sender's to hear of, and no mistake of ours. */
async function* whole(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    throw new ProblemError(
      'invalid_input',
      'The file was cut off on its way. Nothing of it was kept; send it again by the same link.',
      { cause },
    )
  }
}

/** Reads no more than was stored. */
async function demandSame(body: AsyncIterable<Uint8Array>, { bytes, sha256 }: UploadRow): Promise<void> {
  const hash = createHash('sha256')
  let length = 0
  for await (const piece of body) {
    length += piece.length
    if (length > bytes) break
    hash.update(piece)
  }
  if (length === bytes && hash.digest('hex') === sha256) return
  throw new ProblemError('conflict', 'The link has been used, and for other bytes than these. Ask for a new one.')
}
