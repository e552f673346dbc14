import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { codeOf } from '../db/unavailable.ts'
import { hasDefault, moreIndexesOf, partitionsIn, retiredSchema } from './catalogue.ts'
import type { PartitionInDatabase } from './catalogue.ts'
import type { Partitions } from './partitions.ts'
import { monthOf, startOfMonthMs } from './periods.ts'
import type { Period } from './periods.ts'
import { partitionedTables } from './tables.ts'
import type { PartitionedTable } from './tables.ts'

const dayMs = 24 * 3_600_000
/**
 * Detached of one table in one run. A clock that is set years ahead by mistake would take everything in one night; with two, each night, there are days
 * to notice. What was off for years catches up two months a day.
 */
const detachedMax = 2
/** A lock of the whole table is waited for no longer than this, as everybody who comes meanwhile waits behind; the next run tries again. */
const lockMs = 2_000
const lockNotAvailable = '55P03'

export interface RetiredPartition {
  readonly table: string
  /** With its schema. */
  readonly name: string
  readonly shortName: string
  readonly period: Period
}

/** Keeps the rows of a partition for the tenants that ask for it. */
export interface Archivist {
  /** Throws unless each of them has all of its rows; done before, it does nothing. */
  archive(partition: RetiredPartition, database: Database, signal: AbortSignal): Promise<void>
}

export interface KeepParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly partitions: Partitions
  readonly archivist: Archivist
  readonly tables?: Readonly<Record<string, PartitionedTable>>
}

export interface KeepReport {
  cooled: number
  detached: number
  dropped: number
  /** Partitions that a later run must look at again; the log says why. */
  failed: number
}

/**
 * Makes partitions ahead; takes all indexes but the primary key from those that are no longer hot; detaches those whose time is over, lets their rows be
 * archived, and drops them. What is done stands in the database's own catalogue: killed anywhere, the next run goes on from there.
 */
export async function keepPartitions(
  parts: KeepParts,
  signal: AbortSignal = new AbortController().signal,
  told: (partition: string) => void = () => undefined,
): Promise<KeepReport> {
  const report: KeepReport = { cooled: 0, detached: 0, dropped: 0, failed: 0 }
  await parts.partitions.makeAhead()
  for (const database of parts.database.each())
    for (const [table, spec] of Object.entries(parts.tables ?? partitionedTables))
      await keepTable({ ...parts, database }, table, spec, { report, signal, told })
  return report
}

interface Run {
  readonly report: KeepReport
  readonly signal: AbortSignal
  readonly told: (partition: string) => void
}

async function keepTable(parts: KeepParts, table: string, spec: PartitionedTable, run: Run): Promise<void> {
  const { database, clock, log, archivist } = parts
  const { report, signal, told } = run
  const nowMs = clock.nowMs()
  const oldest = monthOf(nowMs) - spec.monthsKept
  let detached = 0
  for (const partition of await partitionsIn(database, table, spec)) {
    if (signal.aborted) return
    try {
      const isOver = partition.period.toMonth <= oldest
      if (isOver && partition.isAttached && (partition.isHalfDetached || detached < detachedMax)) {
        told(partition.name)
        await detach(database, table, partition)
        detached++
        report.detached++
      } else if (partition.isAttached) {
        if (
          startOfMonthMs(partition.period.toMonth) + spec.daysHot * dayMs <= nowMs &&
          (await cool(database, partition))
        )
          report.cooled++
        continue
      }
      // A name of a time that is not over, and not attached: somebody took it out by hand, and knows why.
      if (!isOver) continue
      told(partition.name)
      const name = await retire(database, partition)
      await archivist.archive({ ...partition, table, name }, database, signal)
      signal.throwIfAborted()
      await database.asOwner(`drop table ${name}`)
      report.dropped++
      log.info({ action: 'partitions.drop', success: true, partition: name }, 'its time was over')
    } catch (error) {
      if (signal.aborted) return
      report.failed++
      log.error({ action: 'partitions.keep', success: false, partition: partition.name }, describeError(error))
    }
  }
}

/** False when there was nothing to do. Concurrently: nobody waits, and a run that is killed leaves at most an index that is not used. */
async function cool(database: Database, { name }: PartitionInDatabase): Promise<boolean> {
  const indexes = await moreIndexesOf(database, name)
  for (const index of indexes) await database.asOwner(`drop index concurrently if exists ${index}`)
  return indexes.length > 0
}

/** Puts a detached partition aside. Row-level security shows each tenant its own rows there, as it did when they were part of the whole. */
async function retire(database: Database, { name, shortName }: PartitionInDatabase): Promise<string> {
  const retired = `${retiredSchema}.${shortName}`
  if (name !== retired) await database.asOwner(`alter table ${name} set schema ${retiredSchema}`)
  await database.asOwner(`grant select on ${retired} to jidoka_app`)
  // Of what was written long ago nothing may be known any more, and each batch that is archived would sort the whole of it.
  await database.asOwner(`analyze ${retired}`)
  return retired
}

/** @throws when the table is so busy that the lock was not to be had */
async function detach(database: Database, table: string, { name, isHalfDetached }: PartitionInDatabase): Promise<void> {
  if (isHalfDetached) {
    await database.asOwner(`alter table ${table} detach partition ${name} finalize`)
    return
  }
  // PostgreSQL does not detach concurrently where there is a default partition, whose bounds change with it.
  if (!(await hasDefault(database, table))) {
    await database.asOwner(`alter table ${table} detach partition ${name} concurrently`)
    return
  }
  try {
    await database.asOwner(
      `do $$ begin perform set_config('lock_timeout', '${lockMs}ms', true); execute 'alter table ${table} detach partition ${name}'; end $$`,
    )
  } catch (error) {
    if (!(error instanceof Error && codeOf(error.cause) === lockNotAvailable)) throw error
    throw new Error(`the table was in use for more than ${lockMs / 1_000} s; the next run tries again`, {
      cause: error,
    })
  }
}
