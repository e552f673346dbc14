import type { Judgment, RuleDefinition, SnapshotInput } from '@jidoka/domain'
import type { Run } from './hysteresis.ts'
import { newCell, snapshotOf } from './inputs.ts'
import type { Cell } from './inputs.ts'
import type { Tag } from './plant.ts'
import type { PreparedRule } from './rule-runner.ts'

/** A rule at one subject: what stands there, and how far it has counted. Everything but the two last members lies in the store. */
export interface Slot extends Run {
  readonly rule: RuleInstance
  readonly subject: string
  readonly line: string
  readonly equipment: string | null
  /** The last verdict's status, before hysteresis. */
  rawStatus: string | null
  /** When the last verdict of this slot became a record. */
  recordedAtMs: number
  /** Until when no new alarm is raised here. */
  coolDownUntilMs: number
  judgment: Judgment | null
  sinceMs: number
  /** From when to when the inputs of the standing verdict are fresh. Until 0: not known, to be looked at by the next sweep. */
  freshFromMs: number
  freshUntilMs: number
  /** The trigger's tag; undefined for a line, or as long as the tag is not known. */
  tag: Tag | undefined
}

export type RuleState = 'in_force' | 'quarantined' | 'disabled'

/** A rule that was deployed, in force or not. */
export interface RuleInstance {
  readonly definition: RuleDefinition
  readonly hash: string
  /** Null while the rule is disabled or quarantined. */
  prepared: PreparedRule | null
  readonly fastPath: boolean
  state: RuleState
  problem: string | null
  verdictsTotal: number
  /** Failures in a row. */
  strikes: number
  readonly slots: Map<string, Slot>
  readonly rows: RowBuffer
  readonly looksAtItself: boolean
}

export function newInstance(
  definition: RuleDefinition,
  hash: string,
  prepared: PreparedRule | null,
  fastPath: boolean,
): RuleInstance {
  return {
    definition,
    hash,
    prepared,
    fastPath,
    state: definition.enabled ? 'in_force' : 'disabled',
    problem: null,
    verdictsTotal: 0,
    strikes: 0,
    slots: new Map(),
    rows: new RowBuffer(definition.inputs.length),
    looksAtItself: definition.inputs.some((input) => input.from === 'previous_status'),
  }
}

export function newSlot(rule: RuleInstance, subject: string, line: string, equipment: string | null): Slot {
  return {
    rule,
    subject,
    line,
    equipment,
    settledStatus: null,
    standingStatus: null,
    candidateStatus: null,
    candidateCount: 0,
    rawStatus: null,
    recordedAtMs: 0,
    coolDownUntilMs: 0,
    judgment: null,
    sinceMs: 0,
    freshFromMs: -Infinity,
    freshUntilMs: 0,
    tag: undefined,
  }
}

/** One thing to judge, with what its inputs saw at that moment. */
export interface Row {
  slot: Slot
  /** Sequence number of the reading; null for MES events and silence. */
  readingSeq: number | null
  /** A reading older than the one before: judged and counted, but what it says is no longer so. */
  late: boolean
  /** Some input has a problem: UNJUDGED, and the rule is not asked. */
  unusable: boolean
  /** The latest beginning and the earliest end of an input's freshness. */
  freshFromMs: number
  freshUntilMs: number
  readonly cells: readonly Cell[]
}

/** Rows of one rule that wait for the end of the batch. Rows are reused: a busy line makes a hundred thousand a second. */
export class RowBuffer {
  readonly #width: number
  readonly #rows: Row[] = []
  #count = 0

  constructor(width: number) {
    this.#width = width
  }

  get count(): number {
    return this.#count
  }

  add(slot: Slot, readingSeq: number | null, late: boolean): Row {
    let row = this.#rows[this.#count]
    if (row === undefined) {
      row = {
        slot,
        readingSeq,
        late,
        unusable: false,
        freshFromMs: -Infinity,
        freshUntilMs: Infinity,
        cells: Array.from({ length: this.#width }, newCell),
      }
      this.#rows.push(row)
    } else {
      row.slot = slot
      row.readingSeq = readingSeq
      row.late = late
    }
    this.#count++
    return row
  }

  row(index: number): Row {
    if (index >= this.#count) throw new RangeError(`there are ${this.#count} rows and none with the index ${index}`)
    return this.#rows[index] as Row
  }

  clear(): void {
    this.#count = 0
  }
}

export function snapshot(rule: RuleInstance, row: Row): Record<string, SnapshotInput> {
  const inputs: Record<string, SnapshotInput> = {}
  rule.definition.inputs.forEach((input, column) => {
    inputs[input.name] = snapshotOf(row.cells[column] as Cell)
  })
  return inputs
}
