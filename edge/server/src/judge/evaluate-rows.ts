import { readStatus } from './inputs.ts'
import type { Cell } from './inputs.ts'
import type { Row } from './row-buffer.ts'
import type { RuleGroup } from './rule-group.ts'
import type { Slot } from './rule-instance.ts'
import type { GroupSink } from './rule-runner.ts'
import type { Subject } from './subject.ts'

/** Hears every verdict: for each slot in the order in which the rows of its subject came. */
export interface Conclude {
  verdict(slot: Slot, row: Row, status: string, confidence: number, explanation: string | null): void
  failed(slot: Slot, row: Row, problem: string, counts: boolean): void
  /** An input has a problem; the rule was not asked. */
  unusable(slot: Slot, row: Row): void
}

/** Judges all rows that a group has gathered, in as few calls of the rule engine as its inputs allow. */
export function evaluateRows(group: RuleGroup, conclude: Conclude): void {
  if (group.looksAtItself) judgeInRounds(group, conclude)
  else judgeAtOnce(group, conclude)
}

function judgeAtOnce(group: RuleGroup, conclude: Conclude): void {
  const { rows, rules, prepared } = group
  const asked: number[] = []
  for (let index = 0; index < rows.count; index++) {
    const row = rows.row(index)
    if (row.unusable) continue
    asked.push(index)
    for (const cell of row.cells) prepared.push(cell.value ?? '')
  }
  // Rows conclude in the order of arrival, those that no rule was asked for in between.
  let [rule, next] = [0, 0]
  const concludeUnusable = (untilRule: number, untilRow: number) => {
    for (; rule <= untilRule; rule++, next = 0) {
      const end = rule === untilRule ? untilRow : rows.count
      for (; next < end; next++) {
        const row = rows.row(next)
        conclude.unusable(row.subject.slots[rule] as Slot, row)
      }
      if (rule === untilRule) return
    }
  }
  prepared.evaluate({
    verdict(place, position, status, confidence, explanation) {
      const index = asked[position] as number
      if (place !== rule || index !== next) concludeUnusable(place, index)
      next = index + 1
      const row = rows.row(index)
      conclude.verdict(row.subject.slots[place] as Slot, row, status, confidence, explanation)
    },
    failed(place, position, problem, counts) {
      const index = asked[position] as number
      if (place !== rule || index !== next) concludeUnusable(place, index)
      next = index + 1
      const row = rows.row(index)
      conclude.failed(row.subject.slots[place] as Slot, row, problem, counts)
    },
  })
  concludeUnusable(rules.length - 1, rows.count)
}

/** A rule that looks at its own standing status needs one verdict settled before the next of the same subject: a row of each subject a round. */
function judgeInRounds(group: RuleGroup, conclude: Conclude): void {
  const bySubject = new Map<Subject, Row[]>()
  let roundCount = 0
  for (let index = 0; index < group.rows.count; index++) {
    const row = group.rows.row(index)
    const own = bySubject.get(row.subject) ?? []
    own.push(row)
    bySubject.set(row.subject, own)
    roundCount = Math.max(roundCount, own.length)
  }
  for (let round = 0; round < roundCount; round++) {
    const asked: Row[] = []
    for (const [{ slots }, own] of bySubject) {
      const row = own[round]
      if (row === undefined) continue
      const slot = slots[0] as Slot
      lookAtItself(group, row, slot)
      if (row.unusable) {
        conclude.unusable(slot, row)
        continue
      }
      asked.push(row)
      for (const cell of row.cells) group.prepared.push(cell.value ?? '')
    }
    group.prepared.evaluate(inRound(asked, conclude))
  }
}

const inRound = (asked: readonly Row[], conclude: Conclude): GroupSink => ({
  verdict(_rule, position, status, confidence, explanation) {
    const row = asked[position] as Row
    conclude.verdict(row.subject.slots[0] as Slot, row, status, confidence, explanation)
  },
  failed(_rule, position, problem, counts) {
    const row = asked[position] as Row
    conclude.failed(row.subject.slots[0] as Slot, row, problem, counts)
  },
})

function lookAtItself(group: RuleGroup, row: Row, slot: Slot): void {
  group.inputs.forEach((input, column) => {
    if (input.from === 'previous_status') readStatus(row.cells[column] as Cell, slot.standingStatus)
  })
}
