import { readStatus } from './inputs.ts'
import type { Cell } from './inputs.ts'
import type { Row, RuleInstance, Slot } from './rule-instance.ts'
import type { PreparedRule, RowOutcome } from './rule-runner.ts'

/** Called once for every row, in the order in which the rows of a subject came. */
export type Conclude = (row: Row, outcome: RowOutcome | 'unusable') => void

/** Judges all rows that a rule has gathered, in as few calls of the rule engine as its inputs allow. */
export function evaluateRows(rule: RuleInstance, conclude: Conclude): void {
  if (rule.prepared === null) return
  if (rule.looksAtItself) judgeInRounds(rule, rule.prepared, conclude)
  else judgeAtOnce(rule, rule.prepared, conclude)
}

function judgeAtOnce({ rows }: RuleInstance, prepared: PreparedRule, conclude: Conclude): void {
  const asked: number[] = []
  for (let index = 0; index < rows.count; index++) {
    const row = rows.row(index)
    if (row.unusable) continue
    asked.push(index)
    for (const cell of row.cells) prepared.push(cell.value ?? '')
  }
  // Rows conclude in the order of arrival, those that the rule was not asked for in between.
  let next = 0
  const concludeUnusable = (until: number) => {
    for (; next < until; next++) conclude(rows.row(next), 'unusable')
  }
  prepared.evaluate((position, outcome) => {
    const index = asked[position] as number
    concludeUnusable(index)
    conclude(rows.row(index), outcome)
    next = index + 1
  })
  concludeUnusable(rows.count)
}

/** A rule that looks at its own standing status needs one verdict settled before the next of the same subject: a row of each subject a round. */
function judgeInRounds(rule: RuleInstance, prepared: PreparedRule, conclude: Conclude): void {
  const bySlot = new Map<Slot, Row[]>()
  let roundCount = 0
  for (let index = 0; index < rule.rows.count; index++) {
    const row = rule.rows.row(index)
    const own = bySlot.get(row.slot) ?? []
    own.push(row)
    bySlot.set(row.slot, own)
    roundCount = Math.max(roundCount, own.length)
  }
  for (let round = 0; round < roundCount; round++) {
    const asked: Row[] = []
    for (const [slot, own] of bySlot) {
      const row = own[round]
      if (row === undefined) continue
      lookAtItself(rule, row, slot)
      if (row.unusable) {
        conclude(row, 'unusable')
        continue
      }
      asked.push(row)
      for (const cell of row.cells) prepared.push(cell.value ?? '')
    }
    prepared.evaluate((position, outcome) => conclude(asked[position] as Row, outcome))
  }
}

function lookAtItself(rule: RuleInstance, row: Row, slot: Slot): void {
  rule.definition.inputs.forEach((input, column) => {
    if (input.from === 'previous_status') readStatus(row.cells[column] as Cell, slot.standingStatus)
  })
}
