import { parseTagKey, resolvedInputs } from '@jidoka/domain'
import type { Judgment, RuleDefinition, VerdictRun } from '@jidoka/domain'
import { settle } from '../judge/hysteresis.ts'
import type { Judge } from '../judge/judge.ts'
import { newInstance, newSlot } from '../judge/rule-instance.ts'
import type { Slot } from '../judge/rule-instance.ts'
import type { LineFacts } from '../ports.ts'
import { isNewer } from '../store/last-values.ts'
import { factsAfter } from '../pipeline/line-facts.ts'
import { TagRegistry } from '../pipeline/tag-registry.ts'
import type { HeldEvents } from './held-events.ts'
import { replayLimits } from './limits.ts'
import type { PlacedRule, Stretch } from './stretch.ts'

/** What was so when the stretch began, made out from what the journal holds of the time before. */

/** Tags with the last values that rules could see. */
export function tagsAt(stretch: Stretch, firstSeq: number, definitions: readonly RuleDefinition[]): TagRegistry {
  const tags = new TagRegistry()
  tags.restore(stretch.tags(), parseTagKey)
  const sensors = new Set<string>()
  let warmUpMs: number = replayLimits.warmUpMsMin
  for (const definition of definitions) {
    if (definition.trigger.on === 'reading') sensors.add(definition.trigger.sensor)
    for (const input of resolvedInputs(definition)) {
      if ('sensor' in input && input.sensor !== undefined) sensors.add(input.sensor)
      if ('max_age_s' in input) warmUpMs = Math.max(warmUpMs, input.max_age_s * 1_000)
    }
  }
  const seen = [...tags.all()].filter((tag) => sensors.has(tag.place.sensor)).map(({ tagNo }) => tagNo)
  const fromSeq = stretch.firstSeqWithin({ fromMs: stretch.fromMs - warmUpMs, toMs: stretch.fromMs }, firstSeq - 1)
  if (seen.length === 0 || fromSeq === null) return tags
  for (const reading of stretch.readings(seen, fromSeq, firstSeq - 1)) {
    const tag = tags.tagByNo(reading.tagNo)
    if (tag !== undefined && isNewer(reading, tag.last)) tag.last = reading
  }
  return tags
}

export function factsAt(stretch: Stretch, held: HeldEvents | null = null): Map<string, LineFacts> {
  const facts = new Map<string, LineFacts>()
  for (const { seq, atMs, event } of stretch.eventsBefore()) {
    const after = factsAfter(facts.get(event.line), event, atMs)
    held?.note(seq, event, after !== null)
    if (after !== null) facts.set(event.line, after)
  }
  return facts
}

/** The rules that were in force, the newest entry of each before the stretch. */
export function rulesAt(stretch: Stretch, history: readonly PlacedRule[]): PlacedRule[] {
  const rules = new Map<string, PlacedRule>()
  for (const entry of history) if (stretch.isBefore(entry)) rules.set(entry.rule_id, entry)
  return [...rules.values()].filter(({ state, definition }) => state === 'in_force' && definition !== null)
}

/**
 * What stood at each subject of a rule. The records of a subject lie in the order of their verdicts, and those without one
 * repeat the verdict before, so that hysteresis comes to where it was.
 */
export function restoreStanding(judge: Judge, stretch: Stretch, definition: RuleDefinition): void {
  const slots = new Map<string, Slot>()
  const lastSeqs = new Map<Slot, number>()
  const rule = newInstance(definition, '', null, false)
  for (const verdict of stretch.verdictsBefore(definition.id, replayLimits.recordsBeforeMax)) {
    const slot = slots.get(verdict.subject) ?? newSlot(rule, verdict.subject, verdict.line, equipmentOf(verdict))
    slots.set(verdict.subject, slot)
    if ('late' in verdict && verdict.late === true) continue
    if (slot.standingStatus === null && 'previous_status' in verdict && verdict.previous_status !== null)
      settle(slot, verdict.previous_status, {
        ...definition,
        hysteresis: { raise_after_count: 1, return_after_count: 1 },
      })
    // More than the longest hysteresis change nothing.
    for (let times = Math.min(('count' in verdict) ? verdict.count : 1, 1_000); times > 0; times--)
      settle(slot, verdict.status, definition)
    slot.rawStatus = verdict.status
    const lastSeq = 'count' in verdict ? verdict.last_reading_seq : verdict.reading_seq
    if (lastSeq === null) lastSeqs.delete(slot)
    else lastSeqs.set(slot, lastSeq)
  }
  settleUnrecorded(stretch, definition, lastSeqs)
  for (const slot of slots.values()) {
    const { settledStatus, standingStatus, candidateStatus, candidateCount, rawStatus } = slot
    const state = { settledStatus, standingStatus, candidateStatus, candidateCount, rawStatus }
    judge.restoreSlot(definition.id, slot.subject, slot.line, slot.equipment, state)
  }
}

/**
 * What a subject's readings between its last record and the stretch brought: the same status again each time, since a change
 * would be a record. The run that counts them may not be written yet, or only within the stretch.
 */
function settleUnrecorded(stretch: Stretch, definition: RuleDefinition, lastSeqs: ReadonlyMap<Slot, number>): void {
  const slotOf = new Map<number, Slot>()
  for (const { tag_no: tagNo, key } of stretch.tags()) {
    for (const slot of lastSeqs.keys()) if (slot.subject === key) slotOf.set(tagNo, slot)
  }
  const toSeq = stretch.firstSeq - 1
  const fromSeq = Math.min(...lastSeqs.values()) + 1
  if (slotOf.size === 0 || fromSeq > toSeq) return
  for (const { tagNo, seq } of stretch.readings([...slotOf.keys()], fromSeq, toSeq)) {
    const slot = slotOf.get(tagNo)
    if (slot?.rawStatus != null && seq > (lastSeqs.get(slot) ?? Infinity)) settle(slot, slot.rawStatus, definition)
  }
}

function equipmentOf(verdict: Judgment | VerdictRun): string | null {
  return 'equipment' in verdict ? verdict.equipment : (parseTagKey(verdict.subject)?.equipment ?? null)
}
