import { urlChoice, urlFlag, urlText, type Query } from '@jidoka/ui'

const hourMs = 3_600_000
export const judgmentRanges = ['1h', '8h', '24h', '7d', 'all'] as const
const rangeMs: Record<(typeof judgmentRanges)[number], number | null> = {
  '1h': hourMs,
  '8h': 8 * hourMs,
  '24h': 24 * hourMs,
  '7d': 168 * hourMs,
  all: null,
}

/** Everything that the page of judgments shows stands in its URL: filters, page, and the judgment that is open. */
export const judgmentFields = {
  line: urlText(),
  rule: urlText(),
  status: urlText(),
  abnormal: urlFlag(),
  range: urlChoice(judgmentRanges, '24h'),
  cursor: urlText(),
  id: urlText(),
}
export interface JudgmentFilters {
  readonly line: string
  readonly rule: string
  readonly status: string
  readonly abnormal: boolean
  readonly range: (typeof judgmentRanges)[number]
  readonly cursor: string
}

export const noFilters = {
  line: '',
  rule: '',
  status: '',
  abnormal: false,
  range: 'all',
  cursor: '',
} as const satisfies JudgmentFilters

/** The longest status that the contract takes; a longer one could only be refused. */
const statusLengthMax = 32

/** The filters as the endpoint wants them. */
export function judgmentQuery(filters: JudgmentFilters, nowMs: number): Query {
  const span = rangeMs[filters.range]
  return {
    line: filters.line,
    rule_id: filters.rule,
    status: filters.status.trim().toUpperCase().replaceAll(' ', '_').slice(0, statusLengthMax),
    abnormal: filters.abnormal ? 'true' : null,
    from: span === null ? null : new Date(nowMs - span).toISOString(),
    cursor: filters.cursor,
    limit: 50,
  }
}
