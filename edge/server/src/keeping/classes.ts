import type { JournalRecord } from '@jidoka/domain'
import type { Lane } from '@jidoka/sync-protocol'

/** One kind of rows; judgments are two, by whether their verdict was a normal one. */
export interface RowSource {
  readonly kind: JournalRecord['kind']
  readonly abnormal?: boolean
}

interface KeepingClassShape {
  readonly name: string
  readonly lane: Lane
  /** Of the records lane. A kind that is in no class stays for ever: see `kindsKept`. */
  readonly sources: readonly RowSource[]
  /** Days kept where the configuration says nothing. */
  readonly days: number
}

/**
 * What the journal holds, in the order in which it goes when there is no room: what is easiest to do without comes first.
 * The days are what a plant asks for: readings for a month of trends, what was judged for a year of complaints, who did what for ten.
 */
export const keepingClasses = [
  { name: 'readings', lane: 'readings', sources: [], days: 30 },
  {
    name: 'verdicts',
    lane: 'records',
    sources: [{ kind: 'verdict_run' }, { kind: 'judgment', abnormal: false }],
    days: 90,
  },
  { name: 'events', lane: 'records', sources: [{ kind: 'event' }], days: 365 },
  { name: 'abnormal', lane: 'records', sources: [{ kind: 'judgment', abnormal: true }], days: 365 },
  { name: 'alarms', lane: 'records', sources: [{ kind: 'alarm' }], days: 365 },
  {
    name: 'reports',
    lane: 'records',
    sources: [{ kind: 'reported' }, { kind: 'outage' }],
    days: 1_825,
  },
  { name: 'audit', lane: 'records', sources: [{ kind: 'audit' }, { kind: 'drop' }], days: 3_650 },
] as const satisfies readonly KeepingClassShape[]

/**
 * In no class, and kept for ever: readings bear the number of their tag, and a cloud that this plant joins years later learns the
 * number from this record alone. They are few: one a tag, and one each time that its kind or unit changes.
 */
export const kindsKept = ['tag'] as const satisfies readonly JournalRecord['kind'][]

export type KeepingClass = (typeof keepingClasses)[number]
export type KeepingClassName = KeepingClass['name']
