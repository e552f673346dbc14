import type { Clock } from '@jidoka/base'
import type { NewRecord, Policy } from '@jidoka/domain'
import type { Lane } from '@jidoka/sync-protocol'
import { journalFile, meta, setMeta } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { receiptedSeq } from '../store/epochs.ts'
import { removeSegmentFile } from '../store/segment-files.ts'
import { keepingClasses } from './classes.ts'
import type { KeepingClass } from './classes.ts'
import { ClockWatch } from './clock-watch.ts'
import type { DiskSpace } from './disk-space.ts'
import { GapTable, rangesOf } from './gaps.ts'
import { planDrops } from './plan.ts'
import type { Drop } from './plan.ts'
import { daysInForce, keepingLimits } from './policy.ts'
import type { KeepingPolicy } from './policy.ts'
import { roomOf } from './room.ts'
import { RuleHistoryTrim } from './rule-history.ts'
import { Stock } from './stock.ts'
import type { StockPiece } from './stock.ts'

export interface RetentionOptions {
  readonly database: Database
  readonly dataFolder: string
  readonly policy: KeepingPolicy
  readonly clock: Clock
  readonly space: () => DiskSpace
  /** Bytes of the reserve that are not held at present. */
  readonly reserveMissingBytes: (space: DiskSpace) => number
}

/** Last numbers of both lanes that a restart needs nothing behind of. */
export type SettledSeq = Readonly<Record<Lane, number>>

export interface DropStep {
  readonly drops: readonly Drop<StockPiece>[]
}

/**
 * What goes away, on the journal's own thread: `plan` looks, `carryOut` belongs into a commit, `finish` comes after it. Pages
 * of deleted rows are used again by later ones; the file of the database does not shrink while the appliance runs, and
 * what is free in it counts as free space. (VACUUM would copy all of it under an exclusive lock.)
 */
export class Retention {
  readonly #options: RetentionOptions
  readonly #stock: Stock
  readonly #gaps: GapTable
  readonly #ruleHistory: RuleHistoryTrim
  readonly #statements
  readonly #clockWatch: ClockWatch
  #days: KeepingPolicy['days']
  #lookAtMs = 0
  #isAboveMark = false

