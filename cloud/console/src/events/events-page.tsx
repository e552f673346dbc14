import type { DeadEvent } from '@jidoka/contract'
import { Button, EmptyState, ErrorNote, isAbort, Loading, Table, useFormat, useToasts } from '@jidoka/ui'
import { useEffect, useState } from 'react'
import type { Page } from '../app/console-api.ts'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'

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
  const [pages, setPages] = useState<readonly Page<DeadEvent>[]>([])
  /** The cursor of the page that is being read; null is the first one. */
  const [reading, setReading] = useState<{ cursor: string | null } | null>({ cursor: null })
  const [error, setError] = useState<unknown>(null)
  const [retrying, setRetrying] = useState<string | null>(null)

  useEffect(() => {
    if (reading === null) return undefined
    const controller = new AbortController()
    const read = async () => {
      try {
        const page = await api.deadEvents({ cursor: reading.cursor }, controller.signal)
        if (controller.signal.aborted) return
        setPages((before) => (reading.cursor === null ? [page] : [...before, page]))
        setError(null)
      } catch (failure) {
        if (controller.signal.aborted || isAbort(failure)) return
        setError(failure)
      }
      setReading(null)
    }
    void read()
    return () => controller.abort()
  }, [api, reading])

  const retry = async ({ id }: DeadEvent) => {
    setRetrying(id)
    try {
      await api.retryDeadEvent(id)
      toasts.done(t('events.retried'))
    } catch (failure) {
      toasts.failed(failure)
    } finally {
      setRetrying(null)
      setReading({ cursor: null })
    }
  }

  const rows = pages.flatMap((page) => page.rows)
  const next = pages.at(-1)?.nextCursor ?? null
  if (pages.length === 0) {
    return error === null ? (
      <Loading rows={6} />
    ) : (
      <ErrorNote error={error} onRetry={() => setReading({ cursor: null })} />
    )
  }
  if (rows.length === 0) return <EmptyState title={t('events.empty_title')}>{t('events.empty_body')}</EmptyState>
  return (
    <div className="stack">
      <EventTable rows={rows} retrying={retrying} onRetry={(event) => void retry(event)} />
      {error === null ? null : <ErrorNote error={error} onRetry={() => setReading({ cursor: next })} />}
      {next === null ? (
        <p className="second small">{t('events.end')}</p>
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
            <Button look="quiet" busy={retrying === event.id} onClick={() => onRetry(event)}>
              {t('events.retry')}
            </Button>
          ),
        },
      ]}
    />
  )
}
