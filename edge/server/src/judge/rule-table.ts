import { ruleProblemText, unjudged } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import type { RuleInForce } from '../ports.ts'
import type { WindowReader } from '../windows/window-bank.ts'
import { deployRule } from './deployment.ts'
import type { Expiry } from './expiry.ts'
import { rowNow } from './fill-row.ts'
import { OpenRun } from './open-run.ts'
import type { Plant } from './plant.ts'
import { quarantineSentence } from './quarantine-sentence.ts'
import { recordText } from './record-text.ts'
import { takenOut, unjudgedByFailure } from './replay.ts'
import { RowPool } from './row-buffer.ts'
import { RuleGroup } from './rule-group.ts'
import { RuleRoom } from './rule-room.ts'
import { isJudged } from './rule-instance.ts'
import type { RuleInstance, Slot } from './rule-instance.ts'
import { namedBy } from './rule-names.ts'
import type { RuleRunner } from './rule-runner.ts'
import type { JudgeSink } from './sink.ts'
import type { SlotAlarms } from './slot-alarms.ts'
import { fitsSubject, TriggerIndex } from './trigger-index.ts'
import type { VerdictLedger } from './verdict-ledger.ts'

const crowdedOutProblem = ruleProblemText('crowded_out')

/**
 * The rules that are there, in force or not: how each comes, goes and is taken out, and what becomes of what it said. Between
 * two changes the judge only reads it. No row may be waiting when a rule comes or goes.
 */
export class RuleTable {
  readonly triggers: TriggerIndex
  /** The last reading that was noted: a rule that changes does so behind it. */
  readingsSeq = 0
  readonly #runner: RuleRunner
  readonly #plant: Plant
  readonly #alarms: SlotAlarms
  readonly #ledger: VerdictLedger
  readonly #expiry: Expiry
  readonly #rules = new Map<string, RuleInstance>()
  readonly #room: RuleRoom
  #windowsAreDue = true
  #roomMayHaveCome = false

