import type { JournalRecord } from '@jidoka/domain'
import type { Segment } from '@jidoka/sync-protocol'
import { isCounted, readingOf, tagKeyOf } from '../publisher/kinds.ts'
import type { Ledger } from '../publisher/ledger.ts'
import type { Findings } from './findings.ts'
import { LaneHistory } from './history.ts'
import { judgedAnew } from './replay-check.ts'
import { StoreView } from './store-view.ts'
import type { Gap } from './store-view.ts'
import { unexplained } from './unseen.ts'
import type { Missing, UnseenRange } from './unseen.ts'
import { VerdictCheck } from './verdict-check.ts'

/** Listed by name in a finding; the rest is a number. */
const namedMax = 10

export interface ComparisonOptions {
  /** Tags whose keys begin so are somebody else's; null: there are none. */
  readonly othersPrefix: string | null
  /** True where the disk is filled on purpose: only there may something be dropped that no look has seen. */
  readonly spaceIsShort: boolean
  /** Whether all is judged anew at each look. */
  readonly replays: boolean
}

/**
 * Holds the store of an appliance that has ended against what its publishers know. Looks again and again at one folder
 * through its lives; what it saw earlier must still be there, say the same, or lie in a gap that the journal admits.
 */
export class Comparison {
  #seenReadingsSeq = 0
  #seenRecordsSeq = 0
  #readings = new LaneHistory()
  #records = new LaneHistory()
  /** How often each reading was seen stored, by publisher and its number, and under which sequence number. */
  #storedTimes = new Map<string, Uint8Array>()
  #storedSeq = new Map<string, Float64Array>()
  #acknowledgedBefore = 0
  #unseen: UnseenRange[] = []
  #verdicts = new VerdictCheck()
  readonly #options: ComparisonOptions

  constructor(options: Partial<ComparisonOptions> = {}) {
    this.#options = { othersPrefix: null, spaceIsShort: false, replays: true, ...options }
  }

