import { uuidv7 } from '@jidoka/base'
import { isNormal } from '@jidoka/domain'
import type { Judgment, VerdictRun } from '@jidoka/domain'
import { settle } from './hysteresis.ts'
import { judgeLimits } from './limits.ts'
import { unjudgedBecause, verdictOf } from './replay.ts'
import type { Row } from './row-buffer.ts'
import { snapshot } from './row-buffer.ts'
import type { RuleInstance, Slot } from './rule-instance.ts'
import type { JudgeSink, VerdictWatcher } from './sink.ts'
import type { SlotAlarms } from './slot-alarms.ts'

/**
 * Accounts for every verdict (I3): each is a record of its own with its snapshot, or counts in the one open run of its slot,
 * which becomes a record when something ends it. A run is of the status that the slot's last verdict had; whatever is
 * recorded at a slot ends its run first, so that the records of a slot lie in the order of their verdicts.
 */
export class VerdictLedger {
  /** Hears every verdict while somebody wants it. */
  watcher: VerdictWatcher | null = null
  readonly #alarms: SlotAlarms
  /** Slots whose run the store does not hold as it is. */
  #dirty = new Set<Slot>()
  /** Before this no run has to be written for its age. */
  #runsDueMs = Infinity

  constructor(alarms: SlotAlarms) {
    this.#alarms = alarms
  }

  forget(): void {
    this.#dirty.clear()
    this.#runsDueMs = Infinity
  }

  /** `explanation` null with a row that is unusable: made from what its inputs lack when it becomes a record. */
  enter(slot: Slot, row: Row, status: string, confidence: number, explanation: string | null, sink: JudgeSink): void {
    const { rule } = slot
    rule.verdictsTotal++
    sink.counted(status)
    if (this.watcher !== null) this.watcher.verdict(slot, row, status, confidence, explanation, sink.nowMs)
    const previous = slot.standingStatus
    const repeats = status === slot.rawStatus
    let stands = false
    let counts = false
    if (!row.late) {
      const { candidateCount } = slot
      stands = settle(slot, status, rule.definition)
      counts = candidateCount !== slot.candidateCount
      slot.rawStatus = status
    }
    const normal = isNormal(rule.definition, status)
    if (
      repeats &&
      !stands &&
      ((normal && confidence >= rule.definition.confidence_min) || isTooMany(slot, sink.nowMs))
    ) {
      this.#count(slot, status, row.readingSeq, sink)
      if (counts) sink.slotChanged(slot)
      return
    }
    this.closeRun(slot, sink)
    const isStanding = !row.late && (stands || slot.standingStatus === status)
    const judgment = {
      ...judgmentOf(slot, row, status, confidence, explanation, normal, previous, sink.nowMs),
      ...(isStanding ? {} : { stands: false }),
      ...(row.late ? { late: true as const } : {}),
    }
    noteRecord(slot, sink.nowMs)
    sink.judgment(judgment)
    sink.slotChanged(slot)
    if (row.late) return
    if (stands) slot.sinceMs = sink.nowMs
    if (isStanding) {
      slot.judgment = judgment
      sink.standing({ judgment, sinceMs: slot.sinceMs })
    }
    if (stands) this.#alarms.update(slot, sink)
  }

  /** Ends the run of a slot, if there is one, and makes it a record. */
  closeRun(slot: Slot, sink: JudgeSink): void {
    const { run } = slot
    if (run.count === 0) return
    sink.verdictRun(verdictRunOf(slot), slot)
    run.clear()
  }

  /** Writes the runs that are old enough. */
  sweep(rules: Iterable<RuleInstance>, sink: JudgeSink): void {
    if (sink.nowMs < this.#runsDueMs) return
    this.#runsDueMs = Infinity
    for (const rule of rules) {
      for (const slot of rule.slots.values()) {
        if (isOld(slot, sink.nowMs)) this.closeRun(slot, sink)
        else if (slot.run.count > 0) this.#dueAt(slot)
      }
    }
  }

  /** A run that the store held. */
  restored(slot: Slot): void {
    this.#dueAt(slot)
    this.#markDirty(slot)
  }

  /** Slots whose runs a checkpoint has to write. They count as written from now on. */
  takeDirty(): readonly Slot[] {
    const dirty = [...this.#dirty].filter(({ run }) => run.isDirty)
    for (const { run } of dirty) run.isDirty = false
    this.#dirty.clear()
    return dirty
  }

  #count(slot: Slot, status: string, readingSeq: number | null, sink: JudgeSink): void {
    if (isOld(slot, sink.nowMs)) this.closeRun(slot, sink)
    const { run } = slot
    run.add(status, readingSeq, sink.nowMs)
    if (run.count === 1) this.#dueAt(slot)
    if (!run.isDirty) this.#markDirty(slot)
    // What no reading triggered cannot be counted again from the readings after a crash.
    if (readingSeq === null) sink.slotChanged(slot)
  }

  #markDirty(slot: Slot): void {
    slot.run.isDirty = true
    this.#dirty.add(slot)
  }

  #dueAt({ run }: Slot): void {
    this.#runsDueMs = Math.min(this.#runsDueMs, run.firstAtMs + judgeLimits.runMsMax)
  }
}

/** Also when the clock was set back behind the run's beginning: nobody knows then how old it is. */
const isOld = ({ run }: Slot, nowMs: number): boolean =>
  run.count > 0 && (nowMs - run.firstAtMs >= judgeLimits.runMsMax || nowMs < run.firstAtMs)

/** A wall clock that was set back begins a new second: it must not keep verdicts from being recorded. */
const isNewSecond = (slot: Slot, nowMs: number): boolean =>
  nowMs - slot.recordedAtMs >= 1_000 || nowMs < slot.recordedAtMs

const isTooMany = (slot: Slot, nowMs: number): boolean =>
  slot.recordsInSecond >= judgeLimits.repeatedRecordsPerSecondMax && !isNewSecond(slot, nowMs)

function noteRecord(slot: Slot, nowMs: number): void {
  if (isNewSecond(slot, nowMs)) {
    slot.recordedAtMs = nowMs
    slot.recordsInSecond = 0
  }
  slot.recordsInSecond++
}

function judgmentOf(
  slot: Slot,
  row: Row,
  status: string,
  confidence: number,
  explanation: string | null,
  normal: boolean,
  previous: string | null,
  nowMs: number,
): Judgment {
  const { definition, hash } = slot.rule
  const inputs = snapshot(definition.inputs, row)
  const verdict =
    row.unusable && explanation === null ? unjudgedBecause(inputs) : verdictOf(status, confidence, explanation)
  return {
    id: uuidv7(),
    rule_id: definition.id,
    rule_version: definition.version,
    rule_hash: hash,
    subject: slot.subject,
    line: slot.line,
    equipment: slot.equipment,
    status: verdict.status,
    normal,
    previous_status: previous,
    confidence: verdict.confidence,
    method_used: 'rule',
    explanation: verdict.explanation,
    inputs,
    reading_seq: row.readingSeq,
    judged_at_ms: nowMs,
  }
}

/** The run of a slot as the record that it becomes. */
function verdictRunOf({ rule, subject, line, run }: Slot): VerdictRun {
  return {
    rule_id: rule.definition.id,
    rule_version: rule.definition.version,
    rule_hash: rule.hash,
    subject,
    line,
    status: run.status,
    first_reading_seq: run.firstReadingSeq,
    last_reading_seq: run.lastReadingSeq,
    first_at_ms: run.firstAtMs,
    last_at_ms: run.lastAtMs,
    count: run.count,
  }
}
