import type { EdgeDetail, EdgeTrouble } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, Field, formatInstant, useSubmission, useUi } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { Digest } from '../app/copy-button.tsx'

/** Two histories of one edge: what was found, what to do, and that somebody has done it. */
export function EdgeTroubles({ edge, onChanged }: { edge: EdgeDetail; onChanged: () => void }) {
  const t = useText()
  const refusal = useRefusal()
  const [isSettling, setIsSettling] = useState(false)
  const open = edge.troubles.filter(({ settled }) => settled === null)
  const past = edge.troubles.filter(({ settled }) => settled !== null)
  if (edge.troubles.length === 0) return null
  return (
    <>
      {open.length === 0 ? null : (
        <section className="note note-error trouble" aria-label={t('trouble.title')} role="alert">
          <div className="note-body stack">
            <h3>{t('trouble.title')}</h3>
            {open.map((trouble) => (
              <TroubleText key={trouble.id} trouble={trouble} timeZone={edge.site.time_zone} />
            ))}
            <ol className="steps">
              <li>{t('trouble.step_find')}</li>
              <li>{t('trouble.step_epoch')}</li>
              <li>{t('trouble.step_settle')}</li>
            </ol>
            <p>
              <Button refused={refusal('fleet:manage')} onClick={() => setIsSettling(true)}>
                {t('trouble.settle')}
              </Button>
            </p>
          </div>
        </section>
      )}
      {past.length === 0 ? null : <SettledTroubles troubles={past} timeZone={edge.site.time_zone} />}
      {isSettling ? <SettleDialog edge={edge} onClose={() => setIsSettling(false)} onDone={onChanged} /> : null}
    </>
  )
}

function TroubleText({ trouble, timeZone }: { trouble: EdgeTrouble; timeZone: string }) {
  const t = useText()
  const { locale } = useUi()
  const at = (instant: string) => formatInstant(instant, 'dateSecond', locale, timeZone)
  return (
    <div>
      <p>
        <strong>{t(`trouble.${trouble.kind}`)}</strong>
      </p>
      <p className="small">
        {t('trouble.where', {
          lane: t(`lane.${trouble.lane}`),
          seq: trouble.seq,
          epoch: trouble.epoch.slice(0, 8),
          since: at(trouble.since),
          last: at(trouble.last_at),
          times: trouble.times,
        })}{' '}
        {t(`trouble.told_by_${trouble.told_by}`)}
      </p>
      <p className="small row">
        {t('trouble.here', { seq: trouble.ours.seq })} <Digest value={trouble.ours.digest} />
      </p>
      <p className="small row">
        {t('trouble.there', { seq: trouble.held.seq })} <Digest value={trouble.held.digest} />
      </p>
    </div>
  )
}

function SettledTroubles({ troubles, timeZone }: { troubles: readonly EdgeTrouble[]; timeZone: string }) {
  const t = useText()
  const { locale } = useUi()
  return (
    <details>
      <summary>{t('trouble.past', { count: troubles.length })}</summary>
      <ul className="stack small">
        {troubles.map(({ id, kind, lane, seq, settled }) => (
          <li key={id}>
            {t('trouble.settled', {
              what: t(`trouble.short_${kind}`),
              lane: t(`lane.${lane}`),
              seq,
              time: formatInstant(settled?.at ?? null, 'full', locale, timeZone),
              who: settled?.by ?? '',
            })}{' '}
            {settled?.reason}
          </li>
        ))}
      </ul>
    </details>
  )
}

function SettleDialog({ edge, onClose, onDone }: { edge: EdgeDetail; onClose: () => void; onDone: () => void }) {
  const t = useText()
  const { api } = useConsole()
  const [reason, setReason] = useState('')
  const isEmpty = reason.trim() === ''
  const { submit, tried, busy, error } = useSubmission({
    act: isEmpty ? null : () => api.settleTroubles(edge.id, reason.trim()),
    done: t('trouble.is_settled', { edge: edge.name }),
    onDone,
    onClose,
  })
  return (
    <Dialog
      title={t('trouble.settle_title', { edge: edge.name })}
      onClose={onClose}
      footer={
        <Button type="submit" form="settle" look="primary" busy={busy}>
          {t('trouble.settle')}
        </Button>
      }
    >
      <form id="settle" className="stack" noValidate onSubmit={submit}>
        <p>{t('trouble.settle_body')}</p>
        {error === undefined ? null : <ErrorNote error={error} />}
        <Field
          label={t('trouble.reason')}
          hint={t('trouble.reason_hint')}
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          error={tried && isEmpty ? t('trouble.reason_problem') : null}
        />
      </form>
    </Dialog>
  )
}
