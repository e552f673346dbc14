import type { JobKindInfo } from '@jidoka/contract'
import { Choice, EmptyState, ResourceView, useResource, useUrlState } from '@jidoka/ui'
import { useRef } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { Split } from '../app/pane.tsx'
import { useRowKeys } from '../app/use-row-keys.ts'
import { JobFilterBar } from './job-filter-bar.tsx'
import { JobKinds } from './job-kinds.tsx'
import { JobList } from './job-list.tsx'
import { JobPane } from './job-pane.tsx'
import { jobFields, jobViews } from './job-view.ts'

export function JobsPage() {
  const t = useText()
  const refused = useRefusal()('job:read')
  if (refused === null) return <Jobs />
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.jobs')}</h1>
      </div>
      <EmptyState title={t('jobs.refused_title')}>{t('jobs.refused_body')}</EmptyState>
    </div>
  )
}

function Jobs() {
  const t = useText()
  const { api } = useConsole()
  const [view, change] = useUrlState(jobFields)
  const kinds = useResource('job kinds', api.jobKinds, 60_000)
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.jobs')}</h1>
        <Choice
          label={t('jobs.show')}
          value={view.show}
          options={jobViews.map((value) => ({ value, label: t(`jobs.show_${value}`) }))}
          onChange={(show) => change({ show, job: '' })}
        />
      </div>
      {view.show === 'runs' && kinds.error !== undefined && kinds.data === undefined ? (
        // Without their titles, runs have the names of their kinds.
        <Runs kinds={[]} />
      ) : (
        <ResourceView resource={kinds}>
          {(known) =>
            view.show === 'kinds' ? (
              <JobKinds
                kinds={known}
                onStarted={(job) => change({ show: 'runs', state: 'all', kind: '', job })}
                onZoneChanged={kinds.reload}
              />
            ) : (
              <Runs kinds={known} />
            )
          }
        </ResourceView>
      )}
    </div>
  )
}

function Runs({ kinds }: { kinds: readonly JobKindInfo[] }) {
  const [view, change] = useUrlState(jobFields)
  const frame = useRef<HTMLDivElement>(null)
  const close = () => change({ job: '' })
  useRowKeys(frame, {
    openKey: view.job === '' ? null : view.job,
    onMove: (job) => change({ job }, { replace: true }),
    onClose: close,
  })
  return (
    <>
      <JobFilterBar kinds={kinds} view={view} onChange={(changed) => change(changed)} />
      <div ref={frame}>
        <Split
          list={
            <JobList key={`${view.state} ${view.kind}`} kinds={kinds} view={view} onOpen={(job) => change({ job })} />
          }
          pane={view.job === '' ? null : <JobPane key={view.job} id={view.job} kinds={kinds} onClose={close} />}
        />
      </div>
    </>
  )
}
