import { edgePaths, receiptVerdicts, type ReceiptsVerification } from '@jidoka/contract'
import { Button, Progress, ResourceView, Told, useFormat, useResource, useToasts } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { Verdict } from './receipt-verdict.tsx'
import { useSettingsRefusal } from './use-sync-status.ts'

/** 2 s: it adds up while it runs, and takes seconds to minutes. */
const refreshEveryMs = 2_000

/** All receipts against the keys of the cloud and the rows that are held here, as `jidoka receipts verify` does; needs no line. */
export function ReceiptsVerificationView({ isEmpty }: { isEmpty: boolean }) {
  const t = useText()
  const { api } = useSession()
  const toasts = useToasts()
  const refusal = useSettingsRefusal()
  const resource = useResource(
    'receipts verification',
    async (signal) => (await api.get<ReceiptsVerification>(edgePaths.receiptsVerification, { signal })).data,
    refreshEveryMs,
  )
  const begin = async () => {
    try {
      await api.post(edgePaths.receiptsVerification)
      resource.reload()
    } catch (error) {
      toasts.failed(error)
    }
  }
  return (
    <>
      <div className="row row-top">
        <Button
          busy={resource.data?.state === 'running'}
          refused={isEmpty ? t('receipt.nothing_to_verify') : refusal}
          onClick={() => void begin()}
        >
          {t('receipt.verify_all')}
        </Button>
      </div>
      <ResourceView resource={resource} rows={1}>
        {(verification) => <Found verification={verification} />}
      </ResourceView>
    </>
  )
}

function Found({
  verification: { state, started_at, ended_at, problem, counts, wrong },
}: {
  verification: ReceiptsVerification
}) {
  const t = useText()
  const format = useFormat()
  if (state === 'none') return null
  const checked = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const wrongCount = (counts.other_rows ?? 0) + (counts.bad_signature ?? 0) + (counts.unknown_key ?? 0)
  return (
    <>
      {state === 'running' ? (
        <Progress label={t('receipt.verify_all')} fraction={null}>
          {t('receipt.running', { count: checked, time: format.instant(started_at, 'second') })}
        </Progress>
      ) : null}
      {state === 'failed' ? (
        <div className="note note-error note-stacked" role="alert">
          <p>{t('receipt.failed')}</p>
          <p className="second small">{problem === null ? null : <Told text={problem} />}</p>
        </div>
      ) : null}
      {state === 'done' && wrongCount === 0 ? (
        <output>{t('receipt.all_hold', { count: checked, time: format.instant(ended_at, 'dateSecond') })}</output>
      ) : null}
      {wrongCount === 0 ? null : (
        <div className="note note-error note-stacked" role="alert">
          <p>
            <strong>{t('receipt.some_wrong', { count: wrongCount })}</strong>
          </p>
          <ul className="stack small">
            {wrong.map((each) => (
              <li key={each.id}>
                {t('receipt.named', {
                  lane: t(`sync.lane_short_${each.lane}`),
                  seq: each.up_to_seq,
                  time: format.instant(each.received_at, 'dateSecond'),
                  epoch: each.epoch.slice(0, 8),
                })}{' '}
                <Verdict verdict={each.verdict} />
              </li>
            ))}
          </ul>
          <p>{t('receipt.what_to_do')}</p>
        </div>
      )}
      {checked === 0 ? null : (
        <ul className="receipt-counts second small">
          {receiptVerdicts.map((verdict) =>
            counts[verdict] === undefined ? null : (
              <li key={verdict}>
                {format.count(counts[verdict])} {t(`receipt.${verdict}`)}
              </li>
            ),
          )}
        </ul>
      )}
    </>
  )
}
