import type { JobKindInfo, JobNews } from '@jidoka/contract'
import { Button, EmptyState, ErrorNote, Loading, Table, useFormat, useTick, type Column } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { JobProgress, JobState, useKindTitle } from './job-state.tsx'
import { tookMs, type JobView } from './job-view.ts'
import { useJobList } from './use-job-list.ts'

export function JobList({
  kinds,
  view,
  onOpen,
}: {
  kinds: readonly JobKindInfo[]
  view: JobView
  onOpen: (id: string) => void
}) {
  const t = useText()
  const format = useFormat()
  const title = useKindTitle(kinds)
  const { rows, error, isRead, isReading, more, reload } = useJobList(view)
  if (!isRead) return error === null ? <Loading rows={8} /> : <ErrorNote error={error} onRetry={reload} />
  if (rows.length === 0) {
    return view.state === 'all' && view.kind === '' ? (
      <EmptyState title={t('jobs.empty_title')}>{t('jobs.empty_body')}</EmptyState>
    ) : (
      <EmptyState title={t('jobs.none_title')}>{t('jobs.none_body')}</EmptyState>
    )
  }
  const isAlone = view.job === ''
  const columns: Column<JobNews>[] = [
    { key: 'kind', header: t('jobs.kind'), cell: ({ kind }) => <span className="table-name">{title(kind)}</span> },
    { key: 'state', header: t('jobs.state'), cell: (job) => <JobState job={job} /> },
    ...(isAlone
      ? [{ key: 'progress', header: t('jobs.progress'), cell: (job: JobNews) => <JobProgress job={job} /> }]
      : []),
    {
      key: 'created',
      header: t('jobs.created'),
      cell: ({ created_at: at }) => <span className="number">{format.instant(at, 'full')}</span>,
    },
    { key: 'took', header: t('jobs.took'), align: 'right', cell: (job) => <Took job={job} /> },
  ]
  // Beside a pane there is no room for more, and the pane says the rest.
  if (isAlone)
    columns.push(
      {
        key: 'attempt',
        header: t('jobs.attempt'),
        align: 'right',
        cell: ({ attempt, attempts_max: max }) => (
          <span className="number">
            {format.count(attempt)} / {format.count(max)}
          </span>
        ),
      },
      { key: 'by', header: t('jobs.by'), cell: ({ by }) => <By by={by} /> },
    )
  return (
    <div className="stack">
      <Table
        caption={t('page.jobs')}
        rows={rows}
        rowKey={({ id }) => id}
        chosenKey={view.job === '' ? null : view.job}
        onChoose={({ id }) => onOpen(id)}
        columns={columns}
      />
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {more === null ? (
        <p className="second small">{t('jobs.end')}</p>
      ) : (
        <div>
          <Button busy={isReading} onClick={more}>
            {t('judgments.more')}
          </Button>
        </div>
      )}
    </div>
  )
}

function Took({ job }: { job: JobNews }) {
  const format = useFormat()
  // By whole seconds: a list of many is not drawn anew for each tenth.
  const ms = useTick((nowMs) => {
    const took = tookMs(job, nowMs)
    return took === null ? null : took < 1_000 ? took : Math.floor(took / 1_000) * 1_000
  })
  return <span className="number">{ms === null ? '–' : format.duration(ms)}</span>
}

export function By({ by }: { by: string }) {
  const t = useText()
  return by === 'schedule' ? <span className="second">{t('jobs.by_schedule')}</span> : by
}
