import type { Execution } from '@jidoka/contract'
import type { SnapshotInput } from '@jidoka/domain'

export interface InputRow {
  readonly name: string
  readonly value: SnapshotInput['value']
  /** How old the value was when it was judged; null where it has no instant. */
  readonly ageMs: number | null
  readonly quality: NonNullable<SnapshotInput['quality']> | null
  readonly problem: NonNullable<SnapshotInput['problem']> | null
}

/** The inputs as the rule saw them; those with a problem first, since they are why. */
export function inputRows(judgment: Pick<Execution, 'inputs' | 'executed_at'>): InputRow[] {
  const judgedMs = Date.parse(judgment.executed_at)
  return Object.entries(judgment.inputs)
    .map(([name, input]) => ({
      name,
      value: input.value,
      ageMs: input.at_ms === null ? null : Math.max(0, judgedMs - input.at_ms),
      quality: input.quality ?? null,
      problem: input.problem ?? null,
    }))
    .toSorted((a, b) => Number(b.problem !== null) - Number(a.problem !== null))
}

/** How long after the verdict the cloud had it. Null where the edge's clock is ahead of the cloud's: the difference then means nothing. */
export function receivedAfterMs(judgment: Pick<Execution, 'executed_at' | 'received_at'>): number | null {
  const ms = Date.parse(judgment.received_at) - Date.parse(judgment.executed_at)
  return ms >= 0 ? ms : null
}
