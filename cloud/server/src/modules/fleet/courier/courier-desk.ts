import type { Service } from '@jidoka/base'
import type { CourierFile } from '@jidoka/contract'
import { courierPieceBytes } from '@jidoka/contract'
import { CourierError, courierLimits, readCourierHeader } from '@jidoka/sync-protocol'
import type { Transaction } from '../../../platform/db/database.ts'
import { storableInstant } from '../../../platform/db/storable.ts'
import { ProblemError } from '../../../platform/http/problem.ts'
import type { AuditPort } from '../../audit/port.ts'
import { fileView } from './file-view.ts'
import { courierDeskLimits } from './limits.ts'
import * as repository from './repository.ts'
import type { CourierFileRow } from './repository.ts'
import { CourierWork, readerOf } from './work.ts'
import type { CourierWorkParts } from './work.ts'

export interface CourierDeskParts extends CourierWorkParts {
  readonly audit: AuditPort
}

/**
 * Files that people bring from appliances. A file comes in pieces, in any order, and lies in the database as it is, encrypted; once it is
 * whole it is read to its end and checked, and then applied. One that was torn or changed is refused as a whole; one whose rows begin
 * behind what is here waits for the file, or the line, that brings those before it.
 */
export class CourierDesk implements Service {
  readonly name = 'courier'
  readonly #parts: CourierDeskParts
  readonly #work: CourierWork

  constructor(parts: CourierDeskParts) {
    this.#parts = parts
    this.#work = new CourierWork(parts)
  }

  start(): Promise<void> {
    this.#work.start()
    return Promise.resolve()
  }

  /** Ends after the batch in hand. */
  stop(): Promise<void> {
    return this.#work.stop()
  }

