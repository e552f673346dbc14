import { inputTag, readFact, readReading, readStatus } from './inputs.ts'
import type { Plant, Tag } from './plant.ts'
import { newRow } from './row-buffer.ts'
import type { Row } from './row-buffer.ts'
import type { Subject } from './subject.ts'

/** Puts what each input of the row's group sees at this moment into its cells. `reading`: what triggered it, or the last of its tag. */
export function fillRow(row: Row, reading: Tag['last'], plant: Plant, nowMs: number): void {
  const { subject, cells } = row
  const { inputs } = subject
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
          inputTag(plant, subject.line, subject.equipment, input.sensor)?.last,
          input.kind,
          input.max_age_s,
          nowMs,
        )
        break
      case 'window':
      case 'chart': {
        const { line, equipment, tag } = subject
        const ofTag = input.sensor === undefined ? tag : inputTag(plant, line, equipment, input.sensor)
        plant.windows.read(cell, input, ofTag, nowMs)
        break
      }
      case 'mes':
        readFact(cell, plant.facts(subject.line), input, nowMs)
        break
      case 'previous_status':
        // A group that looks at its status is of one rule.
        readStatus(cell, subject.slots[0]?.standingStatus ?? null)
        break
    }
    if (cell.problem !== null) row.unusable = true
    if (cell.freshFromMs > row.freshFromMs) row.freshFromMs = cell.freshFromMs
    if (cell.freshUntilMs < row.freshUntilMs) row.freshUntilMs = cell.freshUntilMs
  }
}

/** What a subject's inputs see with nothing new. */
export function rowNow(subject: Subject, plant: Plant, nowMs: number): Row {
  subject.tag ??= plant.tag(subject.key)
  const row = newRow(subject, subject.inputs.length)
  fillRow(row, subject.tag?.last, plant, nowMs)
  return row
}
