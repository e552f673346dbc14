import { unjudged } from '@jidoka/domain'
import type { Alarm, AlarmAction, RuleDefinition } from '@jidoka/domain'
import type { AlarmOutcome, RuleInForce } from '../ports.ts'
import type { WindowReader } from '../windows/window-bank.ts'
import { evaluateRows } from './evaluate-rows.ts'
import type { Conclude } from './evaluate-rows.ts'
import { Expiry } from './expiry.ts'
import { fillRow, rowNow } from './fill-row.ts'
import { judgeLimits } from './limits.ts'
import type { StoredRun } from './open-run.ts'
import type { Plant, Tag } from './plant.ts'
import { unjudgedByFailure } from './replay.ts'
import type { RuleGroup } from './rule-group.ts'
import type { Row } from './row-buffer.ts'
import { isJudged, newSlot, takeStrikeOff } from './rule-instance.ts'
import type { RuleInstance, Slot } from './rule-instance.ts'
import type { RuleRunner } from './rule-runner.ts'
import { RuleTable } from './rule-table.ts'
import type { JudgeSink, VerdictWatcher } from './sink.ts'
import { SlotAlarms } from './slot-alarms.ts'
import type { Subject } from './subject.ts'
import { Timers } from './timers.ts'
import type { IsDue } from './timers.ts'
import type { Triggered, TriggerIndex } from './trigger-index.ts'
import { VerdictLedger } from './verdict-ledger.ts'

export interface JudgeOptions {
  readonly runner: RuleRunner
  readonly plant: Plant
  /** Strikes before a rule is taken out; Infinity where the journal says when it was. */
  readonly strikesMax?: number
  /** Pairs of a rule and a subject; see `judgeLimits`. */
  readonly pairsMax?: number
}

/**
 * The rules in force and what stands by them. Readings and events are noted as they come (`note...`), with the inputs as
 * they are at that moment; `finish` then judges all of them, each group of rules in one call. Pure but for the rule engine:
 * time and effects go through the sink, so that a replay of the journal is the same code.
 */
export class Judge {
  readonly #plant: Plant
  readonly #strikesMax: number
  readonly #alarms = new SlotAlarms()
  readonly #ledger = new VerdictLedger(this.#alarms)
  readonly #expiry = new Expiry()
  readonly #rules: RuleTable
  readonly #triggers: TriggerIndex
  readonly #timers: Timers
  /** Groups with rows that wait, and how many there are in all. */
  #waiting: RuleGroup[] = []
  #waitingCount = 0

