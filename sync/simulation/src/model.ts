import type { DropReason, Lane } from '@jidoka/sync-protocol'

/**
 * What is true, kept apart from both ends and by other means: every row that the edge has acknowledged, as text, and every row that it
 * is allowed to have lost. No digests, cursors or receipts: those are what is under test.
 */
export class LaneTruth {
  /** The number of the first row: the journal of an appliance that goes on from an older image does not begin with 1. */
  readonly firstSeq: number
  readonly rows: string[]
  /** Sequence numbers that the world took from the edge before they were receipted, and why. */
  readonly lost: Map<number, DropReason>
  /** Ranges of which it has taken a receipt when some of their rows had left and were gone: it cannot tell whether the cloud holds its own. */
  readonly unsure: { readonly fromSeq: number; readonly toSeq: number }[] = []

  constructor(firstSeq = 1, rows: readonly string[] = [], lost: ReadonlyMap<number, DropReason> = new Map()) {
    this.firstSeq = firstSeq
    this.rows = [...rows]
    this.lost = new Map(lost)
  }

  get lastSeq(): number {
    return this.firstSeq + this.rows.length - 1
  }

  /** The truth of an image of the appliance. */
  copy(): LaneTruth {
    const copy = new LaneTruth(this.firstSeq, this.rows, this.lost)
    copy.unsure.push(...this.unsure)
    return copy
  }

  text(seq: number): string | undefined {
    return this.rows[seq - this.firstSeq]
  }

  lose({ firstSeq, lastSeq }: { readonly firstSeq: number; readonly lastSeq: number }, reason: DropReason): void {
    for (let seq = firstSeq; seq <= lastSeq; seq++) this.lost.set(seq, reason)
  }

  isUnsure(seq: number): boolean {
    return this.unsure.some(({ fromSeq, toSeq }) => fromSeq <= seq && seq <= toSeq)
  }
}

export interface CloudLane {
  readonly rows: readonly { readonly seq: number; readonly text: string }[]
  readonly drops: readonly { readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason }[]
}

export interface LaneRules {
  /** The numbers that this epoch is about: of one that goes on from an image they begin later, of one that was followed they end. */
  readonly fromSeq: number
  readonly toSeq: number
  /** Whether everything up to `toSeq` must have arrived; not so of a life that ended with its disk. */
  readonly complete: boolean
  /** What the cloud has behind `toSeq` is not looked at. */
  readonly ignoresBeyond: boolean
  /** Whether a row may be listed as pruned: the cloud lost receipted rows in this world, or has this one under an earlier epoch. */
  readonly mayBePruned: (seq: number) => boolean
  /** Whether a row may be missing though others behind it are there. */
  readonly mayBeMissing: boolean
  /** What a copy of the appliance has written, or lost, under a number where this history may be covered by it (SPEC.md, "Not guaranteed"). */
  readonly others?: OtherHistory
}

export interface OtherHistory {
  readonly wrote: (seq: number, text: string) => boolean
  readonly lost: (seq: number, reason: DropReason) => boolean
}
const noOthers: OtherHistory = { wrote: () => false, lost: () => false }

/** I2: every row is in the cloud exactly once, in order, or listed by number as dropped with a reason that is true. */
export function checkLane(name: string, truth: LaneTruth, cloud: CloudLane, rules: LaneRules): string[] {
  const { fromSeq, toSeq, complete, ignoresBeyond, mayBePruned, mayBeMissing, others = noOthers } = rules
  const problems: string[] = []
  const say = (what: string) => problems.push(`${name}: ${what}`)
  const where = new Map<number, string>()
  let before = 0
  let lastInCloud = fromSeq - 1
  for (const { seq, text } of cloud.rows) {
    if (seq <= before) say(`row ${seq} stands behind row ${before} in the cloud`)
    before = seq
    if (seq > toSeq && ignoresBeyond) continue
    if (seq < fromSeq) say(`row ${seq} lies before the epoch, which begins with ${fromSeq}`)
    if (seq > truth.lastSeq) say(`row ${seq} is in the cloud and was never written`)
    else if (text !== truth.text(seq) && !others.wrote(seq, text))
      say(`row ${seq} is "${text}" in the cloud and "${truth.text(seq)}" on the edge`)
    where.set(seq, 'stored')
    lastInCloud = Math.max(lastInCloud, seq)
  }
  for (const { fromSeq: first, toSeq: last, reason } of cloud.drops) {
    for (let seq = first; seq <= Math.min(last, toSeq); seq++) {
      if (where.has(seq)) say(`row ${seq} is dropped in the cloud and ${where.get(seq)} there too`)
      where.set(seq, 'dropped')
      lastInCloud = Math.max(lastInCloud, seq)
      const isTrue = reason === 'pruned' ? mayBePruned(seq) : truth.lost.get(seq) === reason
      if (!isTrue && !others.lost(seq, reason)) say(`row ${seq} is listed as dropped (${reason}), which is not true`)
    }
  }
  if (!mayBeMissing)
    for (let seq = fromSeq; seq <= (complete ? toSeq : Math.min(toSeq, lastInCloud)); seq++)
      if (!where.has(seq)) say(`row ${seq} is missing in the cloud`)
  return problems
}

export const laneName = (edge: string, epoch: string, lane: Lane) => `${edge} ${epoch.slice(-4)} ${lane}`
