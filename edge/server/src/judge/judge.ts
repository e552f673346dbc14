import { uuidv7 } from '@jidoka/base'
import { isNormal, unjudged } from '@jidoka/domain'
import type { Alarm, Judgment, RuleDefinition } from '@jidoka/domain'
import type { RuleInForce } from '../ports.ts'
import { AlarmBook } from './alarm-book.ts'
import { deployRule } from './deployment.ts'
import { evaluateRows } from './evaluate-rows.ts'
import { fillRow } from './fill-row.ts'
import { settle } from './hysteresis.ts'
import { isFresh } from './inputs.ts'
import { judgeLimits } from './limits.ts'
import type { Plant, Tag } from './plant.ts'
import { recordText } from './record-text.ts'
import { unjudgedBecause, unjudgedByFailure } from './replay.ts'
import type { ReplayedVerdict } from './replay.ts'
import { newSlot, snapshot } from './rule-instance.ts'
import type { Row, RuleInstance, Slot } from './rule-instance.ts'
import type { RowOutcome, RuleRunner } from './rule-runner.ts'
import type { JudgeSink } from './sink.ts'
import { TriggerIndex } from './trigger-index.ts'

/** The verdict of a row whose inputs cannot be used. Its sentence is made when it becomes a record: most repeat the one before. */
const unusable: ReplayedVerdict = { status: unjudged, confidence: 0, explanation: null }

/**
 * The rules in force and what stands by them. Readings and events are noted as they come (`note...`), with the inputs as
 * they are at that moment; `finish` then judges all of them, each rule in one call. Pure but for the rule engine: time
 * and effects go through the sink.
 */
export class Judge {
  readonly alarms = new AlarmBook()
  readonly #runner: RuleRunner
  readonly #plant: Plant
  readonly #rules = new Map<string, RuleInstance>()
  readonly #triggers = new TriggerIndex()

  constructor(runner: RuleRunner, plant: Plant) {
    this.#runner = runner
    this.#plant = plant
  }

