import type { Quality, RuleInput, SnapshotInput, Value } from '@jidoka/domain'
import type { LineFacts } from '../ports.ts'
import { effectiveMs } from '../store/last-values.ts'
import type { LastValue } from '../store/last-values.ts'
import { judgeLimits } from './limits.ts'
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
  /** From when to when it is fresh enough; without end for what does not age. */
  freshFromMs: number
  freshUntilMs: number
}

export const newCell = (): Cell => ({
  value: null,
  atMs: null,
  quality: null,
  problem: null,
  freshFromMs: -Infinity,
  freshUntilMs: Infinity,
})

const kindTests: Record<InputKind, (value: Value) => boolean> = {
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  text: (value) =>
    typeof value === 'string' && (value.length * 3 <= textBytesMax || Buffer.byteLength(value) <= textBytesMax),
}

export const fitsKind = (value: Value, kind: InputKind): boolean => kindTests[kind](value)

/** Whether what has these bounds can be judged from at this instant. */
export const isFresh = (bounds: Pick<Cell, 'freshFromMs' | 'freshUntilMs'>, nowMs: number): boolean =>
  nowMs >= bounds.freshFromMs && nowMs <= bounds.freshUntilMs

/**
 * Old is what is older than `maxAgeS` by its source time, or by its arrival when the source's clock runs ahead (I4). What
 * arrived later than now has no known age: the appliance's clock was set back since.
 */
function boundFreshness(cell: Cell, timeMs: number, receivedMs: number, maxAgeS: number): void {
  cell.freshFromMs = receivedMs - judgeLimits.clockSetBackMsMax
  cell.freshUntilMs = effectiveMs(timeMs, receivedMs) + maxAgeS * 1_000
}

/** A reading as an input. */
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
  boundFreshness(cell, reading.timeMs, reading.receivedMs, maxAgeS)
  cell.problem = !isFresh(cell, nowMs)
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
  boundFreshness(cell, facts.atMs, facts.receivedMs, input.max_age_s)
  cell.problem = !isFresh(cell, nowMs) ? 'stale' : fitsKind(value, input.kind) ? null : 'wrong_kind'
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
  doesNotAge(cell)
}

function missing(cell: Cell): void {
  cell.value = null
  cell.atMs = null
  cell.quality = null
  cell.problem = 'missing'
  doesNotAge(cell)
}

function doesNotAge(cell: Cell): void {
  cell.freshFromMs = -Infinity
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
