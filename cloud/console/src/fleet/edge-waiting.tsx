import type { EdgeDetail, EdgeSummary } from '@jidoka/contract'
import { Age, formatInstant, useFormat, useUi } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { rowsWaiting, secondsLeft, waitingSinceMs } from './waiting.ts'

/** In the list: what waits there, and since when. Of an edge that is not heard nobody knows. */
export function WaitingCell({ edge }: { edge: EdgeSummary }) {
  const t = useText()
  const format = useFormat()
  const { waiting, state } = edge
  if (waiting === null || state !== 'online') return <span className="second">–</span>
  const rows = rowsWaiting(waiting)
  if (rows === 0) return <span className="second">0</span>
  const sinceMs = waitingSinceMs(waiting)
  return (
    <>
      <strong>{format.count(rows)}</strong>
      {sinceMs === null ? null : (
        <div className="second small">
          {t('waiting.oldest')} <Age at={new Date(sinceMs).toISOString()} />
        </div>
      )}
    </>
  )
}

/** With the edge: lane by lane, with the time that is left. */
export function EdgeWaitingText({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  const format = useFormat()
  const { locale } = useUi()
  const { waiting } = edge
  if (waiting === null) return <p className="second">{t('waiting.unknown')}</p>
  const toldAt = formatInstant(waiting.told_at, 'dateSecond', locale, edge.site.time_zone)
  if (rowsWaiting(waiting) === 0)
    return <p>{t(edge.state === 'online' ? 'waiting.nothing' : 'waiting.nothing_then', { time: toldAt })}</p>
  return (
    <>
      <ul className="stack">
        {(['records', 'readings'] as const).map((lane) => {
          const { rows, oldest_ms: oldestMs } = waiting[lane]
          if (rows === 0) return null
          const left = secondsLeft(edge, lane)
          return (
            <li key={lane}>
              <strong>{t('waiting.rows', { lane: t(`lane.${lane}`), rows })}</strong>{' '}
              {oldestMs === null ? null : t('waiting.oldest_text', { age: format.duration(oldestMs) })}{' '}
              {left === null ? null : t('waiting.left', { left: format.duration(left * 1_000) })}
            </li>
          )
        })}
      </ul>
      <p className="second small">
        {t(edge.state === 'online' ? 'waiting.told' : 'waiting.told_silent', { time: toldAt })}
      </p>
    </>
  )
}
