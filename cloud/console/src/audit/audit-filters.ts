import { urlChoice, urlText, type UrlFields } from '@jidoka/ui'
import { bounds, ranges, type Range } from '../judgments/filters.ts'

export interface AuditFilters {
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly range: Range
  /** Instants; of `custom` only. */
  readonly from: string
  readonly to: string
}

export const auditFields: UrlFields<AuditFilters> = {
  actor: urlText(),
  action: urlText(),
  subject: urlText(),
  range: urlChoice(ranges, 'all'),
  from: urlText(),
  to: urlText(),
}

export const noAuditFilters: AuditFilters = { actor: '', action: '', subject: '', range: 'all', from: '', to: '' }

export const isFiltered = ({ actor, action, subject, range }: AuditFilters): boolean =>
  actor !== '' || action !== '' || subject !== '' || range !== 'all'

export const auditFilterKey = ({ actor, action, subject, range, from, to }: AuditFilters): string =>
  JSON.stringify([actor, action, subject, range, from, to])

const pageRows = 100
/** As the cloud takes it; a longer word out of a link would be refused. */
const wordLettersMax = 200

const wordOf = (text: string): string | null => text.trim().slice(0, wordLettersMax) || null

/** The query of the first page; the bounds of those behind must be the same. */
export function auditQuery(filters: AuditFilters, nowMs: number) {
  return {
    actor: wordOf(filters.actor),
    action: wordOf(filters.action),
    subject: wordOf(filters.subject),
    ...bounds(filters, nowMs),
    limit: pageRows,
  }
}
