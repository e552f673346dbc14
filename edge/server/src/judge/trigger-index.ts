import type { RuleInstance, Slot } from './rule-instance.ts'
import type { Tag } from './plant.ts'

/** Which rules a reading or a production count triggers: worked out once for each tag and line, until rules change. */
export class TriggerIndex {
  readonly #byTag = new Map<number, readonly RuleInstance[]>()
  readonly #byLine = new Map<string, readonly RuleInstance[]>()

  changed(): void {
    this.#byTag.clear()
    this.#byLine.clear()
  }

  ofTag(tag: Tag, rules: Iterable<RuleInstance>): readonly RuleInstance[] {
    let found = this.#byTag.get(tag.tagNo)
    if (found === undefined) {
      found = [...rules].filter(
        (rule) =>
          rule.state === 'in_force' && isTriggeredByTag(rule, tag.place.line, tag.place.equipment, tag.place.sensor),
      )
      this.#byTag.set(tag.tagNo, found)
    }
    return found
  }

  ofLine(line: string, rules: Iterable<RuleInstance>): readonly RuleInstance[] {
    let found = this.#byLine.get(line)
    if (found === undefined) {
      found = [...rules].filter((rule) => rule.state === 'in_force' && isTriggeredByLine(rule, line))
      // Lines come from an MES that may name any; remembering stays bounded.
      if (this.#byLine.size < 10_000) this.#byLine.set(line, found)
    }
    return found
  }

  /** Whether the rule still speaks for the subject of a slot that an older version of it had. */
  fits(rule: RuleInstance, slot: Slot): boolean {
    if (rule.definition.trigger.on === 'mes') return slot.subject === slot.line && isTriggeredByLine(rule, slot.line)
    const sensor = slot.subject.slice(slot.subject.lastIndexOf('/') + 1)
    return slot.subject !== slot.line && isTriggeredByTag(rule, slot.line, slot.equipment, sensor)
  }
}

function isTriggeredByTag(
  { definition: { trigger } }: RuleInstance,
  line: string,
  equipment: string | null,
  sensor: string,
): boolean {
  return (
    trigger.on === 'reading' &&
    trigger.sensor === sensor &&
    (trigger.lines === undefined || trigger.lines.includes(line)) &&
    (trigger.equipment === undefined || (equipment !== null && trigger.equipment.includes(equipment)))
  )
}

function isTriggeredByLine({ definition: { trigger } }: RuleInstance, line: string): boolean {
  return trigger.on === 'mes' && (trigger.lines === undefined || trigger.lines.includes(line))
}
