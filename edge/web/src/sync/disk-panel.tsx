import type { LineToCloud } from '@jidoka/contract'
import { Facts, useFormat } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useHorizonText } from './horizon.ts'

export function DiskPanel({ disk }: { disk: LineToCloud['disk'] }) {
  const t = useText()
  const format = useFormat()
  const horizon = useHorizonText()
  const total = disk.free_bytes + disk.used_bytes
  return (
    <section className="panel stack" aria-labelledby="sync-disk">
      <h2 id="sync-disk">{t('sync.disk')}</h2>
      {disk.problem_kind === null ? null : (
        <div className="note note-error note-stacked">
          <p>
            <strong>{t('disk.stopped')}</strong> {t(`disk.problem_${disk.problem_kind}`)}{' '}
            {t(`disk.next_${disk.problem_kind}`)}
          </p>
          <p className="second small" lang="en">
            {disk.problem}
          </p>
        </div>
      )}
      <Facts
        facts={[
          [t('sync.free'), format.bytes(disk.free_bytes)],
          [
            t('sync.used'),
            `${format.bytes(disk.used_bytes)}${total > 0 ? ` (${format.percent(disk.used_bytes / total, 1)})` : ''}`,
          ],
        ]}
      />
      <h3>{t('sync.horizon')}</h3>
      <Facts
        facts={[
          [
            t('sync.horizon_hour'),
            <strong key="hour">{horizon(disk.horizon_days) ?? t('sync.horizon_unknown')}</strong>,
          ],
          [
            t('sync.horizon_day'),
            <strong key="day">{horizon(disk.horizon_days_at_day_rate) ?? t('sync.horizon_unknown')}</strong>,
          ],
        ]}
      />
    </section>
  )
}
