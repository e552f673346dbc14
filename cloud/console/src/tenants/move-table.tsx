import type { TenantMove } from '@jidoka/contract'
import { Button, ConditionMark, Progress, Table, Told, useFormat } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { enterRow } from '../app/use-row-keys.ts'
import { fractionOf, isUnderWay, rateOf, type Samples } from './move-view.ts'

/** Those that are not over come first, as the cloud lists them. */
export function MoveTable({
  moves,
  samples,
  busy,
  onCancel,
  onGoOn,
  onDrop,
}: {
  moves: readonly TenantMove[]
  samples: Samples
  /** The id of the one that something is being done with. */
  busy: string | null
  onCancel: (move: TenantMove) => void
  onGoOn: (move: TenantMove) => void
  onDrop: (move: TenantMove) => void
}) {
  const t = useText()
  const format = useFormat()
  return (
    <Table
      caption={t('tenants.moves')}
      rows={moves}
      rowKey={({ id }) => id}
      onRowKey={enterRow}
      columns={[
        { key: 'tenant', header: t('tenants.tenant'), cell: ({ tenant }) => <code>{tenant}</code> },
        {
          key: 'way',
          header: t('tenants.way'),
          cell: ({ from, to }) => (
            <code>
              {from} → {to}
            </code>
          ),
        },
        {
          key: 'state',
          header: t('tenants.state'),
          cell: (move) => (
            <div className="move-state">
              <MoveState move={move} samples={samples} />
            </div>
          ),
        },
        {
          key: 'pause',
          header: t('tenants.pause'),
          align: 'right',
          cell: ({ pause_ms: ms }) => <span className="number">{ms === null ? '–' : `${format.count(ms)} ms`}</span>,
        },
        {
          key: 'begun',
          header: t('tenants.begun'),
          cell: ({ begun_at: at, begun_by: by }) => (
            <>
              <span className="number">{format.instant(at, 'full')}</span> <span className="second">{by}</span>
            </>
          ),
        },
        {
          key: 'actions',
          header: t('tenants.actions'),
          cell: (move) => (
            <span className="row">
              {isUnderWay(move) ? (
                <>
                  {move.worked_on ? null : (
                    <Button
                      look="quiet"
                      aria-label={`${t('tenants.go_on')}, ${move.tenant}`}
                      refused={move.cancel_asked ? t('tenants.is_cancelling') : null}
                      refusedShown="spoken"
                      busy={busy === move.id}
                      onClick={() => onGoOn(move)}
                    >
                      {t('tenants.go_on')}
                    </Button>
                  )}
                  <Button
                    look="quiet"
                    aria-label={`${t('tenants.cancel')}, ${move.tenant}`}
                    refused={move.cancel_asked ? t('tenants.is_cancelling') : null}
                    refusedShown="spoken"
                    busy={busy === move.id}
                    onClick={() => onCancel(move)}
                  >
                    {t('tenants.cancel')}
                  </Button>
                </>
              ) : null}
              {move.step === 'switched' ? (
                <Button look="quiet" aria-label={`${t('tenants.drop')}, ${move.tenant}`} onClick={() => onDrop(move)}>
                  {t('tenants.drop')}
                </Button>
              ) : null}
            </span>
          ),
        },
      ]}
    />
  )
}

function MoveState({ move, samples }: { move: TenantMove; samples: Samples }) {
  const t = useText()
  const format = useFormat()
  const { from, step, problem, dropped_from: droppedFrom } = move
  const told =
    problem === null ? null : (
      <span className="small">
        <Told text={problem} />
      </span>
    )
  if (step === 'switched')
    return (
      <div className="stack">
        <span>{t('tenants.step_switched')}</span>
        <span className="second small">
          {t('tenants.left', { database: from, at: format.instant(droppedFrom, 'shortDay') })}
        </span>
        {told}
      </div>
    )
  if (!isUnderWay(move)) return t(`tenants.step_${step}`)
  return (
    <div className="stack">
      <MoveProgress move={move} samples={samples} />
      {move.cancel_asked ? <span className="second small">{t('tenants.is_cancelling')}</span> : null}
      {move.worked_on || move.cancel_asked ? null : (
        <span className="row row-marked">
          <ConditionMark condition="abnormal" />
          {t('tenants.idle')}
        </span>
      )}
      {told}
    </div>
  )
}

function MoveProgress({ move, samples }: { move: TenantMove; samples: Samples }) {
  const t = useText()
  const format = useFormat()
  const { rate, leftMs } = rateOf(move, samples)
  const { step, tables_done: done, tables_total: total, rows_copied: copied, rows_verified: verified } = move
  const rows = step === 'verifying' ? (verified ?? 0) : copied
  return (
    <Progress label={t(`tenants.step_${step}`)} fraction={fractionOf(move)}>
      {t(`tenants.step_${step}`)}
      {step === 'following' ? null : (
        <span className="second">
          {' '}
          {t('tenants.tables', { done: format.count(done), total: format.count(total) })},{' '}
          {t('tenants.rows', { count: format.count(rows) })}
        </span>
      )}
      {rate === null ? null : (
        <>
          <br />
          <span className="second small">
            {t('tenants.rate', { count: format.count(Math.round(rate)) })}
            {leftMs === null ? '' : ` · ${t('tenants.remaining', { time: format.duration(leftMs) })}`}
          </span>
        </>
      )}
    </Progress>
  )
}
