import { inputTag, readFact, readReading, readStatus } from './inputs.ts'
import type { Plant, Tag } from './plant.ts'
import type { Row } from './rule-instance.ts'

/** Puts what each input of the row's rule sees at this moment into its cells. `reading`: what triggered it, or the last of its tag. */
export function fillRow(row: Row, reading: Tag['last'], plant: Plant, nowMs: number): void {
  const { slot, cells } = row
  const { inputs } = slot.rule.definition
  row.unusable = false
  row.freshFromMs = -Infinity
  row.freshUntilMs = Infinity
  for (let column = 0; column < inputs.length; column++) {
    const input = inputs[column]
    const cell = cells[column]
    if (input === undefined || cell === undefined) continue
    switch (input.from) {
      case 'trigger':
        readReading(cell, reading, input.kind, input.max_age_s, nowMs)
        break
      case 'tag':
        readReading(
          cell,
          inputTag(plant, slot.line, slot.equipment, input.sensor)?.last,
          input.kind,
          input.max_age_s,
          nowMs,
        )
        break
      case 'mes':
        readFact(cell, plant.facts(slot.line), input, nowMs)
        break
      case 'previous_status':
        readStatus(cell, slot.standingStatus)
        break
    }
    if (cell.problem !== null) row.unusable = true
    if (cell.freshFromMs > row.freshFromMs) row.freshFromMs = cell.freshFromMs
    if (cell.freshUntilMs < row.freshUntilMs) row.freshUntilMs = cell.freshUntilMs
  }
}
