import type { JournalRecord } from '@jidoka/domain'
import type { Segment } from '@jidoka/sync-protocol'
import { readingOf, tagKeyOf } from '../publisher/kinds.ts'
import type { Ledger } from '../publisher/ledger.ts'
import type { Findings } from './findings.ts'
import { LaneHistory } from './history.ts'
import { StoreView } from './store-view.ts'
import type { Gap } from './store-view.ts'
import { VerdictCheck } from './verdict-check.ts'

/** Listed by name in a finding; the rest is a number. */
const namedMax = 10

/**
 * Holds the store of an appliance that has ended against what its publishers know. Looks again and again at one folder
 * through its lives; what it saw earlier must still be there, say the same, or lie in a gap that the journal admits.
 */
export class Comparison {
  #seenReadingsSeq = 0
  #seenRecordsSeq = 0
  #readings = new LaneHistory()
  #records = new LaneHistory()
  /** How often each reading was seen stored, by publisher and its number. */
  #storedTimes = new Map<string, Uint8Array>()
  #acknowledgedBefore = 0
  #droppedUnseen = 0
  #verdicts = new VerdictCheck()
  /** Tags whose keys begin so are somebody else's; null: there are none. */
  readonly #othersPrefix: string | null

  constructor(othersPrefix: string | null = null) {
    this.#othersPrefix = othersPrefix
  }

  /** As it stands, for a history that goes another way from here. */
  copy(): Comparison {
    const copy = new Comparison(this.#othersPrefix)
    copy.#verdicts = this.#verdicts.copy()
    copy.#droppedUnseen = this.#droppedUnseen
    copy.#acknowledgedBefore = this.#acknowledgedBefore
    copy.#seenReadingsSeq = this.#seenReadingsSeq
    copy.#seenRecordsSeq = this.#seenRecordsSeq
    copy.#readings = this.#readings
    copy.#records = this.#records
    copy.#storedTimes = new Map([...this.#storedTimes].map(([name, times]) => [name, times.slice()]))
    return copy
  }

  /** @param stoppedInOrder every run of verdicts is closed then, and verdicts can be counted */
  look(dataFolder: string, ledgers: readonly Ledger[], stoppedInOrder: boolean): Findings {
    const faults: string[] = []
    const madeAgainBefore = this.#verdicts.madeAgainCount
    let gaps = 0
    const view = new StoreView(dataFolder)
    try {
      const publishers = new Map<number, Ledger | null>()
      const keys = new Map(view.reader.tags().map(({ tag_no, key }) => [key, tag_no]))
      for (const ledger of ledgers) {
        const tagNo = keys.get(tagKeyOf(ledger.kind))
        if (tagNo !== undefined) publishers.set(tagNo, ledger)
      }
      for (const [key, tagNo] of keys)
        if (this.#othersPrefix !== null && key.startsWith(this.#othersPrefix)) publishers.set(tagNo, null)
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
            this.#unseen(each.gap, faults)
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
            continue
          }
          records.addLine(each.seq, each.line)
          if (each.seq > this.#seenRecordsSeq)
            this.#verdicts.record(JSON.parse(each.line) as JournalRecord, readingsSeq, faults)
        }
      } catch (error) {
        faults.push(error instanceof Error ? error.message : String(error))
      }
      for (const seq of readings.changedSince(this.#readings))
        faults.push(`the readings from ${seq} on say something else than before`)
      for (const seq of records.changedSince(this.#records))
        faults.push(`the records from ${seq} on say something else than before`)
      // Verdicts of readings that nobody saw cannot be held against them.
      if (stoppedInOrder && this.#droppedUnseen === 0) this.#verdicts.account(faults)
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
      }
    } finally {
      view.close()
    }
  }

  /** What went before a look could see it. For want of space that may be; how much it was bounds what may be missing. */
  #unseen({ fromSeq, toSeq, reason }: Gap, faults: string[]): void {
    const unseen = toSeq - Math.max(fromSeq - 1, this.#seenReadingsSeq)
    if (unseen <= 0) return
    if (reason === 'space') this.#droppedUnseen += unseen
    else
      faults.push(
        `the readings from ${fromSeq} to ${toSeq} were dropped before they were compared; give the store more room`,
      )
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
      const times = this.#times(ledger, reading)
      times[reading] = Math.min(255, (times[reading] as number) + 1)
    }
  }

  #times(ledger: Ledger, reading: number): Uint8Array {
    const { name } = ledger.kind
    let times = this.#storedTimes.get(name) ?? new Uint8Array(0)
    if (reading >= times.length) {
      const larger = new Uint8Array(Math.max(reading + 1, times.length * 2))
      larger.set(times)
      times = larger
      this.#storedTimes.set(name, times)
    }
    return times
  }

  #balance(ledgers: readonly Ledger[]) {
    const lost: string[] = []
    const doubled: string[] = []
    let acknowledged = 0
    let lostCount = 0
    let doubledCount = 0
    for (const ledger of ledgers) {
      const { name, samples, qos } = ledger.kind
      const times = this.#storedTimes.get(name) ?? new Uint8Array(0)
      for (let message = 1; message <= ledger.sentCount; message++) {
        const isAcknowledged = ledger.isAcknowledged(message)
        if (isAcknowledged) acknowledged++
        for (let reading = (message - 1) * samples + 1; reading <= message * samples; reading++) {
          const count = times[reading] ?? 0
          if (isAcknowledged && count === 0 && ++lostCount <= namedMax) lost.push(`${name} ${reading}`)
          // QoS 0 is sent once and never again.
          if (count > 1 && ++doubledCount <= namedMax) doubled.push(`${name} ${reading} (QoS ${qos})`)
        }
      }
    }
    if (lostCount <= this.#droppedUnseen) lostCount = lost.length = 0
    const acknowledgedSince = acknowledged - this.#acknowledgedBefore
    this.#acknowledgedBefore = acknowledged
    return { acknowledged: acknowledgedSince, lost, lostCount, doubled, doubledCount }
  }
}
