import { Button, EmptyState, Facts, useUrlState } from '@jidoka/ui'
import { useMemo } from 'react'
import { AlarmList } from '../alarms/alarm-list.tsx'
import { useText } from '../messages/index.ts'
import { useIsFrozen } from '../sync/banners.tsx'
import { boardFields } from './board-fields.ts'
import { LineSection } from './line-section.tsx'
import { lineSummaries } from './line-summary.ts'
import { LineTile } from './line-tile.tsx'
import { useBoard } from './live-context.tsx'

const examplePayload = '{"tenant_id":"demo","value":72.5,"unit":"°C","timestamp":"2026-11-21T05:00:00Z"}'

function EmptyBoard() {
  const t = useText()
  return (
    <EmptyState title={t('board.empty')}>
      <p>{t('board.empty_hint')}</p>
      <Facts
        facts={[
          [t('board.empty_topic'), <code key="topic">sensor/LINE-A/temperature</code>],
          [t('board.empty_payload'), <code key="payload">{examplePayload}</code>],
        ]}
      />
    </EmptyState>
  )
}

/** At a glance which line needs somebody, what to acknowledge, and every value with its limits. */
export function BoardPage() {
  const t = useText()
  const [, change] = useUrlState(boardFields)
  const frozen = useIsFrozen()
  const lines = useBoard((board) => board.lines)
  const verdicts = useBoard((board) => board.verdicts)
  const alarms = useBoard((board) => board.alarms)
  const summaries = useMemo(() => lineSummaries({ lines, verdicts, alarms }), [lines, verdicts, alarms])
  if (summaries.length === 0) return <EmptyBoard />
  return (
    <div className="board">
      <section className="board-tiles" aria-labelledby="board-title">
        <div className="page-head">
          <h1 className="visually-hidden" id="board-title">
            {t('board.title')}
          </h1>
        </div>
        <div className="board-grid">
          {summaries.map((summary) => (
            <LineTile key={summary.line.code} summary={summary} frozen={frozen} />
          ))}
        </div>
      </section>
      <section className="board-alarms" aria-labelledby="board-alarms-title">
        <div className="page-head">
          <h2 id="board-alarms-title">{t('page.alarms')}</h2>
          <Button look="quiet" onClick={() => change({ view: 'wall' })}>
            {t('board.wall')}
          </Button>
        </div>
        <AlarmList />
      </section>
      <div className="board-lines">
        {summaries.map((summary) => (
          <LineSection key={summary.line.code} summary={summary} />
        ))}
      </div>
    </div>
  )
}
