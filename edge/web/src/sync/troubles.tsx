import type { SyncStatus } from '@jidoka/contract'
import { Button, useFormat } from '@jidoka/ui'
import { useState } from 'react'
import { useText } from '../messages/index.ts'
import { EpochDialog } from './epoch-dialog.tsx'
import { useSettingsRefusal } from './use-sync-status.ts'

/** Where the cloud holds another history than this appliance: what it means, and the two steps that end it. */
export function Troubles({ status, onChanged }: { status: SyncStatus; onChanged: () => void }) {
  const t = useText()
  const format = useFormat()
  const refusal = useSettingsRefusal()
  const [isAsking, setIsAsking] = useState(false)
  if (status.troubles.length === 0) return null
  return (
    <section className="panel stack trouble no-print" aria-labelledby="sync-troubles">
      <h2 id="sync-troubles">{t('trouble.title')}</h2>
      {status.troubles.map((trouble) => (
        <div className="note note-error note-stacked" role="alert" key={`${trouble.kind} ${trouble.lane}`}>
          <p>
            <strong>{t(`trouble.${trouble.kind}`)}</strong>
          </p>
          <p>
            {t('trouble.where', {
              lane: t(`sync.lane_short_${trouble.lane}`),
              seq: trouble.seq,
              time: format.instant(trouble.since, 'dateSecond'),
            })}
          </p>
        </div>
      ))}
      <ol className="steps">
        <li>{t('trouble.step_find')}</li>
        <li>{t('trouble.step_epoch')}</li>
        <li>{t('trouble.step_settle')}</li>
      </ol>
      <div className="row">
        <Button look="primary" refused={refusal} onClick={() => setIsAsking(true)}>
          {t('epoch.begin')}
        </Button>
      </div>
      {isAsking ? <EpochDialog epoch={status.epoch} onClose={() => setIsAsking(false)} onDone={onChanged} /> : null}
    </section>
  )
}
