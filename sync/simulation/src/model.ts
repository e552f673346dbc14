import type { DropReason, Lane } from '@jidoka/sync-protocol'

/**
 * What is true, kept apart from both ends and by other means: every row that the edge has acknowledged, as text, and every row that it
 * is allowed to have lost. No digests, cursors or receipts: those are what is under test.
 */
export class LaneTruth {
  readonly rows: string[] = []
  /** Sequence numbers that the world took from the edge before they were receipted, and why. */
  readonly lost = new Map<number, DropReason>()

  get lastSeq(): number {
    return this.rows.length
  }

  lose({ firstSeq, lastSeq }: { readonly firstSeq: number; readonly lastSeq: number }, reason: DropReason): void {
    for (let seq = firstSeq; seq <= lastSeq; seq++) this.lost.set(seq, reason)
  }
}

export interface CloudLane {
  readonly rows: readonly { readonly seq: number; readonly text: string }[]
  readonly drops: readonly { readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason }[]
}

/**
 * I2: every row is in the cloud exactly once, in order, or listed by number as dropped with a reason that is true.
 * @param complete whether everything must have arrived (not so of a life that ended with its disk)
 * @param mayBePruned whether the cloud lost receipted rows in this world
 */
export function checkLane(
  name: string,
  truth: LaneTruth,
  cloud: CloudLane,
  { complete, mayBePruned }: { readonly complete: boolean; readonly mayBePruned: boolean },
): string[] {
  const problems: string[] = []
  const say = (what: string) => problems.push(`${name}: ${what}`)
  const where = new Map<number, string>()
  let before = 0
  for (const { seq, text } of cloud.rows) {
    if (seq <= before) say(`row ${seq} stands behind row ${before} in the cloud`)
    if (seq > truth.lastSeq) say(`row ${seq} is in the cloud and was never written`)
    else if (text !== truth.rows[seq - 1])
      say(`row ${seq} is "${text}" in the cloud and "${truth.rows[seq - 1]}" on the edge`)
    where.set(seq, 'stored')
    before = seq
  }
  for (const { fromSeq, toSeq, reason } of cloud.drops) {
    for (let seq = fromSeq; seq <= toSeq; seq++) {
      if (where.has(seq)) say(`row ${seq} is dropped in the cloud and ${where.get(seq)} there too`)
      where.set(seq, 'dropped')
      if (reason === 'pruned' ? !mayBePruned : truth.lost.get(seq) !== reason)
        say(`row ${seq} is listed as dropped (${reason}), which is not true`)
    }
  }
  const lastInCloud = Math.max(0, ...where.keys())
  for (let seq = 1; seq <= (complete ? truth.lastSeq : lastInCloud); seq++)
    if (!where.has(seq)) say(`row ${seq} is missing in the cloud`)
  return problems
}

export const laneName = (edge: string, epoch: string, lane: Lane) => `${edge} ${epoch.slice(-4)} ${lane}`
