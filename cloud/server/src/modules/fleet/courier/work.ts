import { randomUUID } from 'node:crypto'
import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { checkCourier, CourierError } from '@jidoka/sync-protocol'
import type { CourierReaderOptions } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import { allTenantsOf } from '../../../platform/db/tenants.ts'
import type { CloudKeys } from '../../../platform/keys.ts'
import type { Ingestion } from '../ingestion.ts'
import { applyFile } from './apply.ts'
import type { MissingRows } from './apply.ts'
import { sentenceOfMissing } from './file-view.ts'
import { Hold, WorkEndedError } from './hold.ts'
import { courierDeskLimits } from './limits.ts'
import { piecesOf } from './pieces.ts'
import { tidy } from './repository.ts'
import { senderOf } from './sender.ts'
import { describeFile, endFile, listWorkable, setWaiting } from './work-repository.ts'

export interface CourierWorkParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly keys: Pick<CloudKeys, 'courier'>
  readonly ingestion: Pick<Ingestion, 'receiveInParts'>
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
  /** Names this process in the leases that it holds. */
  readonly #owner = randomUUID()
  /** Tenants that may have a file that can go on, in the order of their turns. */
  readonly #tenants = new Set<string>()
  #work: Promise<void> | null = null
  #cancel: () => void = () => undefined
  #isStopping = false

  constructor(parts: CourierWorkParts) {
    this.#parts = parts
  }

  start(): void {
    this.#later()
  }

  /** Ends after the piece or batch in hand. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#cancel()
    await this.#work
  }

  /** Works on everything that can go on, of this tenant and of those that came before; resolves when nothing can. */
  workOn(tenantId: string): Promise<void> {
    this.#tenants.add(tenantId)
    this.#work ??= this.#takeTurns()
    return this.#work
  }

  /** A file of each tenant in turn: one that brings a hundred of them holds nobody else up for longer than one. */
  async #takeTurns(): Promise<void> {
    for (;;) {
      const [tenantId] = this.#tenants
      if (tenantId === undefined || this.#isStopping) break
      this.#tenants.delete(tenantId)
      // Each file that moves may let another one go on, so it is looked again until nothing does.
      if (await this.#workOnNext(tenantId)) this.#tenants.add(tenantId)
    }
    this.#work = null
  }

  /** Returns whether a file of the tenant has come any further. */
  async #workOnNext(tenantId: string): Promise<boolean> {
    const { database, log } = this.#parts
    // A database that is away, or a file that fails: it stays as it is, those behind it go on, and the next look tries it again.
    const failed = (error: unknown, file?: string) =>
      log.error({ action: 'courier', tenant: tenantId, file, success: false }, describeError(error))
    try {
      for (const fileId of await database.withTenant(tenantId, (tx) => listWorkable(tx, this.#owner))) {
        if (this.#isStopping) return false
        try {
          if (await this.#workOnFile(tenantId, fileId)) return true
        } catch (error) {
          failed(error, fileId)
        }
      }
    } catch (error) {
      failed(error)
    }
    return false
  }

  async #workOnFile(tenantId: string, fileId: string): Promise<boolean> {
    const parts = { ...this.#parts, isStopping: () => this.#isStopping }
    const hold = await Hold.take(parts, tenantId, { fileId, owner: this.#owner })
    if (hold === null) return false
    try {
      if (hold.file.state !== 'checking' || (await this.#check(hold))) await this.#apply(hold)
      return true
    } catch (error) {
      if (error instanceof WorkEndedError) return false
      if (!(error instanceof CourierError)) throw error
      // Also what had been checked and is not right any more: the edge was revoked meanwhile, say.
      await this.#end(hold, error.message)
      return true
    } finally {
      await hold.end()
    }
  }

  /** Reads the whole file. False when it is refused. */
  async #check(hold: Hold): Promise<boolean> {
    const { database } = this.#parts
    const { file_id: fileId, edge_id: edgeId, epoch } = hold.file
    const { header, trailer } = await checkCourier(piecesOf(database, hold), readerOf(this.#parts, hold.tenantId))
    if (header.file_id !== fileId || header.edge_id !== edgeId || header.epoch !== epoch) {
      await this.#end(hold, 'The pieces are of another file than the one that was begun. Import it again.')
      return false
    }
    const { records = null, readings = null } = trailer.lanes ?? {}
    await hold.write((tx, holder) => describeFile(tx, holder, { batches: trailer.chunks, records, readings }))
    return true
  }

  async #apply(hold: Hold): Promise<void> {
    const { database, clock, ingestion, log } = this.#parts
    const { file_id: file, edge_id: edge } = hold.file
    const applied = await applyFile({ database, clock, ingestion, reader: readerOf(this.#parts, hold.tenantId) }, hold)
    if (applied.kind === 'waiting') await this.#wait(hold, applied.missing)
    else await this.#end(hold, applied.kind === 'refused' ? applied.problem : null)
    log.info({ action: 'courier.apply', file, edge, outcome: applied.kind }, `courier file ${applied.kind}`)
  }

  #wait(hold: Hold, missing: readonly MissingRows[]): Promise<void> {
    const of = (lane: MissingRows['lane']) => missing.find((rows) => rows.lane === lane)?.toSeq ?? null
    return hold.write((tx, holder) =>
      setWaiting(tx, holder, sentenceOfMissing(missing), { records: of('records'), readings: of('readings') }),
    )
  }

  /** @param problem null when it is done */
  #end(hold: Hold, problem: string | null): Promise<void> {
    const { clock, log } = this.#parts
    if (problem !== null) log.warn({ action: 'courier.refuse', file: hold.file.file_id }, problem)
    const state = problem === null ? 'done' : 'refused'
    return hold.write((tx, holder) =>
      endFile(tx, holder, { state, problem, at: new Date(clock.nowMs()).toISOString() }),
    )
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
    const untouchedSince = new Date(clock.nowMs() - courierDeskLimits.receivingDaysMax * 86_400_000).toISOString()
    try {
      for (const tenantId of await allTenantsOf(database)) {
        await database.withTenant(tenantId, (tx) => tidy(tx, untouchedSince))
        this.#tenants.add(tenantId)
      }
    } catch (error) {
      log.error({ action: 'courier', success: false }, describeError(error))
    }
    this.#work ??= this.#takeTurns()
    await this.#work
  }
}