  /** As it stands, for a history that goes another way from here. */
  copy(): Comparison {
    const copy = new Comparison(this.#options)
    copy.#verdicts = this.#verdicts.copy()
    copy.#unseen = [...this.#unseen]
    copy.#acknowledgedBefore = this.#acknowledgedBefore
    copy.#seenReadingsSeq = this.#seenReadingsSeq
    copy.#seenRecordsSeq = this.#seenRecordsSeq
    copy.#readings = this.#readings
    copy.#records = this.#records
    copy.#storedTimes = new Map([...this.#storedTimes].map(([name, times]) => [name, times.slice()]))
    copy.#storedSeq = new Map([...this.#storedSeq].map(([name, seqs]) => [name, seqs.slice()]))
    return copy
  }

  /** @param stoppedInOrder every run of verdicts is closed then, and verdicts can be counted */
  look(dataFolder: string, ledgers: readonly Ledger[], stoppedInOrder: boolean): Findings {
    const faults: string[] = []
    const madeAgainBefore = this.#verdicts.madeAgainCount
    const { othersPrefix, replays } = this.#options
    let gaps = 0
    let judgedAnewSame = 0
    const view = new StoreView(dataFolder)
    try {
      const publishers = new Map<number, Ledger | null>()
      const keys = new Map(view.reader.tags().map(({ tag_no, key }) => [key, tag_no]))
      for (const ledger of ledgers) {
        const tagNo = keys.get(tagKeyOf(ledger.kind))
        if (tagNo !== undefined) publishers.set(tagNo, ledger)
      }
      for (const [key, tagNo] of keys)
        if (othersPrefix !== null && key.startsWith(othersPrefix)) publishers.set(tagNo, null)
      const readings = new LaneHistory()
      const records = new LaneHistory()
      const { readingsSeq, recordsSeq } = view.reader.lanes()
      if (readingsSeq < this.#seenReadingsSeq)
        faults.push(`the readings lane went back from ${this.#seenReadingsSeq} to ${readingsSeq}`)
      if (recordsSeq < this.#seenRecordsSeq)
        faults.push(`the records lane went back from ${this.#seenRecordsSeq} to ${recordsSeq}`)
      try {
        for (const each of view.readings()) {
          if ('gap' in each) {
            gaps++
            this.#gap(each.gap, faults)
            this.#noteUnseen(each.gap, faults)
            continue
          }
          readings.addSegment(each.segment)
          this.#count(each.segment, publishers, faults)
          this.#verdicts.readings(each.segment, publishers, this.#seenReadingsSeq)
        }
        for (const each of view.records()) {
          if ('gap' in each) {
            gaps++
            this.#gap(each.gap, faults)
            this.#noteUnseen(each.gap, faults)
            continue
          }
          records.addLine(each.seq, each.line)
          if (each.seq > this.#seenRecordsSeq)
            this.#verdicts.record(JSON.parse(each.line) as JournalRecord, readingsSeq, faults)
        }
        if (replays) {
          const isOfRules = ([, ledger]: [number, Ledger | null]) => ledger !== null && isCounted(ledger.kind)
          const tags = new Set([...publishers].filter(isOfRules).map(([tagNo]) => tagNo))
          const { faults: differences, same } = judgedAnew(dataFolder, view, tags)
          faults.push(...differences)
          judgedAnewSame = same
        }
      } catch (error) {
        faults.push(error instanceof Error ? error.message : String(error))
      }
      for (const seq of readings.changedSince(this.#readings))
        faults.push(`the readings from ${seq} on say something else than before`)
      for (const seq of records.changedSince(this.#records))
        faults.push(`the records from ${seq} on say something else than before`)
      if (stoppedInOrder) this.#verdicts.account(faults)
      this.#readings = readings
      this.#records = records
      this.#seenReadingsSeq = readingsSeq
      this.#seenRecordsSeq = recordsSeq
      return {
        ...this.#balance(ledgers),
        faults,
        gaps,
        readings: readingsSeq,
        records: recordsSeq,
        verdictsMadeAgain: this.#verdicts.madeAgainCount - madeAgainBefore,
        judgedAnew: judgedAnewSame,
      }
    } finally {
      view.close()
    }
  }

  /** What went before a look could see it. Where space is short that may be; its place bounds what may be missing. */
  #noteUnseen({ lane, fromSeq, toSeq, reason }: Gap, faults: string[]): void {
    const seenSeq = lane === 'readings' ? this.#seenReadingsSeq : this.#seenRecordsSeq
    const from = Math.max(fromSeq, seenSeq + 1)
    if (from > toSeq) return
    if (reason !== 'space' || !this.#options.spaceIsShort) {
      faults.push(
        `the ${lane} from ${from} to ${toSeq} were dropped before they were compared; give the store more room`,
      )
      return
    }
    if (lane === 'readings') {
      this.#unseen.push({ fromSeq: from, toSeq })
      this.#verdicts.readingsUnseen(toSeq - from + 1)
    } else this.#verdicts.recordsUnseen()
  }

  /** Age and space are reasons to drop something; damage is not, where nobody has damaged anything. */
  #gap({ lane, fromSeq, toSeq, reason }: Gap, faults: string[]): void {
    if (reason === 'damaged') faults.push(`the ${lane} from ${fromSeq} to ${toSeq} were set aside as damaged`)
  }

  #count(segment: Segment, publishers: ReadonlyMap<number, Ledger | null>, faults: string[]): void {
    for (let index = Math.max(0, this.#seenReadingsSeq + 1 - segment.firstSeq); index < segment.count; index++) {
      const ledger = publishers.get(segment.tagNo[index] as number)
      if (ledger === null) continue
      const reading = ledger === undefined ? null : readingOf(ledger.kind, segment.value(index))
      if (ledger === undefined || reading === null || reading > ledger.sentCount * ledger.kind.samples) {
        if (faults.length < namedMax) faults.push(`nobody has sent the reading ${segment.firstSeq + index}`)
        continue
      }
      const { times, seqs } = this.#stored(ledger, reading)
      times[reading] = Math.min(255, (times[reading] as number) + 1)
      seqs[reading] = segment.firstSeq + index
    }
  }

  #stored({ kind: { name } }: Ledger, reading: number): { readonly times: Uint8Array; readonly seqs: Float64Array } {
    let times = this.#storedTimes.get(name) ?? new Uint8Array(0)
    let seqs = this.#storedSeq.get(name) ?? new Float64Array(0)
    if (reading >= times.length) {
      const length = Math.max(reading + 1, times.length * 2)
      const [largerTimes, largerSeqs] = [new Uint8Array(length), new Float64Array(length)]
      largerTimes.set(times)
      largerSeqs.set(seqs)
      times = largerTimes
      seqs = largerSeqs
      this.#storedTimes.set(name, times)
      this.#storedSeq.set(name, seqs)
    }
    return { times, seqs }
  }

  #balance(ledgers: readonly Ledger[]) {
    const missing: Missing[] = []
    const doubled: string[] = []
    let acknowledged = 0
    let doubledCount = 0
    for (const ledger of ledgers) {
      const { name, samples, qos } = ledger.kind
      const times = this.#storedTimes.get(name) ?? new Uint8Array(0)
      const seqs = this.#storedSeq.get(name) ?? new Float64Array(0)
      const readingsCount = ledger.sentCount * samples
      let behindSeq = 0
      let after = 0
      for (let reading = 1; reading <= readingsCount; reading++) {
        const isFirst = (reading - 1) % samples === 0
        const isAcknowledged = ledger.isAcknowledged(Math.ceil(reading / samples))
        if (isFirst && isAcknowledged) acknowledged++
        const count = times[reading] ?? 0
        if (count > 0) behindSeq = seqs[reading] as number
        else if (isAcknowledged) {
          for (after = Math.max(after, reading); after < seqs.length && seqs[after] === 0;) after++
          missing.push({ name, reading, behindSeq, beforeSeq: seqs[after] ?? Infinity })
        }
        // QoS 0 is sent once and never again.
        if (count > 1 && ++doubledCount <= namedMax) doubled.push(`${name} ${reading} (QoS ${qos})`)
      }
    }
    const lost = unexplained(missing, this.#unseen)
    const acknowledgedSince = acknowledged - this.#acknowledgedBefore
    this.#acknowledgedBefore = acknowledged
    return {
      acknowledged: acknowledgedSince,
      lost: lost.slice(0, namedMax).map(({ name, reading }) => `${name} ${reading}`),
      lostCount: lost.length,
      doubled,
      doubledCount,
    }
  }
}