  /**
   * Begins a file with its first piece, from which it is known who sends it; or goes on with one that was begun.
   * @param bytes of the whole file
   * @throws ProblemError `invalid_input`, `too_large`, `conflict`
   */
  async begin(tenantId: string, bytes: number, firstPiece: Uint8Array, by: string): Promise<CourierFile> {
    const { database, clock, audit } = this.#parts
    if (bytes > courierLimits.fileBytesMax)
      throw new ProblemError(
        'too_large',
        `A courier file has ${courierLimits.fileBytesMax} bytes at most. Export it again with a smaller --max-bytes.`,
      )
    if (firstPiece.length !== Math.min(bytes, courierPieceBytes))
      throw new ProblemError(
        'invalid_input',
        `The first piece has the first ${Math.min(bytes, courierPieceBytes)} bytes of the file. Send it whole.`,
      )
    const header = await asProblem(readCourierHeader([firstPiece], readerOf(this.#parts, tenantId)))
    const { file_id: fileId, edge_id: edgeId, epoch } = header
    if (epoch === null)
      throw new ProblemError('invalid_input', 'The courier file names no epoch. Export it again on the appliance.')
    const now = new Date(clock.nowMs()).toISOString()
    const pieces = Math.ceil(bytes / courierPieceBytes)
    const createdAt = storableInstant(header.created_at_ms)
    const begun = { file_id: fileId, edge_id: edgeId, epoch, bytes, pieces, created_at: createdAt }
    return database.withTenant(tenantId, async (tx) => {
      const known = await repository.lockFile(tx, fileId)
      if (known === null || known.state === 'refused') await checkRoom(tx, bytes)
      if (known?.state === 'refused') await repository.reopenFile(tx, fileId, bytes, pieces, now)
      const isNew = known === null && (await repository.insertFile(tx, { ...begun, begun_at: now, begun_by: by }))
      if (isNew)
        await audit.append(tx, {
          actor: by,
          action: 'courier.import',
          subject: edgeId,
          detail: { file_id: fileId, bytes },
        })
      const file = await repository.lockFile(tx, fileId)
      if (file === null) throw new Error('a courier file that was just begun is not there')
      // Whoever signs a file chooses its id: under one that is known it may be nobody else's, or its rows would be written as those of another.
      if (file.edge_id !== edgeId || file.epoch !== epoch)
        throw new ProblemError(
          'conflict',
          'A courier file with this id is here from another appliance, or from another epoch of this one. Export it again on the appliance.',
        )
      if (file.bytes !== bytes)
        throw new ProblemError(
          'conflict',
          `This file was begun with ${file.bytes} bytes and now has ${bytes}: one of the two is a part of it. Choose the whole one.`,
        )
      if (file.state === 'receiving') await this.#keepPiece(tx, file, 0, firstPiece, now)
      return this.#view(tx, fileId)
    })
  }

  /** Takes one piece; the last one that was missing sets the work on the file going. @throws ProblemError */
  async putPiece(tenantId: string, fileId: string, no: number, piece: Uint8Array): Promise<CourierFile> {
    const now = new Date(this.#parts.clock.nowMs()).toISOString()
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const file = await repository.lockFile(tx, fileId)
      if (file === null) throw notThere()
      if (file.state === 'receiving') await this.#keepPiece(tx, file, no, piece, now)
      return this.#view(tx, fileId)
    })
  }

  /** @throws ProblemError `not_found` */
  file(tenantId: string, fileId: string): Promise<CourierFile> {
    return this.#parts.database.withTenant(tenantId, (tx) => this.#view(tx, fileId))
  }

  /** Resolves once this process can take no file of the tenant any further: one that is done may be what another has waited for. */
  settle(tenantId: string): Promise<void> {
    return this.#work.workOn(tenantId)
  }

  files(tenantId: string): Promise<CourierFile[]> {
    return this.#parts.database.withTenant(tenantId, async (tx) =>
      (await repository.listFiles(tx)).map((row) => fileView(row, [])),
    )
  }

  /** Forgets a file that is not being worked on; what was applied of it stays. @throws ProblemError */
  async remove(tenantId: string, fileId: string, by: string): Promise<void> {
    await this.#parts.database.withTenant(tenantId, async (tx) => {
      const file = await repository.findFile(tx, fileId)
      if (file === null) throw notThere()
      if (!(await repository.deleteFile(tx, fileId)))
        throw new ProblemError('conflict', 'The file is being worked on. Wait until it is done.')
      await this.#parts.audit.append(tx, {
        actor: by,
        action: 'courier.remove',
        subject: file.edge_id,
        detail: { file_id: fileId, state: file.state },
      })
    })
  }

  async #keepPiece(tx: Transaction, file: CourierFileRow, no: number, piece: Uint8Array, now: string): Promise<void> {
    const { file_id: fileId, pieces, bytes } = file
    if (no >= pieces)
      throw new ProblemError('invalid_input', `The file has ${pieces} pieces, counted from 0. There is no piece ${no}.`)
    const length = no === pieces - 1 ? bytes - no * courierPieceBytes : courierPieceBytes
    if (piece.length !== length)
      throw new ProblemError(
        'invalid_input',
        `Piece ${no} has ${length} bytes; ${piece.length} came. Send it once more.`,
      )
    await repository.insertPiece(tx, fileId, no, piece, now)
    if ((await repository.piecesHere(tx, fileId)) < pieces) return
    if (await repository.beginWork(tx, fileId)) tx.afterCommit(() => void this.#work.workOn(tx.tenantId))
  }

  async #view(tx: Transaction, fileId: string): Promise<CourierFile> {
    const file = await repository.findFile(tx, fileId)
    if (file === null) throw notThere()
    const missing = file.state === 'receiving' ? await repository.piecesMissing(tx, fileId, file.pieces) : []
    return fileView(file, missing)
  }
}

const notThere = (): ProblemError =>
  new ProblemError('not_found', 'There is no such courier file. Import it from its beginning.')

async function checkRoom(tx: Transaction, bytes: number): Promise<void> {
  const { filesOpenMax, stagedBytesMax } = courierDeskLimits
  const open = await repository.openFiles(tx)
  if (open.count >= filesOpenMax)
    throw new ProblemError(
      'conflict',
      `${open.count} courier files are not done yet. Import what they wait for, or remove those that nobody needs.`,
    )
  if (open.bytes + bytes > stagedBytesMax)
    throw new ProblemError(
      'conflict',
      'The courier files that wait here fill what may be kept of them. Import what they wait for first, or remove some.',
    )
}

/** What is wrong with a file, as who sends it is told. */
async function asProblem<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (cause) {
    if (!(cause instanceof CourierError)) throw cause
    throw new ProblemError(cause.fault === 'too_large' ? 'too_large' : 'invalid_input', cause.message, { cause })
  }
}
