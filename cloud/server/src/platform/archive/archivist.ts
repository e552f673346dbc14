import { randomUUID } from 'node:crypto'
import type { Clock, Log } from '@jidoka/base'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database } from '../db/database.ts'
import type { ObjectsPort, StoredObject } from '../objects/port.ts'
import type { Archivist, RetiredPartition } from '../partitions/keep.ts'
import { startOfMonthMs } from '../partitions/periods.ts'
import { parquetOf, rowsOfParquet } from './parquet.ts'
import * as repository from './repository.ts'
import { RowDigest } from './row-digest.ts'
import { archivedTables, isArchivable } from './tables.ts'
import type { ArchivedRow, ArchivedTable } from './tables.ts'

export interface ArchivistParts {
  readonly objects: ObjectsPort
  readonly audit: AuditPort
  readonly clock: Clock
  readonly log: Log
}

const system = 'system: archive'

/**
 * Writes the rows of a retired partition to a file for each tenant that asks for it. The entry of an archive is written when the file was read back and has as
 * many rows as the database counts, the same as were read from it: killed before, the next run writes the file anew; killed behind, it has nothing to do.
 */
export class PartitionArchivist implements Archivist {
  readonly #parts: ArchivistParts

  constructor(parts: ArchivistParts) {
    this.#parts = parts
  }

  async archive(partition: RetiredPartition, database: Database, signal: AbortSignal): Promise<void> {
    if (!isArchivable(partition.table)) return
    const spec = archivedTables[partition.table]
    for (const tenantId of await repository.tenantsThatKeep(database, partition.table)) {
      signal.throwIfAborted()
      const rows = await rowsToKeep(database, tenantId, partition, spec)
      if (rows > 0) await this.#keep({ tenantId, database, partition, spec, rows, signal })
    }
    await repository.demandArchives(database, partition)
  }

  async #keep({
    tenantId,
    database,
    partition,
    spec,
    rows,
    signal,
  }: {
    readonly tenantId: string
    readonly database: Database
    readonly partition: RetiredPartition
    readonly spec: ArchivedTable
    readonly rows: number
    readonly signal: AbortSignal
  }): Promise<void> {
    const { objects, audit, clock, log } = this.#parts
    const { table, shortName, period } = partition
    if (!isArchivable(table)) return
    const written = new RowDigest(spec)
    const stored = await objects.put(tenantId, {
      key: `archives/${shortName}.parquet`,
      kind: 'archive',
      contentType: 'application/vnd.apache.parquet',
      by: system,
      signal,
      body: parquetOf(spec, noted(batchesOf(database, tenantId, partition.name, spec), written)),
    })
    const digest = await this.#readBack(tenantId, stored, spec, signal)
    if (written.rows !== rows || digest.rows !== rows || digest.hex() !== written.hex())
      throw new Error(
        `the archive of ${shortName} for ${tenantId} is not what the database holds: ${rows} rows counted, ${written.rows} written, ${digest.rows} read back. The partition stays; the next run writes the archive anew`,
      )
    await database.withTenant(tenantId, async (tx) => {
      const id = randomUUID()
      await repository.insertArchive(tx, {
        id,
        table,
        partition: shortName,
        from: new Date(startOfMonthMs(period.fromMonth)).toISOString(),
        to: new Date(startOfMonthMs(period.toMonth)).toISOString(),
        rows,
        bytes: stored.bytes,
        digest: digest.hex(),
        object_key: stored.key,
        archived_at: new Date(clock.nowMs()).toISOString(),
      })
      const detail = { partition: shortName, rows, digest: digest.hex() }
      await audit.append(tx, { actor: system, action: 'archive.write', subject: id, detail })
    })
    log.info({ action: 'archive.write', success: true, tenant: tenantId, partition: shortName, rows }, 'read back')
  }

  async #readBack(tenantId: string, { key, id }: StoredObject, spec: ArchivedTable, signal: AbortSignal) {
    const digest = new RowDigest(spec)
    const open = await this.#parts.objects.open(tenantId, key)
    if (open === null || open.object.id !== id)
      throw new Error(`somebody else writes the archive ${key} at the same time`)
    for await (const rows of rowsOfParquet({ bytes: open.object.bytes, slice: (from, to) => open.slice(from, to) })) {
      signal.throwIfAborted()
      for (const row of rows) digest.add(row)
    }
    return digest
  }
}

/** 0 where its archive is there already, and where there is nothing to keep. */
function rowsToKeep(
  database: Database,
  tenantId: string,
  { name, shortName }: RetiredPartition,
  { count }: ArchivedTable,
): Promise<number> {
  return database.withTenant(tenantId, async (tx) => {
    if (await repository.isArchived(tx, shortName)) return 0
    const [row] = await tx.query<{ rows: number }>(count.replace('{partition}', name))
    return row?.rows ?? 0
  })
}

type Batched = ArchivedRow & { readonly next: string }

/** Each batch a transaction of its own: none is open while the file is written. */
async function* batchesOf(
  database: Database,
  tenantId: string,
  partition: string,
  { batch, after, batchRows }: ArchivedTable,
): AsyncGenerator<Batched[]> {
  for (let next: string | null = null; ;) {
    const text = batch.replace('{partition}', partition).replace('{after}', next === null ? '' : after)
    const values = next === null ? [batchRows] : [batchRows, next]
    const rows: Batched[] = await database.withTenant(tenantId, (tx) => tx.query<Batched>(text, values))
    next = rows.at(-1)?.next ?? null
    if (next === null) return
    yield rows
  }
}

async function* noted(batches: AsyncIterable<Batched[]>, digest: RowDigest): AsyncGenerator<Batched[]> {
  for await (const rows of batches) {
    for (const row of rows) digest.add(row)
    yield rows
  }
}
