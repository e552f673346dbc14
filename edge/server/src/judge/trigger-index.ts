import { triggerSensor } from '@jidoka/domain'
import type { RuleDefinition, RuleTrigger } from '@jidoka/domain'
import { judgeLimits } from './limits.ts'
import type { Tag } from './plant.ts'
import { groupKey, RuleGroup } from './rule-group.ts'
import { RowPool } from './row-buffer.ts'
import type { RuleInstance, Slot } from './rule-instance.ts'
import type { PreparedGroup, PreparedRule } from './rule-runner.ts'
import type { Subject } from './subject.ts'

/** A subject that something triggers, with the group that judges it. */
export interface Triggered {
  readonly group: RuleGroup
  readonly subject: Subject
}

/** Lines come from an MES that may name any; remembering stays bounded. */
export const linesMax = 10_000

/**
 * The rules in force by what triggers them, in groups that share their rows. Made anew after rules have changed, at the
 * first use; what a tag or a line triggers is worked out once for each.
 */
export class TriggerIndex {
  readonly #rules: ReadonlyMap<string, RuleInstance>
  readonly #prepare: (rules: readonly PreparedRule[]) => PreparedGroup
  readonly #pairsMax: number
  readonly #pool = new RowPool()
  #groups: readonly RuleGroup[] | null = null
  #byTagNo: (readonly Triggered[] | undefined)[] = []
  readonly #byLine = new Map<string, readonly Triggered[]>()
  /** Of a rule and a subject, in memory. */
  #pairs = 0
  /** Rules for which there is no room at a subject that came, since they were last asked for. */
  #crowdedOut = new Set<RuleInstance>()

  constructor(
    rules: ReadonlyMap<string, RuleInstance>,
    prepare: (rules: readonly PreparedRule[]) => PreparedGroup,
    pairsMax: number = judgeLimits.pairsMax,
  ) {
    this.#rules = rules
    this.#pairsMax = pairsMax
    this.#prepare = prepare
  }

  /** Rules changed. No row may be waiting: rows belong to their group. */
  changed(): void {
    this.#groups = null
    this.#byTagNo = []
    this.#byLine.clear()
  }

  groups(): readonly RuleGroup[] {
    this.#groups ??= this.#grouped()
    return this.#groups
  }

  ofTag(tag: Tag): readonly Triggered[] {
    return this.#byTagNo[tag.tagNo] ?? this.#findTag(tag)
  }

  ofLine(line: string): readonly Triggered[] {
    let found = this.#byLine.get(line)
    if (found === undefined) {
      found = this.groups()
        .filter(({ trigger }) => trigger.on === 'mes' && isOfLine(trigger, line))
        .flatMap((group) => this.triggered(group, line, line, null))
      if (this.#byLine.size < linesMax) this.#byLine.set(line, found)
    }
    return found
  }

  /** Rules that do not judge at a subject, for want of room, since the last call. */
  takeCrowdedOut(): Iterable<RuleInstance> {
    const crowdedOut = this.#crowdedOut
    if (crowdedOut.size > 0) this.#crowdedOut = new Set()
    return crowdedOut
  }

  /** None where memory has no room for what would stand there: tags that come must not end the appliance. */
  triggered(group: RuleGroup, key: string, line: string, equipment: string | null): readonly Triggered[] {
    if (!group.subjects.has(key)) {
      if (this.#pairs + group.rules.length > this.#pairsMax) {
        for (const rule of group.rules) this.#crowdedOut.add(rule)
        return []
      }
      this.#pairs += group.rules.length
    }
    return [{ group, subject: group.subject(key, line, equipment) }]
  }

  #findTag(tag: Tag): readonly Triggered[] {
    const { line, equipment, sensor } = tag.place
    const found = this.groups()
      .filter(({ trigger }) => trigger.on === 'reading' && isOfTag(trigger, line, equipment, sensor))
      .flatMap((group) => this.triggered(group, tag.key, line, equipment))
    for (const { subject } of found) subject.tag = tag
    this.#byTagNo[tag.tagNo] = found
    return found
  }

  #grouped(): RuleGroup[] {
    const byKey = new Map<string, RuleInstance[]>()
    for (const rule of this.#rules.values()) {
      if (rule.state !== 'in_force' || rule.prepared === null) continue
      const key = groupKey(rule)
      const known = byKey.get(key)
      if (known === undefined) byKey.set(key, [rule])
      else known.push(rule)
    }
    const groups = [...byKey.values()].map((rules) => {
      const prepared = rules.flatMap((rule) => (rule.prepared === null ? [] : [rule.prepared]))
      return new RuleGroup(rules[0] as RuleInstance, rules, this.#prepare(prepared), this.#pool)
    })
    this.#pairs = groups.reduce((sum, { subjects, rules }) => sum + subjects.size * rules.length, 0)
    return groups
  }
}

/** Whether a rule speaks for the subject of a slot that an older version of it had. */
export function fitsSubject({ trigger }: RuleDefinition, slot: Slot): boolean {
  if (triggerSensor(trigger) === null) return slot.subject === slot.line && isOfLine(trigger, slot.line)
  const sensor = slot.subject.slice(slot.subject.lastIndexOf('/') + 1)
  return slot.subject !== slot.line && isOfTag(trigger, slot.line, slot.equipment, sensor)
}

/** Whether a tag is among the subjects of a rule. */
export function isOfTag(trigger: RuleTrigger, line: string, equipment: string | null, sensor: string): boolean {
  return (
    trigger.on !== 'mes' &&
    trigger.sensor === sensor &&
    isOfLine(trigger, line) &&
    (trigger.equipment === undefined || (equipment !== null && trigger.equipment.includes(equipment)))
  )
}

const isOfLine = ({ lines }: RuleTrigger, line: string): boolean => lines === undefined || lines.includes(line)
