import type { Quality, Value } from '@jidoka/domain'
import { SegmentBuilder } from '@jidoka/sync-protocol'
import { newFolder, removeFolder } from '../../pipeline/test-support.ts'
import { openForReading, openForWriting } from '../../store/database.ts'
import type { Database } from '../../store/database.ts'
import { openReader } from '../../store/journal-reader.ts'
import type { StoreReader } from '../../store/journal-reader.ts'
import { JournalWriter } from '../../store/journal-writer.ts'
import { SegmentReplacer } from '../../store/segment-replacer.ts'
import type { DamagedSegment } from '../../store/segment-store.ts'
import { MergeSteps } from '../merge-step.ts'
import type { MergeQuestion, MergeStep } from '../merge-step.ts'

export interface FixtureReading {
  readonly tagNo: number
  readonly timeMs: number
  readonly value: Value
  readonly quality: Quality
}

export const tagKey = (tagNo: number): string => `LINE-A/tag-${tagNo}`

/** For tests and benchmarks: a store that is filled commit by commit and merged step by step, in this thread. */
export class StoreFixture {
  readonly folder: string
  readonly database: Database
  readonly writer: JournalWriter
  readonly damaged: DamagedSegment[] = []
  readonly #replacer: SegmentReplacer
  readonly #builder = new SegmentBuilder()
  readonly #tags = new Set<number>()
  /** A connection beside the writer's, as readers have. */
  readonly reading: Database
  readonly reader: StoreReader
  steps: MergeSteps
  nextSeq = 1

  constructor(folder = newFolder()) {
    this.folder = folder
    this.database = openForWriting(folder, 0).database
    // What is tested here is not whether the disk keeps its word.
    this.database.pragma('synchronous = OFF')
    this.writer = new JournalWriter(this.database)
    this.#replacer = new SegmentReplacer(this.database)
    this.reading = openForReading(folder)
    this.reader = openReader({ dataFolder: folder, onDamaged: (each) => this.damaged.push(each) })
    this.steps = new MergeSteps(this.reading, folder)
  }

  commit(readings: readonly FixtureReading[], receivedMs: number): void {
    const builder = this.#builder
    builder.reset()
    let [fromMs, toMs] = [Infinity, -Infinity]
    for (const { tagNo, timeMs, value, quality } of readings) {
      builder.push(tagNo, timeMs, value, quality)
      fromMs = Math.min(fromMs, timeMs)
      toMs = Math.max(toMs, timeMs)
    }
    this.writer.commit(() => {
      for (const { tagNo } of readings) {
        if (this.#tags.has(tagNo)) continue
        this.#tags.add(tagNo)
        this.writer.tag({ tag_no: tagNo, key: tagKey(tagNo), kind: 'number', unit: 'C' })
      }
      this.writer.segment(
        this.nextSeq,
        readings.length,
        receivedMs,
        fromMs,
        toMs,
        builder.encode(this.nextSeq, receivedMs),
      )
      this.nextSeq += readings.length
      this.writer.lanes(this.nextSeq, 1)
    })
  }

  plan(question: Partial<MergeQuestion> = {}): MergeStep {
    return this.steps.next({ nowMs: 0, hasCloud: false, isBusy: false, ...question })
  }

  /** Puts a merge in place, as the journal does. True when it was. */
  put({ merged }: MergeStep): boolean {
    if (merged === null) return false
    let outcome = { replaced: false, filesGone: [] as readonly string[] }
    this.writer.commit(() => (outcome = this.#replacer.replace(merged)))
    this.steps.remove(outcome.filesGone)
    return outcome.replaced
  }

  /** Merges until nothing is left to merge; answers how often. */
  settle(question: Partial<MergeQuestion> = {}): number {
    let merges = 0
    while (this.put(this.plan(question))) merges++
    return merges
  }

  noteSent(upToSeq: number): void {
    this.writer.commit(() => this.#replacer.noteSent(upToSeq))
  }

  levels(): Record<number, number> {
    const levels: Record<number, number> = {}
    for (const { level } of this.database
      .prepare<[], { level: number }>('select level from reading_segments union all select level from segment_files')
      .all())
      levels[level] = (levels[level] ?? 0) + 1
    return levels
  }

  close(): void {
    this.reader.close()
    this.reading.close()
    this.database.close()
    removeFolder(this.folder)
  }
}
