import { unjudged } from '@jidoka/domain'
import type { Alarm, AlarmAction, RuleDefinition } from '@jidoka/domain'
import type { AlarmOutcome, RuleInForce } from '../ports.ts'
import type { WindowReader } from '../windows/window-bank.ts'
import { deployRule } from './deployment.ts'
import { evaluateRows } from './evaluate-rows.ts'
import type { Conclude } from './evaluate-rows.ts'
import { Expiry } from './expiry.ts'
import { fillRow } from './fill-row.ts'
import { judgeLimits } from './limits.ts'
import { OpenRun } from './open-run.ts'
import type { StoredRun } from './open-run.ts'
import type { Plant, Tag } from './plant.ts'
import { quarantineSentence } from './quarantine-sentence.ts'
import { recordText } from './record-text.ts'
import { takenOut, unjudgedByFailure } from './replay.ts'
import { RuleGroup } from './rule-group.ts'
import { newRow, RowPool } from './row-buffer.ts'
import type { Row } from './row-buffer.ts'
import { newSlot, takeStrikeOff } from './rule-instance.ts'
import type { RuleInstance, Slot } from './rule-instance.ts'
import type { RuleRunner } from './rule-runner.ts'
import type { JudgeSink, VerdictWatcher } from './sink.ts'
import { SlotAlarms } from './slot-alarms.ts'
import type { Subject } from './subject.ts'
import { dueGroups } from './timers.ts'
import { fitsSubject, TriggerIndex } from './trigger-index.ts'
import type { Triggered } from './trigger-index.ts'
import { VerdictLedger } from './verdict-ledger.ts'

export interface JudgeOptions {
  readonly runner: RuleRunner
  readonly plant: Plant
  /** Strikes before a rule is taken out; Infinity where the journal says when it was. */
  readonly strikesMax?: number
}

/**
 * The rules in force and what stands by them. Readings and events are noted as they come (`note...`), with the inputs as
 * they are at that moment; `finish` then judges all of them, each group of rules in one call. Pure but for the rule engine:
 * time and effects go through the sink, so that a replay of the journal is the same code.
 */
export class Judge {
  readonly #runner: RuleRunner
  readonly #plant: Plant
  readonly #strikesMax: number
  readonly #rules = new Map<string, RuleInstance>()
  readonly #triggers: TriggerIndex
  readonly #alarms = new SlotAlarms()
  readonly #ledger = new VerdictLedger(this.#alarms)
  readonly #expiry = new Expiry()
  /** Groups with rows that wait, and how many there are in all. */
  #waiting: RuleGroup[] = []
  #waitingCount = 0
  #windowsAreDue = true
  #readingsSeq = 0

