import type { JournalRecord, Judgment } from '@jidoka/domain'
import type { Segment } from '@jidoka/sync-protocol'
import { replayJudgment } from '../../server/src/judge/replay.ts'
import { ruleNames } from '../../server/src/judge/rule-names.ts'
import { newRunner } from '../../server/src/pipeline/test-support.ts'
import { isCounted } from '../publisher/kinds.ts'
import type { Ledger } from '../publisher/ledger.ts'
import { findManyRule } from '../subject/desired.ts'
import { rules, rulesOfReadings } from '../subject/rules.ts'

const rulesByHash = new Map(rules.map((rule) => [ruleNames(rule).whole, rule]))
const runner = newRunner()

/** Sentences about verdicts that one look brings at most. */
const faultsMax = 20

/** Every judgment can be made again from its record, and verdicts and readings balance (I3). */
export class VerdictCheck {
  madeAgainCount = 0
  /** Readings that triggered each of the rules; the rules have one trigger. */
  #triggers = 0
  /** By rule: verdicts that a record of their own or a run accounts for. */
  #accounted = new Map<string, number>()
  /** Readings that nobody saw, each of which may have triggered the rules; and whether records of verdicts are missing. */
  #unseenReadings = 0
  #unseenRecords = false

  copy(): VerdictCheck {
    const copy = new VerdictCheck()
    copy.madeAgainCount = this.madeAgainCount
    copy.#triggers = this.#triggers
    copy.#accounted = new Map(this.#accounted)
    copy.#unseenReadings = this.#unseenReadings
    copy.#unseenRecords = this.#unseenRecords
    return copy
  }

  readings(segment: Segment, publishers: ReadonlyMap<number, Ledger | null>, seenSeq: number): void {
    for (let index = Math.max(0, seenSeq + 1 - segment.firstSeq); index < segment.count; index++) {
      const ledger = publishers.get(segment.tagNo[index] as number) ?? null
      if (ledger !== null && isCounted(ledger.kind)) this.#triggers++
    }
  }

  readingsUnseen(count: number): void {
    this.#unseenReadings += count
  }

  recordsUnseen(): void {
    this.#unseenRecords = true
  }

  record(record: JournalRecord, readingsSeq: number, faults: string[]): void {
    if (record.kind === 'verdict_run' && record.body.first_reading_seq !== null)
      this.#account(record.body.rule_id, record.body.count)
    if (record.kind !== 'judgment') return
    const judgment = record.body
    if (judgment.reading_seq !== null) this.#account(judgment.rule_id, 1)
    const fault = this.#faultOf(judgment, readingsSeq)
    this.madeAgainCount++
    if (fault !== null && faults.length < faultsMax) faults.push(`the record ${record.seq}: ${fault}`)
  }

  /** To be called when no run is open. Counts anew from here, so that what nobody saw blurs no later look. */
  account(faults: string[]): void {
    const triggersMax = this.#triggers + this.#unseenReadings
    for (const { id } of rulesOfReadings) {
      const accounted = this.#accounted.get(id) ?? 0
      const isTooFew = accounted < this.#triggers && !this.#unseenRecords
      if (isTooFew || accounted > triggersMax)
        faults.push(
          `the rule ${id} was triggered by ${this.#triggers} readings${this.#unseenReadings > 0 ? ` and at most ${this.#unseenReadings} that were dropped unseen` : ''}, and records and runs account for ${accounted} verdicts`,
        )
    }
    this.#triggers = 0
    this.#accounted.clear()
    this.#unseenReadings = 0
    this.#unseenRecords = false
  }

  #account(ruleId: string, count: number): void {
    this.#accounted.set(ruleId, (this.#accounted.get(ruleId) ?? 0) + count)
  }

  #faultOf(judgment: Judgment, readingsSeq: number): string | null {
    const rule = rulesByHash.get(judgment.rule_hash) ?? findManyRule(judgment.rule_id, judgment.rule_version)
    if (rule === null || ruleNames(rule).whole !== judgment.rule_hash)
      return `no rule has the hash ${judgment.rule_hash}`
    if (judgment.reading_seq !== null && judgment.reading_seq > readingsSeq)
      return `its reading ${judgment.reading_seq} is not in the journal`
    const again = replayJudgment(judgment, rule, runner)
    return again.status === judgment.status &&
      again.confidence === judgment.confidence &&
      again.explanation === judgment.explanation
      ? null
      : `it says ${judgment.status} (${judgment.confidence}), made again it is ${again.status} (${again.confidence})`
  }
}
