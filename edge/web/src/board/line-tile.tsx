import { useFormat, useLocalText, useStatusText, useTick, VerdictTile } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { staleCount, type LineSummary } from './line-summary.ts'
import { useLiveBoard } from './live-context.tsx'

export function LineTile({ summary, frozen }: { summary: LineSummary; frozen: boolean }) {
  const t = useText()
  const localText = useLocalText()
  const statusText = useStatusText()
  const format = useFormat()
  const { line, condition, status, since, ruleName } = summary
  const live = useLiveBoard()
  // A line whose sensors have gone silent must not look as calm as one that is well.
  const stale = useTick((nowMs) => staleCount(live.state().board?.tags.values() ?? [], line.code, nowMs))
  const what =
    condition === 'normal' || ruleName === null
      ? []
      : [localText(ruleName), summary.equipment].filter((text) => text !== null)
  const counts = [
    summary.openAlarms > 1 ? t('board.alarms_count', { count: summary.openAlarms }) : null,
    summary.unjudgedCount > 0 && condition !== 'unjudged'
      ? t('board.unjudged_count', { count: summary.unjudgedCount })
      : null,
    stale > 0 ? t('board.stale_count', { count: stale }) : null,
  ].filter((text) => text !== null)
  return (
    <VerdictTile
      name={localText(line.name)}
      code={line.code}
      href={`/lines/${encodeURIComponent(line.code)}`}
      condition={condition}
      verdict={status === null ? t('board.no_verdict') : statusText(status)}
      acknowledged={summary.acknowledged}
      frozen={frozen}
      foot={
        <>
          <span>{[...what, ...counts].join(' · ')}</span>
          <span>
            {since === null || condition === 'normal'
              ? ''
              : t('board.since', { time: format.instant(since, 'minute') })}
          </span>
        </>
      }
    />
  )
}
