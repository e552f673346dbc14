import { Button, EmptyState, ErrorNote, isAbort, Loading, Table, useFormat, useUrlState } from '@jidoka/ui'
import { useEffect, useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import type { AuditEntry, Page } from '../app/console-api.ts'
import { AuditFilterBar } from './audit-filter-bar.tsx'
import { auditFields, auditFilterKey, auditQuery, isFiltered, type AuditFilters } from './audit-filters.ts'
import { ChainStatus } from './chain-status.tsx'

export function AuditPage() {
  const t = useText()
  const refused = useRefusal()('audit:read')
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.audit')}</h1>
      </div>
      {refused === null ? (
        <AuditLog />
      ) : (
        <EmptyState title={t('audit.refused_title')}>{t('audit.refused_body')}</EmptyState>
      )}
    </div>
  )
}

function AuditLog() {
  const [filters, change] = useUrlState(auditFields)
  return (
    <>
      <ChainStatus />
      <AuditFilterBar filters={filters} onChange={(changed) => change(changed)} />
      <AuditList key={auditFilterKey(filters)} filters={filters} />
    </>
  )
}

function AuditList({ filters }: { filters: AuditFilters }) {
  const t = useText()
  const format = useFormat()
  const { api } = useConsole()
  const [pages, setPages] = useState<readonly Page<AuditEntry>[]>([])
  /** The cursor of the page that is being read; null is the first one. */
  const [reading, setReading] = useState<{ cursor: string | null } | null>({ cursor: null })
  const [error, setError] = useState<unknown>(null)
  // A range ends at one instant for all of its pages.
  const [query] = useState(() => auditQuery(filters, Date.now()))

  useEffect(() => {
    if (reading === null) return undefined
    const controller = new AbortController()
    const read = async () => {
      try {
        const page = await api.audit({ ...query, cursor: reading.cursor }, controller.signal)
        if (controller.signal.aborted) return
        setPages((before) => (reading.cursor === null ? [page] : [...before, page]))
        setReading(null)
        setError(null)
      } catch (failure) {
        if (controller.signal.aborted || isAbort(failure)) return
        setReading(null)
        setError(failure)
      }
    }
    void read()
    return () => controller.abort()
  }, [api, query, reading])

  const rows = pages.flatMap((page) => page.rows)
  const next = pages.at(-1)?.nextCursor ?? null
  if (pages.length === 0) {
    return error === null ? (
      <Loading rows={10} />
    ) : (
      <ErrorNote error={error} onRetry={() => setReading({ cursor: null })} />
    )
  }
  if (rows.length === 0) {
    return isFiltered(filters) ? (
      <EmptyState title={t('audit.none_title')}>{t('audit.none_body')}</EmptyState>
    ) : (
      <EmptyState title={t('audit.empty_title')}>{t('audit.empty_body')}</EmptyState>
    )
  }
  return (
    <div className="stack">
      <Table
        caption={t('page.audit')}
        rows={rows}
        rowKey={(entry) => entry.id}
        columns={[
          {
            key: 'at',
            header: t('audit.at'),
            cell: (entry) => <span className="number">{format.instant(entry.at, 'full')}</span>,
          },
          { key: 'actor', header: t('audit.actor'), cell: (entry) => entry.actor },
          { key: 'action', header: t('audit.action'), cell: (entry) => <code>{entry.action}</code> },
          { key: 'subject', header: t('audit.subject'), cell: (entry) => <code>{entry.subject}</code> },
          { key: 'detail', header: t('audit.detail'), cell: (entry) => <AuditDetail detail={entry.detail} /> },
        ]}
      />
      {error === null ? null : <ErrorNote error={error} onRetry={() => setReading({ cursor: next })} />}
      {next === null ? (
        <p className="second small">{t('audit.end')}</p>
      ) : (
        <div>
          <Button busy={reading !== null} onClick={() => setReading({ cursor: next })}>
            {t('judgments.more')}
          </Button>
        </div>
      )}
    </div>
  )
}

function AuditDetail({ detail }: { detail: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(detail)
  if (entries.length === 0) return <span className="second">–</span>
  return (
    <span className="audit-detail">
      {entries.map(([name, value]) => (
        <span key={name}>
          <span className="second">{name}</span> {typeof value === 'string' ? value : JSON.stringify(value)}
        </span>
      ))}
    </span>
  )
}
