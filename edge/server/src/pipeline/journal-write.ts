import type { RuleInstance, Slot } from '../judge/rule-instance.ts'
import type { JournalWriter } from '../store/journal-writer.ts'
import type { CommitDraft, RuleChange } from './commit-draft.ts'
import { ingestLimits } from './limits.ts'

/** Where both lanes stand. */
export interface Lanes {
  nextReadingSeq: number
  nextRecordSeq: number
}

/** Writes what a draft gathered, and gives its records their numbers. Inside the commit's transaction. */
export function writeDraft(draft: CommitDraft, writer: JournalWriter, lanes: Lanes): void {
  const firstRecordSeq = lanes.nextRecordSeq
  for (const definition of draft.tagDefinitions) writer.tag(definition)
  for (const change of draft.ruleChanges) writeRuleChange(change, draft.nowMs, firstRecordSeq, writer)
  for (const slot of draft.slotsGone) writer.standingGone(slot.rule.definition.id, slot.subject)
  for (const slot of draft.slots) writeStanding(slot, writer)
  writeRuns(draft, writer)
  for (const facts of draft.facts.values()) writer.facts(facts)
  for (const item of draft.reportedItems) writer.reportedItem(item)
  for (const letter of draft.deadLetters) writer.deadLetter(letter)
  if (draft.deadLetters.length > 0) writer.keepDeadLetters(ingestLimits.deadLettersMax)
  for (const record of draft.records) writer.record(lanes.nextRecordSeq++, record, lanes.nextReadingSeq - 1)
  if (draft.readings > 0 || draft.records.length > 0) writer.lanes(lanes.nextReadingSeq, lanes.nextRecordSeq)
}

/** Puts all open runs where a start finds them; what comes later it counts again. */
export function checkpointRuns(
  dirty: readonly Slot[],
  instances: Iterable<RuleInstance>,
  writer: JournalWriter,
  lanes: Lanes,
): void {
  for (const slot of dirty) writeRun(slot, writer)
  for (const rule of instances) writer.ruleTotal(rule.definition.id, rule.verdictsTotal)
  writer.openRunsUpTo(lanes.nextReadingSeq - 1, lanes.nextRecordSeq - 1)
}

function writeRuleChange(change: RuleChange, nowMs: number, firstRecordSeq: number, writer: JournalWriter): void {
  const { rule, state } = change
  const { id } = rule.definition
  if (state === 'removed') writer.ruleGone(id)
  else writer.rule(rule.definition, state, rule.problem, rule.verdictsTotal)
  writer.ruleHistory({
    at_ms: nowMs,
    readings_seq: change.readingsSeq,
    records_seq: firstRecordSeq + change.recordsBefore - 1,
    rule_id: id,
    hash: rule.hash,
    state,
    definition: state === 'removed' ? null : JSON.stringify(rule.definition),
  })
}

function writeRuns(draft: CommitDraft, writer: JournalWriter): void {
  for (const { rule, subject, run } of draft.runsEnded) {
    if (!run.isStored) continue
    writer.openRunGone(rule.definition.id, subject)
    run.isStored = false
  }
  // A run of production counts cannot be counted again from the readings: it is on disk with each of them.
  for (const slot of draft.slots)
    if (slot.rule.definition.trigger.on !== 'reading' && slot.run.count > 0) writeRun(slot, writer)
}

function writeRun({ rule, subject, run }: Slot, writer: JournalWriter): void {
  writer.openRun(rule.definition.id, subject, run.stored())
  run.isStored = true
}

function writeStanding(slot: Slot, writer: JournalWriter): void {
  writer.standing({
    rule_id: slot.rule.definition.id,
    subject: slot.subject,
    line: slot.line,
    equipment: slot.equipment,
    settled_status: slot.settledStatus,
    candidate_status: slot.candidateStatus,
    candidate_count: slot.candidateCount,
    raw_status: slot.rawStatus,
    recorded_at_ms: slot.recordedAtMs,
    cool_down_until_ms: slot.coolDownUntilMs,
    judgment: slot.judgment === null ? null : JSON.stringify(slot.judgment),
    since_ms: slot.sinceMs,
  })
}