  rules(): readonly RuleInForce[] {
    return [...this.#rules.values()].map((rule) => ({
      definition: rule.definition,
      hash: rule.hash,
      fastPath: rule.fastPath,
      state: rule.state,
      problem: rule.problem,
      verdictsTotal: rule.verdictsTotal,
    }))
  }

  instances(): Iterable<RuleInstance> {
    return this.#rules.values()
  }

  /** Forgets everything; the next calls of `restore...` bring back what the store holds. */
  clear(): void {
    for (const rule of this.#rules.values()) rule.prepared?.drop()
    this.#rules.clear()
    this.#triggers.changed()
    this.alarms.load([])
  }

  /** A rule as the store holds it. One that a newer engine no longer takes is quarantined, never dropped in silence. */
  restoreRule(
    definition: RuleDefinition,
    state: RuleInForce['state'],
    problem: string | null,
    verdictsTotal: number,
  ): RuleInstance {
    const deployment = deployRule(state === 'in_force' ? definition : { ...definition, enabled: false }, this.#runner)
    const rule =
      'rule' in deployment
        ? { ...deployment.rule, definition, state, problem }
        : this.#broken(definition, deployment.problem)
    rule.verdictsTotal = verdictsTotal
    this.#rules.set(definition.id, rule)
    this.#triggers.changed()
    return rule
  }

  restoreSlot(ruleId: string, subject: string, line: string, equipment: string | null, state: Partial<Slot>): void {
    const rule = this.#rules.get(ruleId)
    if (rule === undefined) return
    rule.slots.set(subject, { ...newSlot(rule, subject, line, equipment), ...state })
  }

  /** Puts a rule in force in place of its older version, or says why not; then the older one stays in force (I7). */
  deploy(definition: RuleDefinition, sink: JudgeSink): { readonly problem: string | null; readonly hash: string } {
    const deployment = deployRule(definition, this.#runner)
    if ('problem' in deployment) return deployment
    const rule = deployment.rule
    const older = this.#rules.get(definition.id)
    older?.prepared?.drop()
    rule.verdictsTotal = older?.verdictsTotal ?? 0
    this.#rules.set(definition.id, rule)
    this.#triggers.changed()
    for (const slot of older?.slots.values() ?? []) {
      const kept = rule.state === 'in_force' && this.#triggers.fits(rule, slot)
      if (!kept) {
        this.#retire(slot, sink)
        continue
      }
      // What stands goes on standing until the new version has judged. Its counting begins anew, and its first verdict is a record
      // even when it says the same: people look for it after they have changed a limit.
      const moved: Slot = { ...slot, rule, candidateStatus: null, candidateCount: 0, rawStatus: null, freshUntilMs: 0 }
      rule.slots.set(slot.subject, moved)
      sink.slotChanged(moved)
    }
    sink.ruleChanged(rule)
    return { problem: null, hash: rule.hash }
  }

  remove(ruleId: string, sink: JudgeSink): boolean {
    const rule = this.#rules.get(ruleId)
    if (rule === undefined) return false
    rule.prepared?.drop()
    this.#rules.delete(ruleId)
    this.#triggers.changed()
    for (const slot of rule.slots.values()) this.#retire(slot, sink)
    sink.ruleGone(ruleId)
    return true
  }

  /** A reading was stored; the plant already holds it as the last value, unless it is late. */
  noteReading(tag: Tag, reading: NonNullable<Tag['last']>, seq: number, late: boolean, nowMs: number): void {
    for (const rule of this.#triggers.ofTag(tag, this.#rules.values())) {
      const slot = this.#slot(rule, tag.key, tag.place.line, tag.place.equipment)
      slot.tag = tag
      fillRow(rule.rows.add(slot, seq, late), reading, this.#plant, nowMs)
    }
  }

  /** A production count of a line was stored; the plant already holds it. */
  noteProduction(line: string, nowMs: number): void {
    for (const rule of this.#triggers.ofLine(line, this.#rules.values())) {
      fillRow(rule.rows.add(this.#slot(rule, line, line, null), null, false), undefined, this.#plant, nowMs)
    }
  }

  /** Judges everything noted since the last call. */
  finish(sink: JudgeSink): void {
    for (const rule of this.#rules.values()) {
      if (rule.rows.count === 0) continue
      evaluateRows(rule, (row, outcome) => {
        if (outcome === 'unusable') this.#conclude(rule, row, unusable, sink)
        else this.#concludeOutcome(rule, row, outcome, sink)
      })
      rule.rows.clear()
      if (rule.strikes >= judgeLimits.strikesMax) this.#quarantine(rule, sink)
    }
  }

  /** What time alone changes: inputs that grew too old with nothing new coming (I4), and alarms whose cool-down is over. */
  sweep(sink: JudgeSink): void {
    for (const rule of this.#rules.values()) {
      if (rule.state !== 'in_force') continue
      for (const slot of rule.slots.values()) {
        if (slot.standingStatus === null || slot.standingStatus === unjudged) continue
        if (!isFresh(slot, sink.nowMs)) {
          slot.tag ??= this.#plant.tag(slot.subject)
          const row = rule.rows.add(slot, null, false)
          fillRow(row, slot.tag?.last, this.#plant, sink.nowMs)
          if (row.unusable) this.#conclude(rule, row, unusable, sink)
          else takeBounds(slot, row)
          rule.rows.clear()
        }
        this.#updateAlarm(slot, sink)
      }
    }
  }

  #concludeOutcome(rule: RuleInstance, row: Row, outcome: RowOutcome, sink: JudgeSink): void {
    if (outcome.kind === 'verdict') {
      // Once it is out it stays out, whatever the rest of the batch says.
      if (rule.strikes < judgeLimits.strikesMax) rule.strikes = 0
      this.#conclude(rule, row, outcome, sink)
      return
    }
    if (outcome.counts) {
      rule.strikes++
      rule.problem = outcome.problem
    }
    this.#conclude(rule, row, unjudgedByFailure(outcome.problem), sink)
  }

  #conclude(rule: RuleInstance, row: Row, verdict: ReplayedVerdict, sink: JudgeSink): void {
    const { slot } = row
    const { status } = verdict
    rule.verdictsTotal++
    sink.counted(status)
    const normal = isNormal(rule.definition, status)
    const noteworthy = !normal || verdict.confidence < rule.definition.confidence_min
    const sinceRecordedMs = sink.nowMs - slot.recordedAtMs
    // A wall clock that was set back must not keep verdicts from being recorded.
    const due = sinceRecordedMs >= judgeLimits.repeatedVerdictMsMin || sinceRecordedMs < 0
    const previous = slot.standingStatus
    if (row.late) {
      if (noteworthy && due) this.#record(rule, row, verdict, normal, previous, sink)
      return
    }
    takeBounds(slot, row)
    const { candidateCount } = slot
    const stands = settle(slot, status, rule.definition)
    const changed = status !== slot.rawStatus
    slot.rawStatus = status
    if (stands || changed || (noteworthy && due)) {
      const judgment = this.#record(rule, row, verdict, normal, previous, sink)
      if (stands) slot.sinceMs = sink.nowMs
      if (stands || slot.standingStatus === status) {
        slot.judgment = judgment
        sink.standing({ judgment, sinceMs: slot.sinceMs })
      }
      if (stands) this.#updateAlarm(slot, sink)
    } else if (candidateCount !== slot.candidateCount) sink.slotChanged(slot)
  }

  #record(
    rule: RuleInstance,
    row: Row,
    verdict: ReplayedVerdict,
    normal: boolean,
    previous: string | null,
    sink: JudgeSink,
  ): Judgment {
    const { slot } = row
    const inputs = snapshot(rule, row)
    const judgment: Judgment = {
      id: uuidv7(),
      rule_id: rule.definition.id,
      rule_version: rule.definition.version,
      rule_hash: rule.hash,
      subject: slot.subject,
      line: slot.line,
      equipment: slot.equipment,
      status: verdict.status,
      normal,
      previous_status: previous,
      confidence: verdict.confidence,
      method_used: 'rule',
      explanation: verdict === unusable ? unjudgedBecause(inputs).explanation : verdict.explanation,
      inputs,
      reading_seq: row.readingSeq,
      judged_at_ms: sink.nowMs,
    }
    slot.recordedAtMs = sink.nowMs
    sink.judgment(judgment)
    sink.slotChanged(slot)
    return judgment
  }

  /** Brings the alarm of a slot in line with what stands there. UNJUDGED neither raises nor returns: nothing is known of the process. */
  #updateAlarm(slot: Slot, sink: JudgeSink): void {
    const { judgment } = slot
    if (judgment === null || slot.standingStatus === unjudged) return
    const priority = slot.rule.definition.alarms[judgment.status]
    const tell = (alarm: Alarm) => sink.alarm(alarm)
    if (priority === undefined) {
      if (!this.alarms.return(slot.rule.definition.id, slot.subject, sink.nowMs, tell)) return
      slot.coolDownUntilMs = sink.nowMs + slot.rule.definition.cool_down_s * 1_000
      sink.slotChanged(slot)
      return
    }
    const isNew = this.alarms.open(slot.rule.definition.id, slot.subject) === undefined
    // Still in cool-down: the sweep raises it when that is over and the process is still in alarm. With more left of it than it
    // is long, the clock was set back, which must not hold an alarm back.
    const coolDownLeftMs = slot.coolDownUntilMs - sink.nowMs
    if (isNew && coolDownLeftMs > 0 && coolDownLeftMs <= slot.rule.definition.cool_down_s * 1_000) return
    this.alarms.activate(judgment, priority, sink.nowMs, tell)
  }

  #quarantine(rule: RuleInstance, sink: JudgeSink): void {
    rule.prepared?.drop()
    rule.prepared = null
    rule.state = 'quarantined'
    rule.problem = recordText(
      `The rule failed ${rule.strikes} times in a row and was taken out. ${rule.problem ?? ''}`.trim(),
    )
    rule.strikes = 0
    this.#triggers.changed()
    sink.ruleChanged(rule)
    sink.reported({
      kind: 'rule',
      key: rule.definition.id,
      version: rule.definition.version,
      state: 'quarantined',
      problem: rule.problem,
      rule_hash: rule.hash,
    })
    for (const slot of rule.slots.values()) {
      if (slot.standingStatus === null || slot.standingStatus === unjudged) continue
      slot.tag ??= this.#plant.tag(slot.subject)
      const row = rule.rows.add(slot, null, false)
      fillRow(row, slot.tag?.last, this.#plant, sink.nowMs)
      this.#conclude(rule, row, unjudgedByFailure(rule.problem), sink)
      rule.rows.clear()
    }
  }

  /** The rule no longer speaks for this subject: what it said is taken down, and its alarm with it. */
  #retire(slot: Slot, sink: JudgeSink): void {
    this.alarms.return(slot.rule.definition.id, slot.subject, sink.nowMs, (alarm) => sink.alarm(alarm))
    sink.slotGone(slot)
  }

  #slot(rule: RuleInstance, subject: string, line: string, equipment: string | null): Slot {
    const known = rule.slots.get(subject)
    if (known !== undefined) return known
    const slot = newSlot(rule, subject, line, equipment)
    rule.slots.set(subject, slot)
    return slot
  }

  #broken(definition: RuleDefinition, problem: string): RuleInstance {
    const deployment = deployRule({ ...definition, enabled: false }, this.#runner)
    if ('problem' in deployment) throw new Error(`a disabled rule was refused: ${deployment.problem}`)
    return {
      ...deployment.rule,
      definition,
      state: 'quarantined',
      problem: recordText(`This program no longer takes the rule: ${problem}`),
    }
  }
}

function takeBounds(slot: Slot, row: Row): void {
  slot.freshFromMs = row.freshFromMs
  slot.freshUntilMs = row.freshUntilMs
}
