import type { Job, JobKindInfo } from '@jidoka/contract'
import { Button, Facts, ResourceView, Table, Told, useFormat, useResource, useToasts } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { CopyButton } from '../app/copy-button.tsx'
import { Pane, Part } from '../app/pane.tsx'
import { Values } from '../app/values.tsx'
import { useLiveEvents } from '../live/live-context.tsx'
import { useCoalesced } from '../live/use-coalesced.ts'
import { By } from './job-list.tsx'
import { JobProgress, JobState, useKindTitle } from './job-state.tsx'
import { isOver } from './job-view.ts'

/** The stream tells of each change; this is for one that is missed. */
const refreshEveryMs = 15_000
const restMs = 500

export function JobPane({ id, kinds, onClose }: { id: string; kinds: readonly JobKindInfo[]; onClose: () => void }) {
  const t = useText()
  const { api } = useConsole()
  const resource = useResource(`job ${id}`, (signal) => api.job(id, signal), refreshEveryMs)
  const reload = useCoalesced(resource.reload, restMs)
  const title = useKindTitle(kinds)
  useLiveEvents({
    onEvent: (event) => {
      if (event.event === 'job' && event.data.id === id) reload()
    },
    onGap: reload,
  })
  return (
    <Pane
      title={resource.data === undefined ? t('jobs.one') : title(resource.data.kind)}
      aside={<CopyButton text={location.href} label={t('judgments.copy_link')} />}
      onClose={onClose}
    >
      <ResourceView resource={resource}>
        {(job) => <JobParts job={job} kinds={kinds} onChanged={resource.reload} />}
      </ResourceView>
    </Pane>
  )
}

function JobParts({ job, kinds, onChanged }: { job: Job; kinds: readonly JobKindInfo[]; onChanged: () => void }) {
  const t = useText()
  const format = useFormat()
  const instant = (at: string | null) => (
    <span className="number">{at === null ? '–' : format.instant(at, 'full')}</span>
  )
  return (
    <>
      <p className="verdict-line">
        <JobState job={job} />
      </p>
      {job.state === 'running' ? <JobProgress job={job} /> : null}
      {job.error === null ? null : (
        <p>
          <Told text={job.error} />
        </p>
      )}
      <JobActions job={job} kinds={kinds} onChanged={onChanged} />
      <Facts
        facts={[
          [t('jobs.name'), <code key="name">{job.kind}</code>],
          [t('jobs.by'), <By key="by" by={job.by} />],
          [t('jobs.created'), instant(job.created_at)],
          ...(job.state === 'waiting' ? ([[t('jobs.due'), instant(job.due_at)]] as const) : []),
          [t('jobs.started'), instant(job.started_at)],
          [t('jobs.ended'), instant(job.ended_at)],
          [t('jobs.input'), <Values key="input" values={job.input} />],
          ...(job.result === null ? [] : ([[t('jobs.result'), <Values key="result" values={job.result} />]] as const)),
          ...(job.trace === null ? [] : ([[t('jobs.trace'), <code key="trace">{job.trace}</code>]] as const)),
        ]}
      />
      <Part title={t('jobs.attempts')}>
        {job.attempts.length === 0 ? (
          <p className="second">{t('jobs.no_attempts')}</p>
        ) : (
          <Table
            caption={t('jobs.attempts')}
            rows={job.attempts}
            rowKey={({ attempt }) => String(attempt)}
            columns={[
              { key: 'no', header: t('jobs.attempt'), align: 'right', cell: ({ attempt }) => format.count(attempt) },
              {
                key: 'outcome',
                header: t('jobs.outcome'),
                cell: ({ outcome }) => t(`jobs.outcome_${outcome ?? 'none'}`),
              },
              { key: 'started', header: t('jobs.started'), cell: ({ started_at: at }) => instant(at) },
              {
                key: 'took',
                header: t('jobs.took'),
                align: 'right',
                cell: ({ started_at: from, ended_at: to }) =>
                  to === null ? '–' : format.duration(Date.parse(to) - Date.parse(from)),
              },
              { key: 'process', header: t('jobs.process'), cell: ({ process }) => <code>{process}</code> },
              {
                key: 'error',
                header: t('jobs.error'),
                cell: ({ error }) => (error === null ? '–' : <Told text={error} />),
              },
            ]}
          />
        )}
      </Part>
    </>
  )
}

/** Both stay in their place; what cannot be done now says why. */
function JobActions({ job, kinds, onChanged }: { job: Job; kinds: readonly JobKindInfo[]; onChanged: () => void }) {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const [busy, setBusy] = useState<'cancel' | 'requeue' | null>(null)
  const act = async (what: 'cancel' | 'requeue') => {
    setBusy(what)
    try {
      await (what === 'cancel' ? api.cancelJob(job.id) : api.requeueJob(job.id))
      toasts.done(t(`jobs.${what}_done`))
      onChanged()
    } catch (failure) {
      toasts.failed(failure)
    } finally {
      setBusy(null)
    }
  }
  const known = kinds.find(({ kind }) => kind === job.kind)
  const notAllowed = known?.may_change === false ? t('refused.admin') : null
  const ended = job.state === 'dead' || job.state === 'cancelled' ? null : t('jobs.not_ended')
  return (
    <p className="row">
      <Button
        refused={
          notAllowed ?? (isOver(job.state) ? t('jobs.is_over') : job.cancelling ? t('jobs.is_cancelling') : null)
        }
        busy={busy === 'cancel'}
        onClick={() => void act('cancel')}
      >
        {t('jobs.cancel')}
      </Button>
      <Button refused={notAllowed ?? ended} busy={busy === 'requeue'} onClick={() => void act('requeue')}>
        {t('jobs.requeue')}
      </Button>
    </p>
  )
}
