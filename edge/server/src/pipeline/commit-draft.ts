import type { Alarm, Judgment, NewRecord, ReportedItem, TagDefinition, VerdictRun } from '@jidoka/domain'
import type { JudgeSink } from '../judge/sink.ts'
import type { RuleInstance, RuleState, Slot } from '../judge/rule-instance.ts'
import type { Tag } from '../judge/plant.ts'
import type { Committed, DeadLetter, LineFacts, StandingVerdict, VerdictPackets } from '../ports.ts'

/** A rule that came into force, left it or changed, and where between the readings and the records that was. */
export interface RuleChange {
  readonly rule: RuleInstance
  readonly state: RuleState | 'removed'
  readonly readingsSeq: number
  /** Records of the same commit that came before it. */
  readonly recordsBefore: number
}

/** What one commit will hold: gathered in memory first, then written in one transaction, then told to listeners. */
export class CommitDraft implements JudgeSink {
  readonly nowMs: number
  readonly records: NewRecord[] = []
  readonly changedTags = new Set<Tag>()
  readonly tagDefinitions: TagDefinition[] = []
  readonly standings = new Map<string, StandingVerdict>()
  readonly judgments: Judgment[] = []
  readonly alarms: Alarm[] = []
  readonly facts = new Map<string, LineFacts>()
  readonly reportedItems: ReportedItem[] = []
  readonly deadLetters: DeadLetter[] = []
  readonly slots = new Set<Slot>()
  readonly slotsGone: Slot[] = []
  /** Slots whose run has ended and become a record. */
  readonly runsEnded = new Set<Slot>()
  readonly ruleChanges: RuleChange[] = []
  readonly verdictsByStatus: Record<string, number> = {}
  readings = 0
  readingsQos0 = 0
  repeats = 0
  windowReadings: Committed['counts']['windowReadings']

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  /** Nothing to write: no transaction is needed. */
  get isEmpty(): boolean {
    return (
      this.readings === 0 &&
      this.repeats === 0 &&
      this.records.length === 0 &&
      this.slots.size === 0 &&
      this.slotsGone.length === 0 &&
      this.deadLetters.length === 0 &&
      this.ruleChanges.length === 0
    )
  }

  record(record: NewRecord): void {
    this.records.push(record)
  }

  tagDefined(definition: TagDefinition): void {
    this.tagDefinitions.push(definition)
    this.record({ at_ms: this.nowMs, kind: 'tag', body: definition })
  }

  judgment(judgment: Judgment): void {
    this.judgments.push(judgment)
    this.record({ at_ms: this.nowMs, kind: 'judgment', body: judgment })
  }

  verdictRun(run: VerdictRun, slot: Slot): void {
    this.runsEnded.add(slot)
    this.record({ at_ms: this.nowMs, kind: 'verdict_run', body: run })
  }

  standing(verdict: StandingVerdict): void {
    this.standings.set(`${verdict.judgment.rule_id}\n${verdict.judgment.subject}`, verdict)
  }

  alarm(alarm: Alarm): void {
    this.alarms.push(alarm)
    this.record({ at_ms: this.nowMs, kind: 'alarm', body: alarm })
  }

  reported(item: ReportedItem): void {
    this.reportedItems.push(item)
    this.record({ at_ms: this.nowMs, kind: 'reported', body: item })
  }

  counted(status: string): void {
    this.verdictsByStatus[status] = (this.verdictsByStatus[status] ?? 0) + 1
  }

  slotChanged(slot: Slot): void {
    this.slots.add(slot)
  }

  slotGone(slot: Slot): void {
    this.slots.delete(slot)
    this.slotsGone.push(slot)
    this.standings.delete(`${slot.rule.definition.id}\n${slot.subject}`)
  }

  ruleChanged(rule: RuleInstance, readingsSeq: number): void {
    this.ruleChanges.push({ rule, state: rule.state, readingsSeq, recordsBefore: this.records.length })
  }

  ruleGone(rule: RuleInstance, readingsSeq: number): void {
    this.ruleChanges.push({ rule, state: 'removed', readingsSeq, recordsBefore: this.records.length })
  }

  deadLetter(letter: DeadLetter): void {
    this.deadLetters.push(letter)
  }

  toCommitted(
    readingsSeq: number,
    recordsSeq: number,
    commitMs: number,
    verdictPackets: VerdictPackets | null,
  ): Committed {
    const values: Committed['values'][number][] = []
    for (const { key, last } of this.changedTags) {
      if (last !== undefined) values.push({ key, timeMs: last.timeMs, value: last.value, quality: last.quality })
    }
    return {
      readingsSeq,
      recordsSeq,
      values,
      newTags: this.tagDefinitions,
      verdicts: [...this.standings.values()],
      judgments: this.judgments,
      alarms: this.alarms,
      facts: [...this.facts.values()],
      reported: this.reportedItems,
      deadLetters: this.deadLetters,
      verdictPackets,
      counts: {
        readings: this.readings,
        readingsQos0: this.readingsQos0,
        repeats: this.repeats,
        verdictsByStatus: this.verdictsByStatus,
        windowReadings: this.windowReadings,
        commitMs,
      },
    }
  }
}