  constructor({ runner, plant, strikesMax = judgeLimits.strikesMax, pairsMax }: JudgeOptions) {
    this.#plant = plant
    this.#strikesMax = strikesMax
    this.#rules = new RuleTable({
      runner,
      plant,
      alarms: this.#alarms,
      ledger: this.#ledger,
      expiry: this.#expiry,
      pairsMax,
    })
    this.#triggers = this.#rules.triggers
    this.#timers = new Timers(this.#triggers, plant)
  }

  rules(): readonly RuleInForce[] {
    return this.#rules.list()
  }

  instances(): Iterable<RuleInstance> {
    return this.#rules.all()
  }

  /** Forgets everything; the next calls of `restore...` bring back what the store holds up to this reading. */
  clear(readingsSeq: number): void {
    for (const group of this.#waiting) group.rows.clear()
    this.#waiting = []
    this.#waitingCount = 0
    this.#ledger.forget()
    this.#alarms.forget()
    this.#plant.windows.clear()
    this.#rules.clear(readingsSeq)
  }

  /** See `RuleTable.restore`. */
  restoreRule(
    definition: RuleDefinition,
    state: RuleInForce['state'],
    problem: string | null,
    verdictsTotal: number,
  ): RuleInstance {
    return this.#rules.restore(definition, state, problem, verdictsTotal)
  }

  restoreSlot(ruleId: string, subject: string, line: string, equipment: string | null, state: Partial<Slot>): void {
    const rule = this.#rules.find(ruleId)
    if (rule === undefined) return
    const slot = { ...newSlot(rule, subject, line, equipment), ...state }
    rule.slots.set(subject, slot)
    this.#alarms.lookAgain(slot)
  }

  /** A run that was open, brought up to the last reading of the store. */
  restoreRun(slot: Slot, run: StoredRun): void {
    slot.run.restore(run)
    this.#ledger.restored(slot)
  }

  restoreAlarms(alarms: Iterable<Alarm>): void {
    this.#alarms.load(alarms)
  }

  /** See `RuleTable.reconcile`. */
  reconcile(history: ReadonlyMap<string, { readonly hash: string; readonly state: string }>, sink: JudgeSink): void {
    this.#rules.reconcile(history, sink)
  }

  /** Puts a rule in force in place of its older version, or says why not; then the older one stays in force (I7). */
  deploy(definition: RuleDefinition, sink: JudgeSink): { readonly problem: string | null; readonly hash: string } {
    return this.#rules.deploy(definition, sink)
  }

  remove(ruleId: string, sink: JudgeSink): boolean {
    return this.#rules.remove(ruleId, sink)
  }

  /** See `RuleTable.fillWindows`. */
  fillWindows(reader: WindowReader): void {
    this.#rules.fillWindows(reader)
  }

  /** See `RuleTable.prepareWindows`. */
  prepareWindows(coming: readonly RuleDefinition[] | null, reader: WindowReader, isTimeUp: () => boolean): boolean {
    return this.#rules.prepareWindows(coming, reader, isTimeUp)
  }

  /** See `RuleTable.endPreparing`. */
  endPreparing(reader: WindowReader): void {
    this.#rules.endPreparing(reader)
  }

  /** A reading was stored; the plant already holds it as the last value, unless it is late. */
  noteReading(tag: Tag, reading: NonNullable<Tag['last']>, seq: number, late: boolean, sink: JudgeSink): void {
    this.#rules.readingsSeq = seq
    // What stands may come from windows that are empty now: the next sweep looks.
    if (this.#plant.windows.note(tag, reading)) this.#expiry.lookAgain()
    const triggered = this.#triggers.ofTag(tag)
    for (let index = 0; index < triggered.length; index++)
      this.#note(triggered[index] as Triggered, seq, late, reading, sink.nowMs)
    if (this.#waitingCount >= judgeLimits.rowsMax) this.finish(sink)
  }

  /** A production count of a line was stored; the plant already holds it. */
  noteProduction(line: string, sink: JudgeSink): void {
    for (const triggered of this.#triggers.ofLine(line)) this.#note(triggered, null, false, undefined, sink.nowMs)
  }

  /** Judges everything noted since the last call. */
  finish(sink: JudgeSink): void {
    if (this.#waitingCount === 0) return
    const conclude = this.#concludeInto(sink)
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingCount = 0
    for (const group of waiting) {
      evaluateRows(group, conclude)
      group.rows.clear()
    }
    for (const { rules } of waiting) {
      for (const rule of rules) if (rule.strikes >= this.#strikesMax) this.#rules.quarantine(rule, sink)
    }
  }

  /**
   * Rules on the clock judge what is there now if they are due, once however many instants of theirs have passed since the last look. Where nothing can
   * be judged it is said once, as with silence: a sensor that was taken down would fill the records else.
   * Answers whether there was such an instant.
   */
  tick(isDue: IsDue, sink: JudgeSink): boolean {
    let wasDue = false
    for (const group of this.#timers.due(isDue)) {
      wasDue = true
      for (const triggered of group) {
        const row = rowNow(triggered.subject, this.#plant, sink.nowMs)
        if (row.unusable) this.#cannotJudge(triggered.subject, row, isNotUnjudged, sink)
        else this.#note(triggered, null, false, triggered.subject.tag?.last, sink.nowMs)
      }
      if (this.#waitingCount >= judgeLimits.rowsMax) this.finish(sink)
    }
    this.finish(sink)
    return wasDue
  }

  /** What time alone changes: inputs that grew too old with nothing new coming (I4), cool-downs that are over, runs that last long. */
  sweep(sink: JudgeSink): void {
    this.#expiry.sweep(this.#triggers.groups(), sink.nowMs, (subject) => {
      if (!subject.slots.some(isJudged)) return
      this.#cannotJudge(subject, rowNow(subject, this.#plant, sink.nowMs), isJudged, sink)
    })
    this.#rules.tellCrowdedOut(sink)
    this.#alarms.sweep(sink)
    this.#ledger.sweep(this.#rules.all(), sink)
  }

  actOnAlarm(alarmId: string, action: AlarmAction, actor: string, sink: JudgeSink): AlarmOutcome {
    return this.#alarms.act(alarmId, action, actor, sink, (alarm) =>
      this.#rules.find(alarm.rule_id)?.slots.get(alarm.subject),
    )
  }

  /** Every single verdict is told from now on; null ends it. */
  watch(watcher: VerdictWatcher | null): void {
    this.#ledger.watcher = watcher
  }

  /** Makes records of all open runs: nothing more is judged. */
  closeRuns(sink: JudgeSink): void {
    for (const rule of this.#rules.all()) for (const slot of rule.slots.values()) this.#ledger.closeRun(slot, sink)
  }

  /** Slots whose open run has to be written; they count as written. */
  takeDirtyRuns(): readonly Slot[] {
    return this.#ledger.takeDirty()
  }

  #note({ group, subject }: Triggered, seq: number | null, late: boolean, reading: Tag['last'], nowMs: number): void {
    if (group.rows.count === 0) this.#waiting.push(group)
    const row = group.rows.add(subject, seq, late)
    fillRow(row, reading, this.#plant, nowMs)
    if (!late) this.#expiry.note(subject, row)
    this.#waitingCount++
  }

  /** Says so at slots where it is news, if it is so. */
  #cannotJudge(subject: Subject, row: Row, isNews: (slot: Slot) => boolean, sink: JudgeSink): void {
    this.#expiry.note(subject, row)
    if (!row.unusable) return
    for (const slot of subject.slots) if (isNews(slot)) this.#ledger.enter(slot, row, unjudged, 0, null, sink)
  }

  #concludeInto(sink: JudgeSink): Conclude {
    const ledger = this.#ledger
    const strikesMax = this.#strikesMax
    return {
      verdict(slot, row, status, confidence, explanation) {
        const { rule } = slot
        // Once it is out it stays out, whatever the rest of the batch says.
        if (rule.strikes > 0 && rule.strikes < strikesMax) takeStrikeOff(rule)
        ledger.enter(slot, row, status, confidence, explanation, sink)
      },
      failed(slot, row, problem, counts) {
        if (counts) {
          slot.rule.strikes++
          slot.rule.verdictsSinceStrike = 0
          slot.rule.problem = problem
        }
        ledger.enter(slot, row, unjudged, 0, unjudgedByFailure(problem).explanation, sink)
      },
      unusable(slot, row) {
        ledger.enter(slot, row, unjudged, 0, null, sink)
      },
    }
  }
}

const isNotUnjudged = (slot: Slot): boolean => slot.standingStatus !== unjudged
