import { jobStates, type JobNews, type JobState } from '@jidoka/contract'
import { urlChoice, urlText, type UrlFields } from '@jidoka/ui'

export const jobViews = ['runs', 'kinds'] as const
export const stateChoices = ['all', ...jobStates] as const

export interface JobView {
  readonly show: (typeof jobViews)[number]
  readonly state: (typeof stateChoices)[number]
  readonly kind: string
  /** Of the job that is open beside the list. */
  readonly job: string
}

export const jobFields: UrlFields<JobView> = {
  show: urlChoice(jobViews, 'runs'),
  state: urlChoice(stateChoices, 'all'),
  kind: urlText(),
  job: urlText(),
}

export const pageRows = 50

export const isOver = (state: JobState): boolean => state === 'done' || state === 'dead' || state === 'cancelled'

/** Null: nobody knows how far it is. */
export function fractionOf({ done, total }: JobNews['progress']): number | null {
  return total === null || total <= 0 ? null : Math.max(0, Math.min(1, done / total))
}

/** How long its last attempt took, or takes. */
export function tookMs({ state, started_at: startedAt, ended_at: endedAt }: JobNews, nowMs: number): number | null {
  if (startedAt === null || state === 'waiting') return null
  return Math.max(0, (endedAt === null ? nowMs : Date.parse(endedAt)) - Date.parse(startedAt))
}

/** Whether a list that is looked at in this way would have it. */
export const isListed = ({ state, kind }: JobNews, view: Pick<JobView, 'state' | 'kind'>): boolean =>
  (view.state === 'all' || view.state === state) && (view.kind === '' || view.kind === kind)

export interface JobRows {
  readonly rows: readonly JobNews[]
  readonly next: string | null
}

/** What is being read of the list. */
export interface JobReading {
  readonly cursor: string | null
  /** Nobody knows what has become of the rows that are shown: those that are not read again are not kept. */
  readonly isAnew?: boolean
}

export function afterReading(before: JobRows | null, { cursor, isAnew }: JobReading, got: JobRows): JobRows {
  if (before === null || isAnew === true) return got
  return cursor === null ? refreshed(before, got) : { rows: [...before.rows, ...got.rows], next: got.next }
}

/** The first page, read again, in front of what was read before; from scratch where too much has come between the two. */
export function refreshed(before: JobRows | null, first: JobRows): JobRows {
  if (before === null) return first
  const fresh = new Set(first.rows.map(({ id }) => id))
  const kept = before.rows.filter(({ id }) => !fresh.has(id))
  return kept.length === before.rows.length && before.rows.length > 0
    ? first
    : { rows: [...first.rows, ...kept], next: before.next }
}
