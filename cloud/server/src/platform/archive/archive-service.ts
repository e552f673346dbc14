import type { Clock } from '@jidoka/base'
import type { Archive, ArchivableTable, ArchiveRow, ArchiveSettings, ObjectLinkAnswer } from '@jidoka/contract'
import { restoredRowsMax } from '@jidoka/contract'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database, Transaction } from '../db/database.ts'
import { ProblemError } from '../http/problem.ts'
import type { ObjectsPort } from '../objects/port.ts'
import { pageOf } from '../paging.ts'
import type { PageKey } from '../paging.ts'
import { rowsOfParquet } from './parquet.ts'
import * as repository from './repository.ts'
import type { ArchiveEntry } from './repository.ts'

/** What is looked at again is not kept again. */
const restoredDays = 30
const dayMs = 24 * 3_600_000
/** Rows that are inserted or deleted in one transaction. */
const batchRows = 5_000
/** What a request takes away before it is answered: some seconds. The rest is for a job. */
const batchesOfRequest = 10
/** Long enough to pass a link on and to begin the download. */
const linkSeconds = 900

export interface ArchiveServiceParts {
  readonly database: Database
  readonly objects: ObjectsPort
  readonly audit: AuditPort
  readonly clock: Clock
  /** Has `restore` run once the transaction is committed, here or in another process. */
  readonly startRestore: (tx: Transaction, id: string, by: string) => Promise<void>
  /** For which of these archives that waits or runs. */
  readonly restoresUnderWay: (tx: Transaction, ids: readonly string[]) => Promise<ReadonlySet<string>>
  /** Has `takeAway` run, as `startRestore` does. */
  readonly startTakeAway: (tx: Transaction, id: string, by: string) => Promise<void>
}

export class ArchiveService {
  readonly #parts: ArchiveServiceParts

  constructor(parts: ArchiveServiceParts) {
    this.#parts = parts
  }

