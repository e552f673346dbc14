import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Clock, Envelope, SecretPlace } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import type { Database, Transaction } from '../db/database.ts'
import { outsideRequest } from '../request-scope.ts'
import { purposeOfObject } from '../secrets/repository.ts'
import type { Blobs } from './blobs.ts'
import { blobName } from './blobs.ts'
import { objectKeySchema, objectKinds } from './kinds.ts'
import type { KindOfObject } from './kinds.ts'
import { linkSecondsMax } from './links.ts'
import type { ObjectLinks } from './links.ts'
import { damaged, ObjectError } from './object-error.ts'
import { demandRoom, lockQuota } from './quota.ts'
import type { QuotaDefault } from './quota.ts'
import type { NewObject, ObjectsPort, OpenObject, StoredObject } from './port.ts'
import * as repository from './repository.ts'
import type { ObjectRow } from './repository.ts'
import { chunkRange, dataKeyBytes, openChunks, sealChunks } from './sealed-chunks.ts'

const dayMs = 24 * 3_600_000
/** A page of a list. */
const listMax = 1_000

export interface ObjectStoreParts {
  readonly database: Database
  readonly blobs: Blobs
  readonly envelope: Envelope
  readonly clock: Clock
  readonly links: ObjectLinks
  readonly quota: QuotaDefault
  /** Told which limit something did not fit. */
  readonly overQuota?: (limit: 'bytes' | 'files') => void
}

const placeOf = (tenantId: string, id: string): SecretPlace => ({ tenant: tenantId, purpose: purposeOfObject, id })

/**
 * A row for each object, and its bytes sealed in a blob that is written once. The row comes first, as `writing`, and is `stored` when the blob is
 * whole: a process that dies leaves a row that says what to tidy, never a blob that nobody knows.
 */
export class ObjectStore implements ObjectsPort {
  readonly #parts: ObjectStoreParts

  constructor(parts: ObjectStoreParts) {
    this.#parts = parts
  }

