import type { RuleTrigger } from '@jidoka/domain'
import type { Plant } from './plant.ts'
import type { RuleGroup } from './rule-group.ts'
import type { RuleInstance } from './rule-instance.ts'
import type { Triggered, TriggerIndex } from './trigger-index.ts'
import { isOfTag } from './trigger-index.ts'

/**
 * The subjects of each group of rules on the clock whose instant lies between two looks at it. Judging one group may take a rule out, and all
 * groups are made anew then: a rule that had its turn has no second one.
 */
export function* dueGroups(
  triggers: TriggerIndex,
  plant: Plant,
  sinceMs: number,
  nowMs: number,
): Generator<readonly Triggered[]> {
  const done = new Set<RuleInstance>()
  for (;;) {
    const group = triggers
      .groups()
      .find(({ trigger, rules }) => isDue(trigger, sinceMs, nowMs) && rules.some((rule) => !done.has(rule)))
    if (group === undefined) return
    for (const rule of group.rules) done.add(rule)
    yield subjectsOf(group, plant)
  }
}

/** A multiple of its period was passed, once or many times. Also when the clock was set back across one: it would wait for it a second time else. */
function isDue(trigger: RuleTrigger, sinceMs: number, nowMs: number): boolean {
  if (trigger.on !== 'timer') return false
  const everyMs = trigger.every_s * 1_000
  return Math.floor(nowMs / everyMs) !== Math.floor(sinceMs / everyMs)
}

function subjectsOf(group: RuleGroup, plant: Plant): Triggered[] {
  const { trigger } = group
  if (trigger.on === 'mes' || trigger.sensor === undefined)
    return linesOf(trigger, plant).map((line) => ({ group, subject: group.subject(line, line, null) }))
  const triggered: Triggered[] = []
  for (const tag of plant.tags()) {
    const { line, equipment, sensor } = tag.place
    if (!isOfTag(trigger, line, equipment, sensor)) continue
    const subject = group.subject(tag.key, line, equipment)
    subject.tag = tag
    triggered.push({ group, subject })
  }
  return triggered
}

/** Lines that a rule names are judged even before anything has come from them. */
function linesOf({ lines }: RuleTrigger, plant: Plant): readonly string[] {
  if (lines !== undefined) return [...new Set(lines)]
  return [...new Set([...plant.tags()].map(({ place }) => place.line))]
}
