/**
 * Equal verdicts of a rule at a subject that are no record of their own, until something ends the run and it becomes one.
 * Changed in place: a verdict that only counts allocates nothing.
 */
export class OpenRun {
  status = ''
  /** 0: there is no run. */
  count = 0
  firstReadingSeq: number | null = null
  lastReadingSeq: number | null = null
  firstAtMs = 0
  lastAtMs = 0
  /** It is not in the store as it is now. */
  isDirty = false
  /** The store holds a row of it. */
  isStored = false

  add(status: string, readingSeq: number | null, atMs: number): void {
    if (this.count === 0) {
      this.status = status
      this.firstReadingSeq = readingSeq
      this.firstAtMs = atMs
    }
    this.lastReadingSeq = readingSeq
    this.lastAtMs = atMs
    this.count++
  }

  clear(): void {
    this.count = 0
    this.isDirty = false
  }

  /** As the checkpoint holds it. */
  stored(): StoredRun {
    const { status, count, firstReadingSeq, lastReadingSeq, firstAtMs, lastAtMs } = this
    return { status, count, firstReadingSeq, lastReadingSeq, firstAtMs, lastAtMs }
  }

  restore(run: StoredRun): void {
    this.status = run.status
    this.count = run.count
    this.firstReadingSeq = run.firstReadingSeq
    this.lastReadingSeq = run.lastReadingSeq
    this.firstAtMs = run.firstAtMs
    this.lastAtMs = run.lastAtMs
  }
}

export type StoredRun = Pick<
  OpenRun,
  'status' | 'count' | 'firstReadingSeq' | 'lastReadingSeq' | 'firstAtMs' | 'lastAtMs'
>