  async put(tenantId: string, object: NewObject): Promise<StoredObject> {
    const { database, blobs, envelope } = this.#parts
    const key = objectKeySchema.parse(object.key)
    const kind: KindOfObject = objectKinds[object.kind]
    if (!kind.types.includes(object.contentType))
      throw new ObjectError(
        'refused',
        `An object of the kind "${object.kind}" cannot be of the type ${object.contentType}. It may be ${kind.types.join(', ')}.`,
      )
    const id = randomUUID()
    const dataKey = randomBytes(dataKeyBytes)
    const sealed = await envelope.seal(dataKey, placeOf(tenantId, id))
    const nowMs = this.#parts.clock.nowMs()
    const row = {
      id,
      key,
      kind: object.kind,
      contentType: object.contentType,
      sealedKey: sealed.bytes,
      keyId: sealed.keyId,
      at: new Date(nowMs).toISOString(),
      by: object.by,
      expiresAt: kind.daysMax === null ? null : new Date(nowMs + kind.daysMax * dayMs).toISOString(),
    }
    await database.withTenant(tenantId, async (tx) => {
      // Of what was declared the room is kept already. Nothing else knows how long it will be: what is full is known before it is written.
      if (object.declared === undefined) await demandRoom(tx, this.#quota(), { bytes: 1, files: 0 })
      await repository.insertWriting(tx, row)
    })
    const hash = createHash('sha256')
    let bytes = 0
    let whole: StoredObject | null = null
    try {
      const chunks = sealChunks(object.body, { dataKey, objectId: id }, (piece) => {
        object.signal?.throwIfAborted()
        bytes += piece.length
        if (bytes > kind.bytesMax)
          throw new ObjectError(
            'refused',
            `An object of the kind "${object.kind}" has at most ${kind.bytesMax} bytes. Store less at once.`,
          )
        if (object.declared !== undefined && bytes > object.declared.bytes) throw undeclared(object.declared)
        hash.update(piece)
      })
      await blobs.write(blobName(tenantId, id), chunks)
      const written = { bytes, sha256: hash.digest('hex'), at: this.#now() }
      const { sealedKey: _, keyId: __, at: createdAt, by: createdBy, ...rest } = row
      const stored = { ...rest, createdAt, createdBy, bytes, sha256: written.sha256 }
      if (object.declared !== undefined && !isDeclared(stored, object.declared)) throw undeclared(object.declared)
      whole = stored
      await database.withTenant(tenantId, async (tx) => {
        await lockQuota(tx)
        // What is thrown within the transaction leaves the object that had the key.
        const finished = await repository.finishWriting(tx, id, written)
        if (finished === null)
          throw new ObjectError('unavailable', 'Writing the object took so long that it was given up. Try again.')
        if (finished.replaced !== null) this.#eraseBehind(tx, finished.replaced)
        await object.also?.(tx, stored)
        await demandRoom(tx, this.#quota(), { bytes: 0, files: 0 })
      })
      return whole
    } catch (error) {
      const isStored = await this.#discard(tenantId, id)
      if (isStored && whole !== null) return whole
      throw error
    } finally {
      dataKey.fill(0)
    }
  }

  async open(tenantId: string, key: string): Promise<OpenObject | null> {
    const row = await this.#row(tenantId, key)
    return row === null ? null : this.#opened(tenantId, row)
  }

  async openById(tenantId: string, id: string): Promise<OpenObject | null> {
    const row = await this.#parts.database.withTenant(tenantId, (tx) => repository.findById(tx, id, this.#now()))
    return row === null ? null : this.#opened(tenantId, row)
  }

  async #opened(tenantId: string, row: ObjectRow): Promise<OpenObject> {
    const dataKey = await this.#parts.envelope.open(row.sealedKey, placeOf(tenantId, row.id))
    const chunkKey = { dataKey, objectId: row.id }
    const missing = () => this.#missing(tenantId, row.id)
    const read = async function* (blobs: Blobs, from: number, to: number) {
      const { index, offset, length } = chunkRange(row.bytes, from, to)
      const sealed = await blobs.read(blobName(tenantId, row.id), offset, length)
      if (sealed === null) throw await missing()
      yield* openChunks(sealed, chunkKey, { index, length, bytes: row.bytes })
    }
    const { blobs } = this.#parts
    return {
      object: plainOf(row),
      stream: () => Readable.from(checked(read(blobs, 0, row.bytes), row), { objectMode: false }),
      slice: async (from, to) => {
        const [begin, end] = [Math.max(0, from), Math.min(to, row.bytes)]
        if (begin >= end) return new Uint8Array(0)
        const { skip } = chunkRange(row.bytes, begin, end)
        const chunks: Buffer[] = []
        for await (const chunk of read(blobs, begin, end)) chunks.push(chunk)
        return new Uint8Array(Buffer.concat(chunks)).slice(skip, skip + end - begin)
      },
    }
  }

  /** Why there is no blob of what was opened: it goes behind the commit that says so. */
  async #missing(tenantId: string, id: string): Promise<ObjectError> {
    const row = await this.#parts.database.withTenant(tenantId, (tx) => repository.findById(tx, id, this.#now()))
    return row === null
      ? new ObjectError('unavailable', 'The object was replaced or removed while it was read. Open it again.')
      : damaged('it is no longer there')
  }

  async find(tenantId: string, key: string): Promise<StoredObject | null> {
    const row = await this.#row(tenantId, key)
    return row === null ? null : plainOf(row)
  }

  async findWith(tx: Transaction, key: string): Promise<StoredObject | null> {
    const row = await repository.findStored(tx, key, this.#now())
    return row === null ? null : plainOf(row)
  }

  async remove(tenantId: string, key: string): Promise<boolean> {
    const id = await this.#parts.database.withTenant(tenantId, (tx) => repository.removeStored(tx, key, this.#now()))
    if (id === null) return false
    await this.erase(tenantId, id)
    return true
  }

  async removeWith(tx: Transaction, key: string): Promise<boolean> {
    const id = await repository.removeStored(tx, key, this.#now())
    if (id === null) return false
    this.#eraseBehind(tx, id)
    return true
  }

  async list(
    tenantId: string,
    { prefix, after, limit }: { readonly prefix: string; readonly after: string | null; readonly limit: number },
  ): Promise<StoredObject[]> {
    const query = { prefix, after, limit: Math.min(limit, listMax), at: this.#now() }
    const rows = await this.#parts.database.withTenant(tenantId, (tx) => repository.listStored(tx, query))
    return rows.map(plainOf)
  }

  presign(
    tenantId: string,
    id: string,
    { seconds, fileName }: { readonly seconds: number; readonly fileName?: string },
  ): { readonly path: string; readonly expiresAt: string } {
    const expiresAtS = Math.floor(this.#parts.clock.nowMs() / 1_000) + Math.min(seconds, linkSecondsMax)
    const token = this.#parts.links.sign({ tenantId, id, expiresAtS, fileName })
    return {
      path: cloudPaths.objectLink.replace('{token}', token),
      expiresAt: new Date(expiresAtS * 1_000).toISOString(),
    }
  }

  /** The blob of a row that is `removing`, then the row. @throws ObjectError `unavailable`: the row stays, and says so to the next that tidies */
  async erase(tenantId: string, id: string): Promise<void> {
    await this.#parts.blobs.remove(blobName(tenantId, id))
    await this.#parts.database.withTenant(tenantId, (tx) => repository.deleteRow(tx, id))
  }

  /** Behind the commit, which says that it shall go: it counts no longer, and takes up room until it is erased. What cannot be erased now is tidied later. */
  #eraseBehind(tx: Transaction, id: string): void {
    tx.afterCommit(() => void this.erase(tx.tenantId, id).catch(() => undefined))
  }

  /**
   * After a failure, whose error is the one to be told: what cannot be erased now is tidied later.
   * @returns whether it is stored all the same, and was left as it is
   */
  async #discard(tenantId: string, id: string): Promise<boolean> {
    try {
      // A sender that goes away ends its request, and is not to leave its pieces for a day.
      return await outsideRequest(async () => {
        const isStored = await this.#parts.database.withTenant(tenantId, (tx) =>
          repository.giveUpWriting(tx, id, this.#now()),
        )
        if (!isStored) await this.erase(tenantId, id)
        return isStored
      })
    } catch {
      return false
    }
  }

  #row(tenantId: string, key: string): Promise<ObjectRow | null> {
    return this.#parts.database.withTenant(tenantId, (tx) => repository.findStored(tx, key, this.#now()))
  }

  #quota() {
    const { quota, overQuota } = this.#parts
    return { quota, at: this.#now(), refused: (limit: 'bytes' | 'files') => overQuota?.(limit) }
  }

  #now(): string {
    return new Date(this.#parts.clock.nowMs()).toISOString()
  }
}

function plainOf(row: ObjectRow): StoredObject {
  const { sealedKey: _, ...object } = row
  return object
}

type Declared = NonNullable<NewObject['declared']>

const isDeclared = ({ bytes, sha256 }: Declared, declared: Declared): boolean =>
  bytes === declared.bytes && sha256 === declared.sha256

const undeclared = ({ bytes, sha256 }: Declared) =>
  new ObjectError(
    'refused',
    `What came is not what was declared: ${bytes} bytes with the SHA-256 ${sha256}. Nothing of it was kept; send the file that was declared, or ask for a link for this one.`,
  )

/** Holds the last chunk back until the digest of all is known to be the right one. */
async function* checked(chunks: AsyncIterable<Buffer>, { sha256 }: StoredObject): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let held: Buffer | undefined
  for await (const chunk of chunks) {
    if (held !== undefined) yield held
    hash.update(chunk)
    held = chunk
  }
  if (hash.digest('hex') !== sha256) throw damaged('its digest is not the one that was noted')
  if (held !== undefined) yield held
}
