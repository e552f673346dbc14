import { resolvedInputs } from '@jidoka/domain'
import type { RuleInput, RuleTrigger } from '@jidoka/domain'
import { RowBuffer } from './row-buffer.ts'
import type { RowPool } from './row-buffer.ts'
import { slotOf } from './rule-instance.ts'
import type { RuleInstance } from './rule-instance.ts'
import type { PreparedGroup } from './rule-runner.ts'
import type { Subject } from './subject.ts'

/**
 * Rules in force with the same trigger and the same inputs: they see the same rows, which are filled, packed and judged
 * once for all of them. A rule that looks at its own status has a group for itself.
 */
export class RuleGroup {
  readonly trigger: RuleTrigger
  readonly inputs: readonly RuleInput[]
  readonly looksAtItself: boolean
  readonly rules: readonly RuleInstance[]
  readonly prepared: PreparedGroup
  readonly rows: RowBuffer
  readonly subjects = new Map<string, Subject>()

  /** All rules have the key of the first, and are in force. */
  constructor(first: RuleInstance, rules: readonly RuleInstance[], prepared: PreparedGroup, pool: RowPool) {
    this.trigger = first.definition.trigger
    this.inputs = resolvedInputs(first.definition)
    this.looksAtItself = looksAtItself(first)
    this.rules = rules
    this.prepared = prepared
    this.rows = new RowBuffer(this.inputs.length, pool)
    for (const rule of rules)
      for (const slot of rule.slots.values()) this.subject(slot.subject, slot.line, slot.equipment)
  }

  subject(key: string, line: string, equipment: string | null): Subject {
    const known = this.subjects.get(key)
    if (known !== undefined) return known
    const subject: Subject = {
      key,
      line,
      equipment,
      inputs: this.inputs,
      tag: undefined,
      slots: this.rules.map((rule) => slotOf(rule, key, line, equipment)),
      freshFromMs: -Infinity,
      freshUntilMs: 0,
    }
    this.subjects.set(key, subject)
    return subject
  }
}

/** Equal for rules that see the same rows. */
export function groupKey(rule: RuleInstance): string {
  const { id, trigger } = rule.definition
  return JSON.stringify([trigger, resolvedInputs(rule.definition), looksAtItself(rule) ? id : ''])
}

const looksAtItself = ({ definition }: RuleInstance): boolean =>
  definition.inputs.some((input) => input.from === 'previous_status')
