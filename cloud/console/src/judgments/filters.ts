import type { Execution } from '@jidoka/contract'
import { urlChoice, urlFlag, urlText, type UrlFields } from '@jidoka/ui'

/** Stretches of time that end now; `all` has no bound, and `custom` is the two instants beside it. */
export const ranges = ['15m', '1h', '8h', '24h', '7d', 'all', 'custom'] as const
export type Range = (typeof ranges)[number]

const minuteMs = 60_000
const rangeMs: Record<Exclude<Range, 'all' | 'custom'>, number> = {
  '15m': 15 * minuteMs,
  '1h': 60 * minuteMs,
  '8h': 480 * minuteMs,
  '24h': 1_440 * minuteMs,
  '7d': 10_080 * minuteMs,
}

export interface JudgmentFilters {
  readonly edge: string
  readonly line: string
  readonly rule: string
  readonly status: string
  readonly abnormal: boolean
  readonly range: Range
  /** Instants; of `custom` only. */
  readonly from: string
  readonly to: string
}

export interface JudgmentView extends JudgmentFilters {
  /** The judgment in the detail pane. */
  readonly id: string
}

/** Everything that the page shows is in these: a link shows a colleague the same rows and the same judgment beside them. */
export const judgmentFields: UrlFields<JudgmentView> = {
  edge: urlText(),
  line: urlText(),
  rule: urlText(),
  status: urlText(),
  abnormal: urlFlag(),
  range: urlChoice(ranges, '24h'),
  from: urlText(),
  to: urlText(),
  id: urlText(),
}

export const noFilters: JudgmentFilters = {
  edge: '',
  line: '',
  rule: '',
  status: '',
  abnormal: false,
  range: '24h',
  from: '',
  to: '',
}

export function filterCount(filters: JudgmentFilters): number {
  const texts = [filters.edge, filters.line, filters.rule, filters.status]
  return (
    texts.filter((text) => text !== '').length +
    (filters.abnormal ? 1 : 0) +
    (filters.range === noFilters.range ? 0 : 1)
  )
}

/** What `useResource` and the like tell two lists apart by. */
export const filterKey = ({ edge, line, rule, status, abnormal, range, from, to }: JudgmentFilters): string =>
  JSON.stringify([edge, line, rule, status, abnormal, range, from, to])

/** An instant as people type it into a URL, or null when it is none. */
function instant(text: string): string | null {
  const ms = Date.parse(text)
  return text === '' || !Number.isFinite(ms) ? null : new Date(ms).toISOString()
}

/** The two ends of the range as instants; null is no bound. */
export function bounds(
  filters: Pick<JudgmentFilters, 'range' | 'from' | 'to'>,
  nowMs: number,
): { from: string | null; to: string | null } {
  if (filters.range === 'all') return { from: null, to: null }
  if (filters.range === 'custom') return { from: instant(filters.from), to: instant(filters.to) }
  return { from: new Date(nowMs - rangeMs[filters.range]).toISOString(), to: null }
}

const pageRows = 100

/** The query of the first page; a following one has `cursor` besides. The bounds must be those of the first page all along. */
export function recentQuery(filters: JudgmentFilters, nowMs: number) {
  const { from, to } = bounds(filters, nowMs)
  return {
    edge_id: filters.edge,
    line: filters.line,
    rule_id: filters.rule,
    status: filters.status,
    abnormal: filters.abnormal ? 'true' : null,
    from,
    to,
    limit: pageRows,
  }
}

/** Whether a judgment that has just been made belongs to the list that is shown. */
export function matches(filters: JudgmentFilters, judgment: Execution, nowMs: number): boolean {
  const { from, to } = bounds(filters, nowMs)
  const atMs = Date.parse(judgment.executed_at)
  return (
    (filters.edge === '' || judgment.edge_id === filters.edge) &&
    (filters.line === '' || judgment.line === filters.line) &&
    (filters.rule === '' || judgment.rule_id === filters.rule) &&
    (filters.status === '' || judgment.status === filters.status) &&
    (!filters.abnormal || !judgment.normal) &&
    (from === null || atMs >= Date.parse(from)) &&
    (to === null || atMs <= Date.parse(to))
  )
}

/** `datetime-local` has no zone: what it shows and gives is the device's own time. */
export function toLocalInput(text: string): string {
  const at = instant(text)
  if (at === null) return ''
  const date = new Date(at)
  return new Date(date.getTime() - date.getTimezoneOffset() * minuteMs).toISOString().slice(0, 16)
}

export const fromLocalInput = (text: string): string => instant(text) ?? ''
