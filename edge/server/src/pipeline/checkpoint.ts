import type { Clock } from '@jidoka/base'
import type { Judge } from '../judge/judge.ts'
import type { SettledSeq } from '../keeping/retention.ts'
import { meta } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { openRunsAt } from '../store/journal-writer.ts'
import type { JournalWriter } from '../store/journal-writer.ts'
import { lastValuesSeq } from '../store/last-values.ts'
import type { LastValue } from '../store/last-values.ts'
import { checkpointRuns } from './journal-write.ts'
import type { Lanes } from './journal-write.ts'
import type { TagRegistry } from './tag-registry.ts'

const checkpointLimits = {
  /** Last values go to their columns this often; a restart reads the segments since then, some 100,000 readings at most at full load. */
  everyMs: 10_000,
  /** A connector's overlap is minutes and a repaired MES may send a week again; older keys are forgotten so that the table stays small. */
  seenEventsMs: 30 * 86_400_000,
  seenEventsPruneMs: 3_600_000,
} as const

/** Puts from time to time where a start finds it what follows from readings and is only in memory: last values, open runs, totals. */
export class Checkpoint {
  /** Of the last checkpoint: what came behind is needed to make again what is only in memory. */
  settledSeq: SettledSeq
  readonly #database: Database
  readonly #writer: JournalWriter
  readonly #tags: TagRegistry
  readonly #judge: Judge
  readonly #clock: Clock
  #dueMs: number
  #pruneAtMs = 0

  constructor(options: {
    readonly database: Database
    readonly writer: JournalWriter
    readonly tags: TagRegistry
    readonly judge: Judge
    readonly clock: Clock
  }) {
    this.#database = options.database
    this.#writer = options.writer
    this.#tags = options.tags
    this.#judge = options.judge
    this.#clock = options.clock
    this.#dueMs = options.clock.monotonicMs() + checkpointLimits.everyMs
    const seqOf = (name: string) => Number(meta(this.#database, name) ?? '0')
    this.settledSeq = {
      readings: Math.min(seqOf(lastValuesSeq), seqOf(openRunsAt.readings)),
      records: seqOf(openRunsAt.records),
    }
  }

  isDue(monotonicMs: number): boolean {
    return monotonicMs >= this.#dueMs
  }

  /** Without one runs of before a crash could not be told from those of an older program, which counted none. */
  get wasNeverWritten(): boolean {
    return meta(this.#database, openRunsAt.readings) === null
  }

  /** Belongs inside a commit, behind all that it writes. */
  write(lanes: Lanes, nowMs: number): void {
    const dirty: (readonly [number, LastValue])[] = []
    for (const tag of this.#tags.all()) {
      if (tag.lastIsDirty && tag.last !== undefined) dirty.push([tag.tagNo, tag.last])
      tag.lastIsDirty = false
    }
    this.#writer.lastValues(dirty, lanes.nextReadingSeq - 1)
    checkpointRuns(this.#judge.takeDirtyRuns(), this.#judge.instances(), this.#writer, lanes)
    if (nowMs >= this.#pruneAtMs) {
      this.#writer.forgetEventsBefore(nowMs - checkpointLimits.seenEventsMs)
      this.#pruneAtMs = nowMs + checkpointLimits.seenEventsPruneMs
    }
    this.#dueMs = this.#clock.monotonicMs() + checkpointLimits.everyMs
  }
}
