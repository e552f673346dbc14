import type { JobKindInfo } from '@jidoka/contract'
import { Button, Choice, Select, useLocalText } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { stateChoices, type JobView } from './job-view.ts'

export function JobFilterBar({
  kinds,
  view,
  onChange,
}: {
  kinds: readonly JobKindInfo[]
  view: JobView
  onChange: (changed: Partial<JobView>) => void
}) {
  const t = useText()
  const local = useLocalText()
  return (
    <search className="filters" aria-label={t('jobs.filters')}>
      <Choice
        label={t('jobs.state')}
        value={view.state}
        options={stateChoices.map((value) => ({ value, label: t(`jobs.state_${value}`) }))}
        onChange={(state) => onChange({ state })}
      />
      <Select
        label={t('jobs.kind')}
        value={view.kind}
        options={[
          { value: '', label: t('jobs.kind_all') },
          ...kinds.map(({ kind, title }) => ({ value: kind, label: local(title) })),
        ]}
        onChange={(event) => onChange({ kind: event.target.value })}
      />
      {view.state !== 'all' || view.kind !== '' ? (
        <Button look="quiet" onClick={() => onChange({ state: 'all', kind: '' })}>
          {t('judgments.clear')}
        </Button>
      ) : null}
    </search>
  )
}
