import type { Quality, RuleInput, SnapshotInput, Value } from '@jidoka/domain'
import type { LineFacts } from '../ports.ts'
import { effectiveMs } from '../store/last-values.ts'
import type { LastValue } from '../store/last-values.ts'
import type { Plant, Tag } from './plant.ts'

export type InputProblem = NonNullable<SnapshotInput['problem']>
export type InputKind = RuleInput['kind']

/** Longest text that a rule takes, in bytes; see `ruleLimits.textBytesMax` of the rules. */
const textBytesMax = 1_024

/** What an input of a rule saw at one place: a cell of the snapshot. Reused from row to row. */
export interface Cell {
  value: Value | null
  atMs: number | null
  quality: Quality | null
  problem: InputProblem | null
  /** Until when it is fresh enough; Infinity for what does not age. */
  freshUntilMs: number
}

export const newCell = (): Cell => ({ value: null, atMs: null, quality: null, problem: null, freshUntilMs: Infinity })

const kindTests: Record<InputKind, (value: Value) => boolean> = {
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  text: (value) =>
    typeof value === 'string' && (value.length * 3 <= textBytesMax || Buffer.byteLength(value) <= textBytesMax),
}

export const fitsKind = (value: Value, kind: InputKind): boolean => kindTests[kind](value)

/** A reading as an input. Old is what is older than `maxAgeS` by its source time, or by its arrival when the source's clock runs ahead (I4). */
export function readReading(
  cell: Cell,
  reading: LastValue | undefined,
  kind: InputKind,
  maxAgeS: number,
  nowMs: number,
): void {
  if (reading === undefined) return missing(cell)
  cell.value = reading.value
  cell.atMs = reading.timeMs
  cell.quality = reading.quality
  cell.freshUntilMs = effectiveMs(reading.timeMs, reading.receivedMs) + maxAgeS * 1_000
  cell.problem =
    nowMs > cell.freshUntilMs
      ? 'stale'
      : reading.quality === 'bad'
        ? 'bad_quality'
        : fitsKind(reading.value, kind)
          ? null
          : 'wrong_kind'
}

/** A field of a line's last production count as an input. */
export function readFact(
  cell: Cell,
  facts: LineFacts | undefined,
  input: RuleInput & { from: 'mes' },
  nowMs: number,
): void {
  const value = facts === undefined ? null : factOf(facts, input.field)
  if (facts === undefined || value === null) return missing(cell)
  cell.value = value
  cell.atMs = facts.atMs
  cell.quality = null
  cell.freshUntilMs = facts.atMs + input.max_age_s * 1_000
  cell.problem = nowMs > cell.freshUntilMs ? 'stale' : fitsKind(value, input.kind) ? null : 'wrong_kind'
}

function factOf(facts: LineFacts, field: (RuleInput & { from: 'mes' })['field']): Value | null {
  switch (field) {
    case 'production_count':
      return facts.productionCount
    case 'defect_count':
      return facts.defectCount
    default:
      return facts[field]
  }
}

export function readStatus(cell: Cell, status: string | null): void {
  cell.value = status ?? ''
  cell.atMs = null
  cell.quality = null
  cell.problem = null
  cell.freshUntilMs = Infinity
}

function missing(cell: Cell): void {
  cell.value = null
  cell.atMs = null
  cell.quality = null
  cell.problem = 'missing'
  cell.freshUntilMs = Infinity
}

/** The other tag that an input names: of the same equipment if that has such a sensor, else of the line. */
export function inputTag(plant: Plant, line: string, equipment: string | null, sensor: string): Tag | undefined {
  const ofEquipment = equipment === null ? undefined : plant.tag(`${line}/${equipment}/${sensor}`)
  return ofEquipment ?? plant.tag(`${line}/${sensor}`)
}

/** The cell as it stands in a judgment. */
export function snapshotOf(cell: Cell): SnapshotInput {
  return {
    value: cell.value,
    at_ms: cell.atMs,
    ...(cell.quality === null ? {} : { quality: cell.quality }),
    ...(cell.problem === null ? {} : { problem: cell.problem }),
  }
}

/** Mistakes of inputs that the schema alone does not see, as sentences. */
export function inputMistakes(inputs: readonly RuleInput[], triggerOn: 'reading' | 'mes'): string[] {
  const mistakes: string[] = []
  const names = new Set<string>()
  for (const input of inputs) {
    if (names.has(input.name)) mistakes.push(`The input "${input.name}" is declared twice.`)
    names.add(input.name)
    if (input.from === 'trigger' && triggerOn === 'mes') {
      mistakes.push(
        `The input "${input.name}" is taken from the triggering reading, but the rule is triggered by production counts. Take it from "tag" or "mes".`,
      )
    }
  }
  return mistakes
}
