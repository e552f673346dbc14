import type { CompiledRule } from './compiled-rule.ts'
import type { RowShape } from './row-batch.ts'

/** Rules that judge the same rows in one call. Made by `RuleEngine.ruleSet`. */
export class RuleSet {
  readonly rules: readonly CompiledRule[]
  readonly shape: RowShape
  /** The module's plan: for each rule its slot, the number of its fields, and the column of each. */
  readonly plan: Uint32Array
  /** Where each rule's part of the plan begins, and where the plan ends. */
  readonly planOffsets: readonly number[]
  /** The engine's own: the instance and the number of drops for which the slots in the plan are right. */
  validFor: { instance: number; drops: number } = { instance: -1, drops: -1 }

  /** Throws a RangeError when a rule declares a field that the shape does not have with the same kind. */
  constructor(rules: readonly CompiledRule[], shape: RowShape) {
    this.rules = [...rules]
    this.shape = shape
    const plan: number[] = []
    const planOffsets: number[] = []
    for (const rule of rules) {
      planOffsets.push(plan.length)
      plan.push(0, rule.shape.width, ...columnsOf(rule, shape))
    }
    planOffsets.push(plan.length)
    this.plan = Uint32Array.from(plan)
    this.planOffsets = planOffsets
  }
}

function columnsOf(rule: CompiledRule, shape: RowShape): number[] {
  return rule.shape.fields.map(({ name, kind }) => {
    const column = shape.columns.get(name)
    const found = column === undefined ? undefined : shape.fields[column]
    if (column === undefined || found?.kind !== kind) {
      const has = found === undefined ? 'have no such column' : `hold ${found.kind} there`
      throw new RangeError(`the rule reads ${JSON.stringify(name)} as ${kind}, and the rows ${has}`)
    }
    return column
  })
}
