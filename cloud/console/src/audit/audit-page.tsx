import { EmptyState, ErrorNote, Loading, Table, useFormat, useUrlState } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { PageEnd } from '../app/page-end.tsx'
import { usePages } from '../app/use-pages.ts'
import { Values } from '../app/values.tsx'
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
  // A range ends at one instant for all of its pages.
  const [query] = useState(() => auditQuery(filters, Date.now()))

  const list = usePages((cursor, signal) => api.audit({ ...query, cursor }, signal))
  const { rows } = list
  if (!list.isRead)
    return list.error === null ? <Loading rows={10} /> : <ErrorNote error={list.error} onRetry={list.retry} />
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
          { key: 'detail', header: t('audit.detail'), cell: (entry) => <Values values={entry.detail} /> },
        ]}
      />
      <PageEnd list={list} end={t('audit.end')} />
    </div>
  )
}
