import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { checkCourier, CourierError } from '@jidoka/sync-protocol'
import type { CourierReaderOptions } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import { allTenantsOf } from '../../../platform/db/tenants.ts'
import type { CloudKeys } from '../../../platform/keys.ts'
import type { Ingestion } from '../ingestion.ts'
import { findCursors } from '../lane-repository.ts'
import { applyFile } from './apply.ts'
import type { MissingRows } from './apply.ts'
import { sentenceOfMissing } from './file-view.ts'
import { courierDeskLimits } from './limits.ts'
import { piecesOf } from './pieces.ts'
import * as repository from './repository.ts'
import type { CourierFileRow } from './repository.ts'
import { senderOf } from './sender.ts'

export interface CourierWorkParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly keys: Pick<CloudKeys, 'courier'>
  readonly ingestion: Pick<Ingestion, 'receive'>
}

/** Who may send a file to this cloud for a tenant, and the key to open it. */
export const readerOf = (
  { database, keys }: Pick<CourierWorkParts, 'database' | 'keys'>,
  tenantId: string,
): CourierReaderOptions => ({
  as: 'cloud',
  recipientKey: keys.courier,
  senderKey: async (header) => (await senderOf(database, tenantId, header)).public_key,
})

/** Checks and applies the files that are whole, one at a time in this process, and each in one process at a time. */
export class CourierWork {
  readonly #parts: CourierWorkParts
  #work: Promise<void> = Promise.resolve()
  #cancel: () => void = () => undefined
  #isStopping = false

  constructor(parts: CourierWorkParts) {
    this.#parts = parts
  }

  start(): void {
    this.#later()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#cancel()
    await this.#work
  }

  /** Works on everything that can go on; resolves when nothing can. */
  workOn(tenantId: string): Promise<void> {
    this.#work = this.#work
      .then(() => this.#workOn(tenantId))
      // A database that is away: the files stay as they are, and the next look goes on with them.
      .catch((error: unknown) => this.#parts.log.error({ action: 'courier', success: false }, describeError(error)))
    return this.#work
  }

  async #workOn(tenantId: string): Promise<void> {
    // Each file that is done may let another one go on, so it is looked again until nothing moves.
    for (let isMoving = true; isMoving && !this.#isStopping;) {
      isMoving = false
      const files = await this.#parts.database.withTenant(tenantId, (tx) =>
        repository.listFilesIn(tx, ['checking', 'applying', 'waiting']),
      )
      for (const file of files) if (await this.#workOnFile(tenantId, file)) isMoving = true
    }
  }

  /** Returns whether the file has come any further. */
  async #workOnFile(tenantId: string, file: CourierFileRow): Promise<boolean> {
    const { database, clock } = this.#parts
    if (this.#isStopping) return false
    const { file_id: fileId } = file
    if (file.state === 'waiting' && !(await this.#canGoOn(tenantId, file))) return false
    const [now, until] = [clock.nowMs(), clock.nowMs() + courierDeskLimits.leaseMs].map((ms) =>
      new Date(ms).toISOString(),
    )
    const isOurs = await database.withTenant(tenantId, (tx) => repository.lease(tx, fileId, now ?? '', until ?? ''))
    if (!isOurs) return false
    try {
      if (file.state === 'checking' && !(await this.#check(tenantId, file))) return true
      return await this.#apply(tenantId, file)
    } catch (error) {
      if (!(error instanceof CourierError)) throw error
      // What had been checked and now is not: the edge was revoked meanwhile, say.
      await this.#refuse(tenantId, fileId, error.message)
      return true
    }
  }

  async #canGoOn(tenantId: string, file: CourierFileRow): Promise<boolean> {
    const cursors = await this.#parts.database.withTenant(tenantId, (tx) => findCursors(tx, file.edge_id, file.epoch))
    const missingTo = { records: file.records_missing_to, readings: file.readings_missing_to }
    return cursors.some(({ lane, received_seq }) => received_seq >= (missingTo[lane] ?? Number.POSITIVE_INFINITY))
  }

  /** Reads the whole file. False when it is refused. */
  async #check(tenantId: string, { file_id: fileId, pieces, epoch }: CourierFileRow): Promise<boolean> {
    const { database } = this.#parts
    const { header, trailer } = await checkCourier(
      piecesOf(database, { tenantId, fileId, pieces }),
      readerOf(this.#parts, tenantId),
    )
    if (header.file_id !== fileId || header.epoch !== epoch) {
      await this.#refuse(
        tenantId,
        fileId,
        'The pieces are of another file than the one that was begun. Import it again.',
      )
      return false
    }
    const { records = null, readings = null } = trailer.lanes ?? {}
    await database.withTenant(tenantId, (tx) =>
      repository.describeFile(tx, fileId, { batches: trailer.chunks, records, readings }),
    )
    return true
  }

  async #apply(tenantId: string, file: CourierFileRow): Promise<boolean> {
    const { database, clock, ingestion, log } = this.#parts
    const { file_id: fileId } = file
    const reader = readerOf(this.#parts, tenantId)
    const isStopping = () => this.#isStopping
    const applied = await applyFile({ database, clock, ingestion, reader, isStopping }, tenantId, file)
    if (applied.kind === 'stopped') return false
    if (applied.kind === 'refused') await this.#refuse(tenantId, fileId, applied.problem)
    else if (applied.kind === 'waiting') await this.#wait(tenantId, fileId, applied.missing)
    else
      await database.withTenant(tenantId, async (tx) => {
        await repository.setState(tx, fileId, 'done', { endedAt: new Date(clock.nowMs()).toISOString() })
        await repository.deletePieces(tx, fileId)
      })
    log.info(
      { action: 'courier.apply', file: fileId, edge: file.edge_id, outcome: applied.kind },
      `courier file ${applied.kind}`,
    )
    return true
  }

  #wait(tenantId: string, fileId: string, missing: readonly MissingRows[]): Promise<void> {
    const of = (lane: MissingRows['lane']) => missing.find((rows) => rows.lane === lane)?.toSeq ?? null
    return this.#parts.database.withTenant(tenantId, (tx) =>
      repository.setWaiting(tx, fileId, sentenceOfMissing(missing), {
        records: of('records'),
        readings: of('readings'),
      }),
    )
  }

  #refuse(tenantId: string, fileId: string, problem: string): Promise<void> {
    const { database, clock, log } = this.#parts
    log.warn({ action: 'courier.refuse', file: fileId }, problem)
    return database.withTenant(tenantId, async (tx) => {
      await repository.setState(tx, fileId, 'refused', { problem, endedAt: new Date(clock.nowMs()).toISOString() })
      await repository.deletePieces(tx, fileId)
    })
  }

  #later(): void {
    this.#cancel = this.#parts.clock.after(courierDeskLimits.lookEveryMs, () => {
      void this.#lookAround().finally(() => {
        if (!this.#isStopping) this.#later()
      })
    })
  }

  async #lookAround(): Promise<void> {
    const { database, clock, log } = this.#parts
    try {
      const untouchedSince = new Date(clock.nowMs() - courierDeskLimits.receivingDaysMax * 86_400_000).toISOString()
      for (const tenantId of await allTenantsOf(database)) {
        await database.withTenant(tenantId, (tx) => repository.tidy(tx, untouchedSince))
        await this.workOn(tenantId)
      }
    } catch (error) {
      log.error({ action: 'courier', success: false }, describeError(error))
    }
  }
}
