import type { JobKindInfo } from '@jidoka/contract'
import { Button, formatInstant, Table, useLocalText, useToasts, useUi } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { ZoneForm } from './zone-form.tsx'

/** What the cloud does by itself, when it does it next, and what can be started by hand. */
export function JobKinds({
  kinds,
  onStarted,
  onZoneChanged,
}: {
  kinds: readonly JobKindInfo[]
  onStarted: (job: string) => void
  onZoneChanged: () => void
}) {
  const t = useText()
  const local = useLocalText()
  const { api } = useConsole()
  const { locale } = useUi()
  const toasts = useToasts()
  const [busy, setBusy] = useState<string | null>(null)
  const start = async (kind: string) => {
    setBusy(kind)
    try {
      const { id } = await api.startJob(kind)
      toasts.done(t('jobs.run_done'))
      onStarted(id)
    } catch (failure) {
      toasts.failed(failure)
    } finally {
      setBusy(null)
    }
  }
  const refusal = ({ may_start: mayStart, by_programs: byPrograms, needs_input: needsInput }: JobKindInfo) => {
    if (needsInput || byPrograms) return t('jobs.by_programs')
    return mayStart ? null : t('refused.admin')
  }
  return (
    <div className="stack">
      <p className="second">{t('jobs.kinds_about')}</p>
      <ZoneForm onChanged={onZoneChanged} />
      <Table
        caption={t('jobs.show_kinds')}
        rows={kinds}
        rowKey={({ kind }) => kind}
        columns={[
          {
            key: 'title',
            header: t('jobs.kind'),
            cell: (kind) => (
              <>
                {local(kind.title)} <code className="second">{kind.kind}</code>
                <br />
                <span className="second small">{local(kind.about)}</span>
              </>
            ),
          },
          {
            key: 'schedule',
            header: t('jobs.schedule'),
            cell: ({ schedule, time_zone: zone }) =>
              schedule === null ? (
                <span className="second">{t('jobs.no_schedule')}</span>
              ) : (
                <>
                  <code>{schedule}</code> <span className="second">{zone}</span>
                </>
              ),
          },
          {
            key: 'next',
            header: t('jobs.next'),
            cell: ({ next_at: at, time_zone: zone }) => (
              <span className="number">{at === null ? '–' : formatInstant(at, 'full', locale, zone)}</span>
            ),
          },
          {
            key: 'last',
            header: t('jobs.last'),
            cell: ({ last_at: at, time_zone: zone }) => (
              <span className="number">{at === null ? '–' : formatInstant(at, 'full', locale, zone)}</span>
            ),
          },
          {
            key: 'run',
            header: t('jobs.actions'),
            cell: (kind) => (
              <Button
                className="button-small"
                aria-label={`${t('jobs.run')}, ${local(kind.title)}`}
                refused={refusal(kind)}
                busy={busy === kind.kind}
                onClick={() => void start(kind.kind)}
              >
                {t('jobs.run')}
              </Button>
            ),
          },
        ]}
      />
    </div>
  )
}