  constructor({ runner, plant, strikesMax = judgeLimits.strikesMax }: JudgeOptions) {
    this.#runner = runner
    this.#plant = plant
    this.#strikesMax = strikesMax
    this.#triggers = new TriggerIndex(this.#rules, (rules) => runner.group(rules))
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

  /** Forgets everything; the next calls of `restore...` bring back what the store holds up to this reading. */
  clear(readingsSeq: number): void {
    for (const rule of this.#rules.values()) rule.prepared?.drop()
    this.#rules.clear()
    for (const group of this.#waiting) group.rows.clear()
    this.#waiting = []
    this.#waitingCount = 0
    this.#readingsSeq = readingsSeq
    this.#ledger.forget()
    this.#alarms.forget()
    this.#plant.windows.clear()
    this.#rulesChanged()
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
    this.#rulesChanged()
    return rule
  }

  restoreSlot(ruleId: string, subject: string, line: string, equipment: string | null, state: Partial<Slot>): void {
    const rule = this.#rules.get(ruleId)
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

  /**
   * Brings what stands, and the history of rules, in line with the rules as they were restored: `history` says what the
   * store holds of each, and what this program no longer takes must not look as if it were judged.
   */
  reconcile(history: ReadonlyMap<string, { readonly hash: string; readonly state: string }>, sink: JudgeSink): void {
    for (const rule of this.#rules.values()) {
      const known = history.get(rule.definition.id)
      if (known?.hash === rule.hash && known.state === rule.state) continue
      if (rule.state === 'quarantined') this.#takeDown(rule, rule.problem ?? '', sink)
      sink.ruleChanged(rule, this.#readingsSeq)
    }
  }

  /** Puts a rule in force in place of its older version, or says why not; then the older one stays in force (I7). */
  deploy(definition: RuleDefinition, sink: JudgeSink): { readonly problem: string | null; readonly hash: string } {
    const deployment = deployRule(definition, this.#runner)
    if ('problem' in deployment) return deployment
    const rule = deployment.rule
    const refusal = this.#windowsRefusal(definition)
    if (refusal !== null) {
      rule.prepared?.drop()
      return { problem: refusal, hash: rule.hash }
    }
    const older = this.#rules.get(definition.id)
    older?.prepared?.drop()
    rule.verdictsTotal = older?.verdictsTotal ?? 0
    this.#rules.set(definition.id, rule)
    this.#rulesChanged()
    for (const slot of older?.slots.values() ?? []) {
      this.#ledger.closeRun(slot, sink)
      const kept = rule.state === 'in_force' && fitsSubject(rule.definition, slot)
      if (!kept) {
        this.#retire(slot, sink)
        continue
      }
      // What stands goes on standing until the new version has judged. Its counting begins anew, and its first verdict is a record
      // even when it says the same: people look for it after they have changed a limit.
      const moved: Slot = {
        ...slot,
        rule,
        candidateStatus: null,
        candidateCount: 0,
        rawStatus: null,
        run: new OpenRun(),
      }
      rule.slots.set(slot.subject, moved)
      this.#alarms.lookAgain(moved)
      sink.slotChanged(moved)
    }
    sink.ruleChanged(rule, this.#readingsSeq)
    return { problem: null, hash: rule.hash }
  }

  remove(ruleId: string, sink: JudgeSink): boolean {
    const rule = this.#rules.get(ruleId)
    if (rule === undefined) return false
    rule.prepared?.drop()
    this.#rules.delete(ruleId)
    this.#rulesChanged()
    for (const slot of rule.slots.values()) {
      this.#ledger.closeRun(slot, sink)
      this.#retire(slot, sink)
    }
    sink.ruleGone(rule, this.#readingsSeq)
    return true
  }

  /**
   * After rules have changed: makes the windows that they look at, and fills those that are new. `reader` must have every
   * reading that was noted.
   */
  fillWindows(reader: WindowReader, nowMs: number): void {
    if (!this.#windowsAreDue) return
    this.#windowsAreDue = false
    const { windows } = this.#plant
    windows.need(this.#definitionsInForce(), this.#plant.tags())
    windows.rebuild(reader, nowMs)
  }

  /**
   * Fills windows of rules that are about to be put in force until the time is up; true when nothing is left to fill. Nothing judges
   * by them before `deploy`. `coming`: with the first call, null with the next ones.
   */
  prepareWindows(
    coming: readonly RuleDefinition[] | null,
    reader: WindowReader,
    nowMs: number,
    isTimeUp: () => boolean,
  ): boolean {
    const { windows } = this.#plant
    if (coming !== null) {
      const ids = new Set(coming.map(({ id }) => id))
      const staying = this.#definitionsInForce().filter(({ id }) => !ids.has(id))
      windows.beginPreparing([...staying, ...coming], this.#plant.tags())
    }
    return windows.prepare(reader, nowMs, isTimeUp)
  }

  /** A reading was stored; the plant already holds it as the last value, unless it is late. */
  noteReading(tag: Tag, reading: NonNullable<Tag['last']>, seq: number, late: boolean, sink: JudgeSink): void {
    this.#readingsSeq = seq
    if (tag.windows !== null) this.#plant.windows.note(tag, reading)
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
      for (const rule of rules) if (rule.strikes >= this.#strikesMax) this.#quarantine(rule, sink)
    }
  }

  /**
   * Rules on the clock judge what is there now if an instant of theirs has passed since the last look, once however many have. Where nothing can
   * be judged it is said once, as with silence: a sensor that was taken down would fill the records else.
   */
  tick(sinceMs: number, sink: JudgeSink): void {
    for (const group of dueGroups(this.#triggers, this.#plant, sinceMs, sink.nowMs)) {
      for (const triggered of group) {
        const row = this.#rowNow(triggered.subject, sink.nowMs)
        if (row.unusable) this.#cannotJudge(triggered.subject, row, isNotUnjudged, sink)
        else this.#note(triggered, null, false, triggered.subject.tag?.last, sink.nowMs)
      }
      if (this.#waitingCount >= judgeLimits.rowsMax) this.finish(sink)
    }
    this.finish(sink)
  }

  /** What time alone changes: inputs that grew too old with nothing new coming (I4), cool-downs that are over, runs that last long. */
  sweep(sink: JudgeSink): void {
    this.#expiry.sweep(this.#triggers.groups(), sink.nowMs, (subject) => {
      if (!subject.slots.some(isJudged)) return
      this.#cannotJudge(subject, this.#rowNow(subject, sink.nowMs), isJudged, sink)
    })
    this.#alarms.sweep(sink)
    this.#ledger.sweep(this.#rules.values(), sink)
  }

  actOnAlarm(alarmId: string, action: AlarmAction, actor: string, sink: JudgeSink): AlarmOutcome {
    return this.#alarms.act(alarmId, action, actor, sink, (alarm) =>
      this.#rules.get(alarm.rule_id)?.slots.get(alarm.subject),
    )
  }

  /** Every single verdict is told from now on; null ends it. */
  watch(watcher: VerdictWatcher | null): void {
    this.#ledger.watcher = watcher
  }

  /** Makes records of all open runs: nothing more is judged. */
  closeRuns(sink: JudgeSink): void {
    for (const rule of this.#rules.values()) for (const slot of rule.slots.values()) this.#ledger.closeRun(slot, sink)
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

  /** What a subject's inputs see with nothing new. */
  #rowNow(subject: Subject, nowMs: number): Row {
    subject.tag ??= this.#plant.tag(subject.key)
    const row = newRow(subject, subject.inputs.length)
    fillRow(row, subject.tag?.last, this.#plant, nowMs)
    return row
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

  #quarantine(rule: RuleInstance, sink: JudgeSink): void {
    rule.state = 'quarantined'
    rule.problem = recordText(quarantineSentence(rule.strikes, rule.problem ?? ''))
    rule.strikes = 0
    this.#takeDown(rule, rule.problem, sink)
    rule.prepared?.drop()
    rule.prepared = null
    this.#rulesChanged()
    sink.ruleChanged(rule, this.#readingsSeq)
    sink.reported({
      kind: 'rule',
      key: rule.definition.id,
      version: rule.definition.version,
      state: 'quarantined',
      problem: rule.problem,
      rule_hash: rule.hash,
    })
  }

  /** What a rule said that is out of force is UNJUDGED from now on, once. */
  #takeDown(rule: RuleInstance, problem: string, sink: JudgeSink): void {
    const { explanation } = unjudgedByFailure(problem)
    const group = new RuleGroup(rule, [rule], this.#runner.group([]), new RowPool())
    for (const subject of group.subjects.values()) {
      for (const slot of subject.slots) {
        if (isJudged(slot)) this.#ledger.enter(slot, this.#rowNow(subject, sink.nowMs), unjudged, 0, explanation, sink)
        this.#ledger.closeRun(slot, sink)
      }
    }
  }

  /** The rule no longer speaks for this subject: what it said is taken down, and its alarm with it. */
  #retire(slot: Slot, sink: JudgeSink): void {
    this.#alarms.retire(slot, sink)
    sink.slotGone(slot)
  }

  #definitionsInForce(): RuleDefinition[] {
    return [...this.#rules.values()].flatMap((rule) => (rule.state === 'in_force' ? [rule.definition] : []))
  }

  #windowsRefusal(definition: RuleDefinition): string | null {
    if (!definition.inputs.some(({ from }) => from === 'window' || from === 'chart')) return null
    const others = this.#definitionsInForce().filter(({ id }) => id !== definition.id)
    return this.#plant.windows.refusal([...others, definition], this.#plant.tags())
  }

  #rulesChanged(): void {
    this.#windowsAreDue = true
    this.#triggers.changed()
    this.#expiry.lookAgain()
  }

  #broken(definition: RuleDefinition, problem: string): RuleInstance {
    const deployment = deployRule({ ...definition, enabled: false }, this.#runner)
    if ('problem' in deployment) throw new Error(`a disabled rule was refused: ${deployment.problem}`)
    return {
      ...deployment.rule,
      definition,
      state: 'quarantined',
      problem: recordText(`${takenOut.notTaken}: ${problem}`),
    }
  }
}

const isNotUnjudged = (slot: Slot): boolean => slot.standingStatus !== unjudged
const isJudged = (slot: Slot): boolean => slot.standingStatus !== null && slot.standingStatus !== unjudged