  constructor(options: {
    readonly runner: RuleRunner
    readonly plant: Plant
    readonly alarms: SlotAlarms
    readonly ledger: VerdictLedger
    readonly expiry: Expiry
    readonly pairsMax?: number | undefined
  }) {
    this.#runner = options.runner
    this.#plant = options.plant
    this.#alarms = options.alarms
    this.#ledger = options.ledger
    this.#expiry = options.expiry
    this.#room = new RuleRoom(options.plant, options.pairsMax)
    this.triggers = new TriggerIndex(this.#rules, (rules) => options.runner.group(rules), options.pairsMax)
  }

  all(): Iterable<RuleInstance> {
    return this.#rules.values()
  }

  find(ruleId: string): RuleInstance | undefined {
    return this.#rules.get(ruleId)
  }

  list(): readonly RuleInForce[] {
    return [...this.#rules.values()].map((rule) => ({
      definition: rule.definition,
      hash: rule.hash,
      fastPath: rule.fastPath,
      state: rule.state,
      problem: rule.problem,
      verdictsTotal: rule.verdictsTotal,
    }))
  }

  clear(readingsSeq: number): void {
    for (const rule of this.#rules.values()) rule.prepared?.drop()
    this.#rules.clear()
    this.#room.forget()
    this.readingsSeq = readingsSeq
    this.#changed()
  }

  /** A rule as the store holds it. One that a newer engine no longer takes is quarantined, never dropped in silence. */
  restore(
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
    this.#changed()
    return rule
  }

  /**
   * Brings what stands, and the history of rules, in line with the rules as they were restored: `history` says what the
   * store holds of each, and what this program no longer takes must not look as if it were judged.
   */
  reconcile(history: ReadonlyMap<string, { readonly hash: string; readonly state: string }>, sink: JudgeSink): void {
    for (const rule of this.#rules.values()) {
      const known = history.get(rule.definition.id)
      // By the name of an older program it is the same rule, and nothing has changed.
      const isKnown = known !== undefined && namedBy(rule.definition, known.hash) !== null
      if (isKnown && known.state === rule.state) continue
      if (rule.state === 'quarantined') this.#takeDown(rule, rule.problem ?? '', sink)
      sink.ruleChanged(rule, this.readingsSeq)
    }
  }

  /** Puts a rule in force in place of its older version, or says why not; then the older one stays in force (I7). */
  deploy(definition: RuleDefinition, sink: JudgeSink): { readonly problem: string | null; readonly hash: string } {
    const deployment = deployRule(definition, this.#runner)
    if ('problem' in deployment) return deployment
    const rule = deployment.rule
    const refusal = this.#room.refusal(definition, this.#definitionsInForce())
    if (refusal !== null) {
      rule.prepared?.drop()
      return { problem: refusal, hash: rule.hash }
    }
    const older = this.#rules.get(definition.id)
    older?.prepared?.drop()
    rule.verdictsTotal = older?.verdictsTotal ?? 0
    this.#rules.set(definition.id, rule)
    this.#changed()
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
    sink.ruleChanged(rule, this.readingsSeq)
    return { problem: null, hash: rule.hash }
  }

  remove(ruleId: string, sink: JudgeSink): boolean {
    const rule = this.#rules.get(ruleId)
    if (rule === undefined) return false
    rule.prepared?.drop()
    this.#rules.delete(ruleId)
    this.#changed()
    for (const slot of rule.slots.values()) {
      this.#ledger.closeRun(slot, sink)
      this.#retire(slot, sink)
    }
    sink.ruleGone(rule, this.readingsSeq)
    return true
  }

  /**
   * After rules have changed: makes the windows that they look at, and fills those that are new. `reader` must have every
   * reading that was noted.
   */
  fillWindows(reader: WindowReader): void {
    if (!this.#windowsAreDue) return
    this.#windowsAreDue = false
    const { windows } = this.#plant
    windows.need(this.#definitionsInForce(), this.#plant.tags())
    windows.rebuild(reader)
  }

  /**
   * Fills windows of rules that are about to be put in force until the time is up; true when nothing is left to fill. Nothing judges
   * by them before `deploy`. `coming`: with the first call, null with the next ones.
   */
  prepareWindows(coming: readonly RuleDefinition[] | null, reader: WindowReader, isTimeUp: () => boolean): boolean {
    const { windows } = this.#plant
    if (coming !== null) {
      const ids = new Set(coming.map(({ id }) => id))
      const staying = this.#definitionsInForce().filter(({ id }) => !ids.has(id))
      windows.beginPreparing([...staying, ...coming], this.#plant.tags())
    }
    return windows.prepare(reader, isTimeUp)
  }

  /** The last rules of a change have come: makes their windows, and lets go of what was prepared and is not looked at. */
  endPreparing(reader: WindowReader): void {
    const { windows } = this.#plant
    windows.allHaveCome()
    this.fillWindows(reader)
    windows.endPreparing()
  }

  /** Takes a rule out that failed too often. */
  quarantine(rule: RuleInstance, sink: JudgeSink): void {
    rule.state = 'quarantined'
    rule.problem = recordText(quarantineSentence(rule.strikes, rule.problem ?? ''))
    rule.strikes = 0
    this.#takeDown(rule, rule.problem, sink)
    rule.prepared?.drop()
    rule.prepared = null
    this.#changed()
    sink.ruleChanged(rule, this.readingsSeq)
    sink.reported({
      kind: 'rule',
      key: rule.definition.id,
      version: rule.definition.version,
      state: 'quarantined',
      problem: rule.problem,
      rule_hash: rule.hash,
    })
  }

  /** Rules that do not judge everywhere, for want of room: each says so once, and once when others have made room. */
  tellCrowdedOut(sink: JudgeSink): void {
    for (const rule of this.triggers.takeCrowdedOut())
      if (rule.problem !== crowdedOutProblem) this.#tellRoom(rule, crowdedOutProblem, sink)
    if (!this.#roomMayHaveCome) return
    this.#roomMayHaveCome = false
    const crowdedOut = [...this.#rules.values()].filter(({ problem }) => problem === crowdedOutProblem)
    if (crowdedOut.length === 0 || !this.#room.hasRoomFor(this.#definitionsInForce())) return
    for (const rule of crowdedOut) this.#tellRoom(rule, null, sink)
  }

  #tellRoom(rule: RuleInstance, problem: string | null, sink: JudgeSink): void {
    rule.problem = problem
    const { id: key, version } = rule.definition
    sink.reported({ kind: 'rule', key, version, state: 'applied', problem, rule_hash: rule.hash })
  }

  /** What a rule said that is out of force is UNJUDGED from now on, once. */
  #takeDown(rule: RuleInstance, problem: string, sink: JudgeSink): void {
    const { explanation } = unjudgedByFailure(problem)
    const group = new RuleGroup(rule, [rule], this.#runner.group([]), new RowPool())
    for (const subject of group.subjects.values()) {
      for (const slot of subject.slots) {
        if (isJudged(slot))
          this.#ledger.enter(slot, rowNow(subject, this.#plant, sink.nowMs), unjudged, 0, explanation, sink)
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

  #changed(): void {
    this.#windowsAreDue = true
    this.#roomMayHaveCome = true
    this.triggers.changed()
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
