import { parseTagKey, resolvedInputs } from '@jidoka/domain'
import type { Judgment, RuleDefinition, VerdictRun } from '@jidoka/domain'
import { settle } from '../judge/hysteresis.ts'
import type { Judge } from '../judge/judge.ts'
import { newInstance, newSlot } from '../judge/rule-instance.ts'
import type { Slot } from '../judge/rule-instance.ts'
import type { LineFacts } from '../ports.ts'
import { isNewer } from '../store/last-values.ts'
import type { TagReading } from '../store/read-tags.ts'
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
  const versions = new Map<Slot, number>()
  const rule = newInstance(definition, '', null, false)
  const repeats = new Repeats(stretch)
  for (const verdict of stretch.verdictsBefore(definition.id, replayLimits.recordsBeforeMax)) {
    const slot = slots.get(verdict.subject) ?? newSlot(rule, verdict.subject, verdict.line, equipmentOf(verdict))
    slots.set(verdict.subject, slot)
    if (versions.get(slot) !== verdict.rule_version) beginAnew(slot)
    versions.set(slot, verdict.rule_version)
    if ('late' in verdict && verdict.late === true) continue
    if (slot.standingStatus === null && 'previous_status' in verdict && verdict.previous_status !== null)
      settle(slot, verdict.previous_status, {
        ...definition,
        hysteresis: { raise_after_count: 1, return_after_count: 1 },
      })
    const isRun = 'count' in verdict
    if (isRun) settleTimes(slot, verdict.status, verdict.count - repeats.lateOf(slot, verdict))
    else settle(slot, verdict.status, definition)
    slot.rawStatus = verdict.status
    const lastSeq = isRun ? verdict.last_reading_seq : verdict.reading_seq
    if (!isRun && lastSeq !== null) repeats.inTime(slot, lastSeq)
    if (lastSeq === null) lastSeqs.delete(slot)
    else lastSeqs.set(slot, lastSeq)
  }
  for (const [slot, version] of versions) if (version !== definition.version) beginAnew(slot)
  // The run that counts what came behind the last record may not be written yet, or only within the stretch.
  for (const [slot, lastSeq] of lastSeqs)
    if (slot.rawStatus !== null) settleTimes(slot, slot.rawStatus, repeats.behind(slot, lastSeq))
  for (const slot of slots.values()) {
    const { settledStatus, standingStatus, candidateStatus, candidateCount, rawStatus } = slot
    const state = { settledStatus, standingStatus, candidateStatus, candidateCount, rawStatus }
    judge.restoreSlot(definition.id, slot.subject, slot.line, slot.equipment, state)
  }
}

/** A new version keeps what stands, and begins to count anew. */
function beginAnew(slot: Slot): void {
  slot.candidateStatus = null
  slot.candidateCount = 0
  slot.rawStatus = null
}

function settleTimes(slot: Slot, status: string, count: number): void {
  // More than the longest hysteresis change nothing.
  for (let times = Math.min(count, 1_000); times > 0; times--) settle(slot, status, slot.rule.definition)
}

/**
 * Verdicts without a record of their own, which say the same as the one before: a change would be a record. Those of late
 * readings are among them and settle nothing, so that the readings have to be looked at where it is being counted.
 */
class Repeats {
  readonly #stretch: Stretch
  readonly #tagNos: ReadonlyMap<string, number>
  /** Of each slot a reading that was its tag's newest when it came: what is late behind it is known for certain. */
  readonly #inTimeSeqs = new Map<Slot, number>()

  constructor(stretch: Stretch) {
    this.#stretch = stretch
    this.#tagNos = new Map(stretch.tags().map(({ key, tag_no: tagNo }) => [key, tagNo]))
  }

  inTime(slot: Slot, seq: number): void {
    this.#inTimeSeqs.set(slot, seq)
  }

  /** How many of a run are of late readings; 0 where it makes no difference. */
  lateOf(slot: Slot, { first_reading_seq: firstSeq, last_reading_seq: lastSeq }: VerdictRun): number {
    return firstSeq === null || lastSeq === null ? 0 : this.#count(slot, firstSeq, lastSeq).late
  }

  /** How many readings that are not late came behind the last record, up to the stretch; 0 where it makes no difference. */
  behind(slot: Slot, lastSeq: number): number {
    return this.#count(slot, lastSeq + 1, this.#stretch.firstSeq - 1).inTime
  }

  #count(slot: Slot, fromSeq: number, toSeq: number): { readonly late: number; readonly inTime: number } {
    const counted = { late: 0, inTime: 0 }
    const tagNo = this.#tagNos.get(slot.subject)
    // Repeating what has settled, or UNJUDGED, counts towards nothing.
    if (slot.candidateStatus === null || tagNo === undefined || fromSeq > toSeq) return counted
    let newest: TagReading | undefined
    for (const reading of this.#stretch.readings([tagNo], this.#inTimeSeqs.get(slot) ?? fromSeq, toSeq)) {
      const isInTime = isNewer(reading, newest)
      if (isInTime) newest = reading
      if (reading.seq >= fromSeq) counted[isInTime ? 'inTime' : 'late']++
    }
    return counted
  }
}

function equipmentOf(verdict: Judgment | VerdictRun): string | null {
  return 'equipment' in verdict ? verdict.equipment : (parseTagKey(verdict.subject)?.equipment ?? null)
}
