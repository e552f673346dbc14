import type { DeadEvent } from '@jidoka/contract'
import { Button, EmptyState, ErrorNote, Loading, Table, useFormat, useToasts } from '@jidoka/ui'
import { useRef, useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { PageEnd } from '../app/page-end.tsx'
import { usePages } from '../app/use-pages.ts'
import { enterRow, useRowKeys } from '../app/use-row-keys.ts'

/** Events that a part of the cloud could not take, and what it said. */
export function EventsPage() {
  const t = useText()
  const refused = useRefusal()('settings:manage')
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.events')}</h1>
      </div>
      {refused === null ? (
        <>
          <p className="second">{t('events.about')}</p>
          <EventList />
        </>
      ) : (
        <EmptyState title={t('events.refused_title')}>{t('events.refused_body')}</EmptyState>
      )}
    </div>
  )
}

/** An event is given up by each of its consumers by itself; to hand it on once more is for all of them. */
const keyOf = ({ id, consumer }: DeadEvent): string => `${id} ${consumer}`

function EventList() {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const list = usePages((cursor, signal) => api.deadEvents({ cursor }, signal))
  const frame = useRef<HTMLDivElement>(null)
  const [retrying, setRetrying] = useState<string | null>(null)

  useRowKeys(frame, { openKey: null, onMove: () => undefined, onClose: () => undefined })

  const retry = async ({ id }: DeadEvent) => {
    setRetrying(id)
    try {
      await api.retryDeadEvent(id)
      toasts.done(t('events.retried'))
    } catch (failure) {
      toasts.failed(failure)
    } finally {
      setRetrying(null)
      list.again()
    }
  }

  const { rows } = list
  if (!list.isRead)
    return list.error === null ? <Loading rows={6} /> : <ErrorNote error={list.error} onRetry={list.retry} />
  if (rows.length === 0) return <EmptyState title={t('events.empty_title')}>{t('events.empty_body')}</EmptyState>
  return (
    <div className="stack" ref={frame}>
      <EventTable rows={rows} retrying={retrying} onRetry={(event) => void retry(event)} />
      <PageEnd list={list} end={t('events.end')} />
    </div>
  )
}

function EventTable({
  rows,
  retrying,
  onRetry,
}: {
  rows: readonly DeadEvent[]
  retrying: string | null
  onRetry: (event: DeadEvent) => void
}) {
  const t = useText()
  const format = useFormat()
  return (
    <Table
      caption={t('page.events')}
      rows={rows}
      rowKey={keyOf}
      onRowKey={enterRow}
      columns={[
        {
          key: 'died',
          header: t('events.died'),
          cell: ({ died_at: at }) => <span className="number">{format.instant(at, 'full')}</span>,
        },
        { key: 'channel', header: t('events.channel'), cell: ({ channel }) => <code>{channel}</code> },
        { key: 'subject', header: t('events.subject'), cell: ({ subject }) => <code>{subject}</code> },
        { key: 'consumer', header: t('events.consumer'), cell: ({ consumer }) => <code>{consumer}</code> },
        {
          key: 'attempts',
          header: t('events.attempts'),
          align: 'right',
          cell: ({ attempts }) => <span className="number">{format.count(attempts)}</span>,
        },
        {
          key: 'error',
          header: t('events.error'),
          cell: ({ error, payload }) => (
            <details>
              <summary lang="en">{error}</summary>
              <pre className="small">{JSON.stringify(payload, null, 2)}</pre>
            </details>
          ),
        },
        {
          key: 'actions',
          header: t('events.actions'),
          cell: (event) => (
            <Button
              look="quiet"
              aria-label={`${t('events.retry')}, ${event.channel} ${event.subject} ${event.consumer}`}
              busy={retrying === event.id}
              onClick={() => onRetry(event)}
            >
              {t('events.retry')}
            </Button>
          ),
        },
      ]}
    />
  )
}
