import type { RuleInput, SnapshotInput } from '@jidoka/domain'
import { newCell, snapshotOf } from './inputs.ts'
import type { Cell } from './inputs.ts'
import { judgeLimits } from './limits.ts'
import type { Subject } from './subject.ts'

/** One thing to judge, with what the inputs of its group saw at that moment. */
export interface Row {
  subject: Subject
  /** Sequence number of the reading; null for MES events, timers and silence. */
  readingSeq: number | null
  /** A reading older than the one before: judged and counted, but what it says is no longer so. */
  late: boolean
  /** Some input has a problem: UNJUDGED, and no rule is asked. */
  unusable: boolean
  /** The latest beginning and the earliest end of an input's freshness. */
  freshFromMs: number
  freshUntilMs: number
  readonly cells: readonly Cell[]
}

/**
 * Rows that are not in use, for all groups together: a busy line makes a hundred thousand a second, and a thousand groups
 * that kept their own would keep the memory of each one's rush.
 */
export class RowPool {
  readonly #byWidth = new Map<number, Row[]>()
  #count = 0

  take(subject: Subject, width: number): Row {
    const row = this.#byWidth.get(width)?.pop()
    if (row === undefined) return newRow(subject, width)
    this.#count--
    row.subject = subject
    return row
  }

  giveBack(rows: readonly Row[], width: number): void {
    let free = this.#byWidth.get(width)
    if (free === undefined) this.#byWidth.set(width, (free = []))
    for (const row of rows) {
      if (this.#count >= judgeLimits.rowsMax) return
      free.push(row)
      this.#count++
    }
  }
}

/** Rows of one group that wait to be judged. */
export class RowBuffer {
  readonly #width: number
  readonly #pool: RowPool
  #rows: Row[] = []

  constructor(width: number, pool: RowPool) {
    this.#width = width
    this.#pool = pool
  }

  get count(): number {
    return this.#rows.length
  }

  add(subject: Subject, readingSeq: number | null, late: boolean): Row {
    const row = this.#pool.take(subject, this.#width)
    row.readingSeq = readingSeq
    row.late = late
    this.#rows.push(row)
    return row
  }

  row(index: number): Row {
    const row = this.#rows[index]
    if (row === undefined) throw new RangeError(`there are ${this.count} rows and none with the index ${index}`)
    return row
  }

  /** Forgets the rows. */
  clear(): void {
    this.#pool.giveBack(this.#rows, this.#width)
    this.#rows = []
  }
}

export function newRow(subject: Subject, width: number): Row {
  return {
    subject,
    readingSeq: null,
    late: false,
    unusable: false,
    freshFromMs: -Infinity,
    freshUntilMs: Infinity,
    cells: Array.from({ length: width }, newCell),
  }
}

export function snapshot(inputs: readonly RuleInput[], row: Row): Record<string, SnapshotInput> {
  const seen: Record<string, SnapshotInput> = {}
  inputs.forEach((input, column) => {
    seen[input.name] = snapshotOf(row.cells[column] as Cell)
  })
  return seen
}