  constructor(options: RetentionOptions) {
    this.#options = options
    const { database, policy } = options
    this.#days = policy.days
    this.#stock = new Stock(database)
    this.#gaps = new GapTable(database)
    this.#ruleHistory = new RuleHistoryTrim(database)
    this.#clockWatch = new ClockWatch(options.clock)
    this.#statements = {
      row: database.prepare('delete from reading_segments where first_seq = ? and count = ?'),
      file: database.prepare('delete from segment_files where first_seq = ? and count = ?'),
      record: database.prepare('delete from records where seq = ?'),
      judgment: database.prepare('delete from judgments where seq = ?'),
      alarms: database.prepare('delete from alarms where open = 0 and changed_at_ms <= ?'),
    }
  }

  /** Days as the cloud wants them, where the machine's own configuration does not say. Looked at with the next step. */
  desire(policy: Policy | null): void {
    this.#days = daysInForce(this.#options.policy, policy)
    this.#lookAtMs = 0
  }

  /** What goes in the next commit; null for now nothing. With `isUrgent` the disk is full, and it is looked at in any case. */
  plan(settledSeq: SettledSeq, isUrgent = false): DropStep | null {
    const { clock, policy } = this.#options
    this.#clockWatch.look()
    const monotonicMs = clock.monotonicMs()
    const isDue = isUrgent || monotonicMs >= this.#lookAtMs
    // Others may fill the disk within seconds: free space is looked at every time, which takes microseconds.
    const space = this.#options.space()
    const room = roomOf(
      this.#options.database,
      journalFile(this.#options.dataFolder),
      space,
      policy,
      this.#options.reserveMissingBytes(space),
    )
    if (!isDue && room.shortBytes <= 0) return null
    const overBytes = this.#overBytes(room.overBytes, room.slackBytes)
    const nowMs = clock.nowMs()
    const drops = planDrops({
      classes: keepingClasses.map((each) => ({
        name: each.name,
        lane: each.lane,
        expiredBeforeMs: this.#expiredBeforeMs(each, nowMs),
        pieces: this.#stock.pieces(each, this.#floor(each), nowMs),
      })),
      nowMs,
      receiptedSeq: this.#receiptedSeq(),
      settledSeq,
      overBytes,
      shortBytes: room.shortBytes,
      youngMs: keepingLimits.youngMs,
      stepMax: {
        rows: keepingLimits.stepRowsMax,
        rowBytes: keepingLimits.stepRowBytesMax,
        files: keepingLimits.stepFilesMax,
      },
    })
    // While something goes there may be more: the next look is at the next sweep.
    this.#lookAtMs = drops.length > 0 ? 0 : monotonicMs + keepingLimits.lookEveryMs
    return drops.length === 0 ? null : { drops }
  }

  /** Deletes the rows and says so, in the commit around it. */
  carryOut({ drops }: DropStep, nowMs: number, tell: (record: NewRecord) => void): void {
    for (const drop of drops) {
      for (const piece of drop.pieces) this.#remove(drop.lane, piece)
      for (const range of rangesOf(drop.pieces)) this.#gaps.add(drop.lane, { ...range, reason: drop.reason }, nowMs)
      const [first, last] = [drop.pieces[0], drop.pieces.at(-1)]
      if (first === undefined || last === undefined) continue
      if (drop.name === 'alarms') this.#statements.alarms.run(last.atMs)
      if (drop.lane === 'records') setMeta(this.#options.database, floorName(drop.name), String(last.lastSeq + 1))
      tell({
        at_ms: nowMs,
        kind: 'drop',
        body: {
          lane: drop.lane,
          from_seq: first.firstSeq,
          to_seq: last.lastSeq,
          reason: drop.reason,
          count: drop.pieces.reduce((sum, piece) => sum + piece.count, 0),
          what: drop.name,
        },
      })
    }
    this.#ruleHistory.trim(this.#options.clock.monotonicMs())
  }

  /** After the commit: files that no row names any more go. One that a crash leaves behind goes at the next start. */
  finish({ drops }: DropStep): void {
    for (const { file } of drops.flatMap(({ pieces }) => pieces))
      if (file !== null) removeSegmentFile(this.#options.dataFolder, file)
  }

  #remove(lane: Lane, { firstSeq, count, file }: StockPiece): void {
    const { row, file: catalogue, record, judgment } = this.#statements
    if (lane === 'records') {
      record.run(firstSeq)
      judgment.run(firstSeq)
    } else if (file === null) row.run(firstSeq, count)
    else catalogue.run(firstSeq, count)
  }

  /** Once above the mark, dropping goes on until it is below it by the slack. */
  #overBytes(overBytes: number, slackBytes: number): number {
    this.#isAboveMark = overBytes > (this.#isAboveMark ? -slackBytes : 0)
    return this.#isAboveMark ? overBytes + slackBytes : 0
  }

  #expiredBeforeMs(each: KeepingClass, nowMs: number): number | null {
    if (!this.#clockWatch.isSteady) return null
    const { ageStepMs } = keepingLimits
    return Math.floor((nowMs - this.#days[each.name] * 86_400_000) / ageStepMs) * ageStepMs
  }

  #receiptedSeq(): Record<Lane, number> {
    const { policy, database } = this.#options
    if (!policy.hasCloud) return { readings: Infinity, records: Infinity }
    return { readings: receiptedSeq(database, 'readings'), records: receiptedSeq(database, 'records') }
  }

  #floor({ name }: KeepingClass): number {
    return Number(meta(this.#options.database, floorName(name)) ?? '1')
  }
}

/** Name in `meta` of the number below which nothing of a class is left. */
const floorName = (name: string): string => `kept_from.${name}`
