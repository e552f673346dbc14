import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { hasDefault, partitionsIn, retiredSchema } from './catalogue.ts'
import type { PartitionInDatabase } from './catalogue.ts'
import { indexesOfHot, reindex } from './indexes.ts'
import { isLockNotAvailable, lateRowsIn, periodOfLate, takeLate } from './late.ts'
import type { LateRows } from './late.ts'
import { openMovesAt } from './open-moves.ts'
import type { OpenMoves } from './open-moves.ts'
import type { Partitions } from './partitions.ts'
import { monthOf, periodOf, startOfMonthMs } from './periods.ts'
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
  /** Partitions that were given indexes, or had some taken away. */
  reindexed: number
  detached: number
  dropped: number
  /** Rows that came when their month was no longer kept, taken out of the default partition. */
  late: number
  /** Partitions that a later run must look at again; the log says why. */
  failed: number
  /** The first of them, and why. */
  firstFailed?: string
  why?: string
}

/**
 * Makes partitions ahead; gives the indexes of the default partition to those that are hot, and takes all but the primary key from others; detaches those whose time is over, lets
 * their rows be archived, and drops them, and rows that came when their month was gone likewise. What is done stands in the database's own catalogue: killed anywhere, the next run goes on
 * from there.
 */
export async function keepPartitions(
  parts: KeepParts,
  signal: AbortSignal = new AbortController().signal,
  told: (partition: string) => void = () => undefined,
): Promise<KeepReport> {
  const report: KeepReport = { reindexed: 0, detached: 0, dropped: 0, late: 0, failed: 0 }
  await parts.partitions.makeAhead()
  for (const database of parts.database.each())
    for (const [table, spec] of Object.entries(parts.tables ?? partitionedTables))
      for (const keep of [keepTable, keepLate])
        await keep({ ...parts, database }, table, spec, {
          report,
          signal,
          told,
          movesHere: () => openMovesAt(parts.database, database),
        })
  return report
}

interface Run {
  readonly report: KeepReport
  readonly signal: AbortSignal
  readonly told: (partition: string) => void
  readonly movesHere: () => Promise<OpenMoves>
}

async function keepTable(parts: KeepParts, table: string, spec: PartitionedTable, run: Run): Promise<void> {
  const { database, clock, log, archivist } = parts
  const { report, signal, told, movesHere } = run
  const nowMs = clock.nowMs()
  const oldest = monthOf(nowMs) - spec.monthsKept
  const ofHot = await indexesOfHot(database, table)
  let detached = 0
  for (const partition of await partitionsIn(database, table, spec)) {
    if (signal.aborted) return
    try {
      const isOver = partition.period.toMonth <= oldest
      if (isOver && partition.isAttached && (await isMoving(movesHere))) {
        waits(log, partition.name)
        continue
      }
      if (isOver && partition.isAttached && (partition.isHalfDetached || detached < detachedMax)) {
        told(partition.name)
        await detach(database, table, partition)
        detached++
        report.detached++
      } else if (partition.isAttached) {
        const isHot = spec.daysHot === null || startOfMonthMs(partition.period.toMonth) + spec.daysHot * dayMs > nowMs
        if (await reindex(database, partition.name, isHot ? ofHot : [], { signal, told })) report.reindexed++
        continue
      }
      // A name of a time that is not over, and not attached: somebody took it out by hand, and knows why.
      if (!isOver) continue
      told(partition.name)
      // It may have rows of a tenant that comes here, which are archived of those alone that are at home.
      if ((await movesHere()).isTarget) {
        waits(log, partition.name)
        continue
      }
      const name = await retire(database, partition)
      await archivist.archive({ ...partition, table, name }, database, signal)
      signal.throwIfAborted()
      await database.asOwner(`drop table ${name}`)
      report.dropped++
      log.info({ action: 'partitions.drop', success: true, partition: name }, 'its time was over')
    } catch (error) {
      if (signal.aborted) return
      failed({ log, report }, partition.name, describeError(error))
    }
  }
}

const isMoving = async (movesHere: Run['movesHere']): Promise<boolean> => {
  const { isSource, isTarget } = await movesHere()
  return isSource || isTarget
}

function waits(log: Log, partition: string): void {
  log.info({ action: 'partitions.keep', success: true, partition }, 'it waits for a move of a tenant to end')
}

function failed({ log, report }: { log: Log; report: KeepReport }, partition: string, why: string): void {
  report.failed++
  report.firstFailed ??= partition
  report.why ??= why
  log.error({ action: 'partitions.keep', success: false, partition }, why)
}

/** What an earlier run has left comes first, and alone where it still cannot go. */
async function keepLate(parts: KeepParts, table: string, spec: PartitionedTable, run: Run): Promise<void> {
  const { database, clock, log, archivist } = parts
  const { report, signal, told, movesHere } = run
  const nowMs = clock.nowMs()
  const { fromMonth: oldest } = periodOf(spec.by, monthOf(nowMs) - spec.monthsKept)
  const drop = async (late: LateRows) => {
    if ((await movesHere()).isTarget) {
      waits(log, late.name)
      return
    }
    told(late.name)
    await database.asOwner(`analyze ${late.name}`)
    await archivist.archive(
      { ...late, table, period: await periodOfLate(database, table, late, oldest) },
      database,
      signal,
    )
    signal.throwIfAborted()
    await database.asOwner(`drop table ${late.name}`)
    log.info({ action: 'partitions.drop', success: true, partition: late.name }, 'its time was over when it came')
  }
  try {
    if (signal.aborted || !(await hasDefault(database, table))) return
    for (const late of await lateRowsIn(database, table)) await drop(late)
    // Taking rows out is no statement of their tenant, which is what a move notes.
    if (await isMoving(movesHere)) {
      waits(log, `${table}_default`)
      return
    }
    // A move that begins meanwhile would find some of the rows, and both of its ends would archive them.
    const mayGoOn = async () => !signal.aborted && !(await isMoving(movesHere))
    const taken = await takeLate(database, table, { beforeMs: startOfMonthMs(oldest), nowMs, mayGoOn })
    if (taken === null) return
    report.late += taken.rows
    await drop(taken.late)
  } catch (error) {
    if (signal.aborted) return
    failed({ log, report }, `${table}_default`, isLockNotAvailable(error) ? inUse : describeError(error))
  }
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
    if (!isLockNotAvailable(error)) throw error
    throw new Error(inUse, { cause: error })
  }
}

const inUse = `the table was in use for more than ${lockMs / 1_000} s; the next run tries again`
