import { Button, Clock, useLocalText, useUrlState } from '@jidoka/ui'
import { useMemo } from 'react'
import { useText } from '../messages/index.ts'
import { Banners, useIsFrozen } from '../sync/banners.tsx'
import { boardFields } from './board-fields.ts'
import { lineSummaries } from './line-summary.ts'
import { LineTile } from './line-tile.tsx'
import { useBoard } from './live-context.tsx'

/** Nothing but verdicts, as large as the screen allows: for a screen above the line. */
export function WallPage() {
  const t = useText()
  const localText = useLocalText()
  const [, change] = useUrlState(boardFields)
  const frozen = useIsFrozen()
  const site = useBoard((board) => board.site)
  const lines = useBoard((board) => board.lines)
  const verdicts = useBoard((board) => board.verdicts)
  const alarms = useBoard((board) => board.alarms)
  const summaries = useMemo(() => lineSummaries({ lines, verdicts, alarms }), [lines, verdicts, alarms])
  const columns = Math.ceil(Math.sqrt(summaries.length))
  return (
    <main className="wall">
      <Banners />
      <div className="wall-tiles" style={{ gridTemplateColumns: `repeat(${Math.max(1, columns)}, minmax(0, 1fr))` }}>
        {summaries.map((summary) => (
          <LineTile key={summary.line.code} summary={summary} frozen={frozen} />
        ))}
      </div>
      <footer className="wall-foot">
        <span>
          {localText(site.name)} · <Clock />
        </span>
        <Button look="quiet" onClick={() => change({ view: 'list' })}>
          {t('board.leave_wall')}
        </Button>
      </footer>
    </main>
  )
}
