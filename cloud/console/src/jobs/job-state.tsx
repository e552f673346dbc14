import type { JobKindInfo, JobNews } from '@jidoka/contract'
import { ConditionMark, Progress, useFormat, useLocalText } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { fractionOf } from './job-view.ts'

/** Colour and shape for one that failed for good; the others in words. */
export function JobState({ job }: { job: JobNews }) {
  const t = useText()
  return (
    <span className="row">
      {job.state === 'dead' ? <ConditionMark condition="abnormal" /> : null}
      {t(job.cancelling ? 'jobs.cancelling' : `jobs.state_${job.state}`)}
      {job.state === 'waiting' && job.attempt > 0 ? <span className="second">{t('jobs.again')}</span> : null}
    </span>
  )
}

export function JobProgress({ job }: { job: JobNews }) {
  const t = useText()
  const format = useFormat()
  const { done, total, note } = job.progress
  if (job.state !== 'running') return <span className="second">–</span>
  return (
    <Progress label={t('jobs.progress')} fraction={fractionOf(job.progress)}>
      <span className="number">
        {total === null ? t('jobs.under_way') : `${format.count(done)} / ${format.count(total)}`}
      </span>
      {note === null ? null : <code className="second"> {note}</code>}
    </Progress>
  )
}

/** What a kind is called; one that this cloud does not know (of another release) by its name. */
export function useKindTitle(kinds: readonly JobKindInfo[]): (kind: string) => string {
  const local = useLocalText()
  return (name) => {
    const known = kinds.find(({ kind }) => kind === name)
    return known === undefined ? name : local(known.title)
  }
}