  async settings(tenantId: string): Promise<ArchiveSettings> {
    return { tables: await this.#parts.database.withTenant(tenantId, repository.settingsOf) }
  }

  putSettings(tenantId: string, tables: readonly ArchivableTable[], by: string): Promise<void> {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      await repository.putSettings(tx, tables, { at: this.#now(), by })
      await this.#note(tx, 'archive.settings', 'tables', by, { tables })
    })
  }

  list(
    tenantId: string,
    page: { readonly after: PageKey | null; readonly limit: number },
  ): Promise<{ rows: Archive[]; next: string | null }> {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const entries = await repository.listArchives(tx, { ...page, limit: page.limit + 1 })
      const { rows, next } = pageOf(entries, page.limit, ({ from: at, id }) => ({ at, id }))
      const restoring = rows.flatMap((entry) => (entry.restore_state === 'restoring' ? [entry.id] : []))
      const underWay = await this.#parts.restoresUnderWay(tx, restoring)
      return { rows: rows.map((entry) => this.#shown(entry, underWay)), next }
    })
  }

  link(tenantId: string, id: string, by: string): Promise<ObjectLinkAnswer> {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const { object_key: key, partition } = await found(tx, id)
      const file = await this.#parts.objects.findWith(tx, key)
      if (file === null)
        throw new ProblemError(
          'not_found',
          'The file of the archive is not there. Look at the log of this cloud for why.',
        )
      await this.#note(tx, 'archive.link', id, by, { partition })
      const { path, expiresAt } = this.#parts.objects.presign(tenantId, file.id, {
        seconds: linkSeconds,
        fileName: `${partition}.parquet`,
      })
      return { path, expires_at: expiresAt }
    })
  }

  /** @throws ProblemError `not_found`, `conflict` */
  async askRestore(tenantId: string, id: string, by: string): Promise<void> {
    await this.#parts.database.withTenant(tenantId, async (tx) => {
      const archive = await found(tx, id, true)
      if (archive.rows > restoredRowsMax)
        throw new ProblemError(
          'conflict',
          `It has ${archive.rows} rows; at most ${restoredRowsMax} are read back. Download the file instead.`,
        )
      const isUnderWay = (await this.#parts.restoresUnderWay(tx, [id])).has(id)
      if (this.#isThere(archive) && (archive.restore_state === 'restored' || isUnderWay))
        throw new ProblemError('conflict', 'Its rows are there already, or on their way.')
      // Rows that are on their way out are counted in again: they are the beginning of the same file.
      const until = new Date(this.#parts.clock.nowMs() + restoredDays * dayMs).toISOString()
      await repository.setRestoration(tx, id, { state: 'restoring', by, until })
      await this.#note(tx, 'archive.restore', id, by, { partition: archive.partition, rows: archive.rows })
      await this.#parts.startRestore(tx, id, by)
    })
  }

  /** Reads the file back. Ended anywhere, it goes on behind the last row that is there. Returns how many rows are there. */
  async restore(
    tenantId: string,
    id: string,
    { signal, told }: { readonly signal: AbortSignal; readonly told: (done: number, total: number) => void },
  ): Promise<number> {
    const { database, objects } = this.#parts
    const { archive, last } = await database.withTenant(tenantId, async (tx) => ({
      archive: await found(tx, id),
      last: await repository.lastRestored(tx, id),
    }))
    if (archive.restore_state !== 'restoring') return last
    const open = await objects.open(tenantId, archive.object_key)
    if (open === null) throw new ProblemError('not_found', 'The file of the archive is gone. Restore it from a backup.')
    let no = 0
    for await (const rows of rowsOfParquet({ bytes: open.object.bytes, slice: (from, to) => open.slice(from, to) })) {
      for (let at = 0; at < rows.length; at += batchRows) {
        const batch = rows.slice(at, at + batchRows)
        no += batch.length
        if (no <= last) continue
        signal.throwIfAborted()
        const isWanted = await database.withTenant(tenantId, async (tx) => {
          // Somebody may have taken it back meanwhile.
          const now = await repository.findArchive(tx, id, true)
          if (now === null || now.restore_state !== 'restoring' || !this.#isThere(now)) return false
          await repository.insertRestored(tx, id, no - batch.length + 1, batch)
          return true
        })
        if (!isWanted) return no - batch.length
        told(no, archive.rows)
      }
    }
    await database.withTenant(tenantId, async (tx) => {
      const now = await found(tx, id, true)
      if (now.restore_state !== 'restoring' || now.restored_until === null) return
      await repository.setRestoration(tx, id, {
        state: 'restored',
        by: now.restored_by ?? '',
        until: now.restored_until,
      })
    })
    return no
  }

  rows(tenantId: string, id: string, page: { readonly after: number; readonly limit: number }): Promise<ArchiveRow[]> {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const archive = await found(tx, id)
      if (!this.#isThere(archive))
        throw new ProblemError('conflict', 'Its rows are in the file alone. Have them read back first, or download it.')
      return repository.listRestored(tx, id, page)
    })
  }

  /** Over for everybody who looks at once; what is left of many rows goes by a job. */
  async endRestore(tenantId: string, id: string, by: string): Promise<void> {
    await this.#parts.database.withTenant(tenantId, async (tx) => {
      const archive = await found(tx, id, true)
      if (archive.restore_state === null)
        throw new ProblemError('conflict', 'Its rows are in the file alone: nothing is to be taken back.')
      // Also for the job that tidies, should this process not get to the end.
      await repository.setRestoration(tx, id, { state: archive.restore_state, by, until: this.#now() })
      await this.#note(tx, 'archive.restore_end', id, by, { partition: archive.partition })
    })
    if (await this.#takeBack(tenantId, id, { batchesMax: batchesOfRequest })) return
    await this.#parts.database.withTenant(tenantId, (tx) => this.#parts.startTakeAway(tx, id, by))
  }

  /** All of what `endRestore` has left. */
  async takeAway(tenantId: string, id: string, signal: AbortSignal): Promise<void> {
    await this.#takeBack(tenantId, id, { signal })
  }

  /** The entry and the file. @throws ProblemError `not_found`, `conflict` */
  async remove(tenantId: string, id: string, by: string): Promise<void> {
    await this.#parts.database.withTenant(tenantId, async (tx) => {
      const { object_key: key, partition, rows, restore_state: state } = await found(tx, id, true)
      if (state !== null)
        throw new ProblemError(
          'conflict',
          'Its rows were read back. Take them away first, and wait until they are gone.',
        )
      // Noted before it is erased, and all of it or nothing: the bytes go when this is committed.
      await this.#note(tx, 'archive.remove', id, by, { partition, rows })
      await this.#parts.objects.removeWith(tx, key)
      await repository.deleteArchive(tx, id)
    })
  }

  /** Of restorations whose time is over. Returns how many. */
  async tidy(tenantId: string, signal: AbortSignal): Promise<number> {
    const over = await this.#parts.database.withTenant(tenantId, (tx) => repository.restorationsOver(tx, this.#now()))
    for (const id of over) {
      signal.throwIfAborted()
      await this.#takeBack(tenantId, id, { signal })
    }
    return over.length
  }

  /** False while there are more than it was to take. */
  async #takeBack(
    tenantId: string,
    id: string,
    { batchesMax = Infinity, signal }: { readonly batchesMax?: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    for (let batch = 0; batch < batchesMax; batch++) {
      signal?.throwIfAborted()
      const isLeft = await this.#parts.database.withTenant(tenantId, async (tx) => {
        const archive = await repository.findArchive(tx, id, true)
        // Somebody may have asked for them again meanwhile.
        if (archive === null || archive.restore_state === null || this.#isThere(archive)) return false
        const count = await repository.deleteRestored(tx, id, batchRows)
        if (count < batchRows) await repository.setRestoration(tx, id, null)
        return count === batchRows
      })
      if (!isLeft) return true
    }
    return false
  }

  #isThere({ restore_state: state, restored_until: until }: ArchiveEntry): boolean {
    return state !== null && until !== null && Date.parse(until) > this.#parts.clock.nowMs()
  }

  #shown(entry: ArchiveEntry, underWay: ReadonlySet<string>): Archive {
    const { object_key: _, restore_state: kept, restored_by: by, restored_until: until, ...archive } = entry
    if (kept === null || by === null || until === null) return { ...archive, restoration: null }
    const isStopped = kept === 'restoring' && !underWay.has(entry.id)
    const state = !this.#isThere(entry) ? 'ending' : isStopped ? 'stopped' : kept
    return { ...archive, restoration: { state, by, until } }
  }

  #note(tx: Transaction, action: string, subject: string, actor: string, detail: Record<string, unknown>) {
    return this.#parts.audit.append(tx, { actor, action, subject, detail })
  }

  #now(): string {
    return new Date(this.#parts.clock.nowMs()).toISOString()
  }
}

async function found(tx: Transaction, id: string, lock = false): Promise<ArchiveEntry> {
  const archive = await repository.findArchive(tx, id, lock)
  if (archive === null) throw new ProblemError('not_found', 'There is no such archive. Look at the list for its id.')
  return archive
}
