import type { BoardAlarm } from '@jidoka/contract'
import { Age, Button, Link, PriorityMark, useFormat, useLocalText, useStatusText, useUiMessages } from '@jidoka/ui'
import { useMemo } from 'react'
import { byUrgency, isStanding, needsAcknowledgement } from '../board/line-summary.ts'
import { useBoard } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { useMay } from '../session/session-context.tsx'
import { useAcknowledge, type Acknowledge } from './use-acknowledge.ts'

function AlarmItem({ alarm, acknowledge }: { alarm: BoardAlarm; acknowledge: Acknowledge }) {
  const t = useText()
  const ui = useUiMessages()
  const localText = useLocalText()
  const statusText = useStatusText()
  const format = useFormat()
  const line = useBoard((board) => board.lines.find((each) => each.code === alarm.line))
  const lineName = line === undefined ? alarm.line : localText(line.name)
  return (
    <li className={`alarm alarm-${alarm.priority}${needsAcknowledgement(alarm) ? ' alarm-waiting' : ''}`}>
      <span className="alarm-mark">
        <PriorityMark priority={alarm.priority} />
      </span>
      <div className="alarm-body">
        <p>
          <strong>{localText(alarm.rule_name)}</strong> · {statusText(alarm.status)}
        </p>
        <p>
          <Link href={`/lines/${encodeURIComponent(alarm.line)}?tag=${encodeURIComponent(alarm.subject)}`}>
            {[lineName, alarm.equipment].filter(Boolean).join(' · ')}
          </Link>{' '}
          <Age at={alarm.raised_at} />
        </p>
        {alarm.explanation === null ? null : <p className="second small">{alarm.explanation}</p>}
        {alarm.state === 'returned' ? (
          <p className="small">{t('alarm.returned_at', { time: format.instant(alarm.returned_at, 'second') })}</p>
        ) : null}
        {alarm.state === 'acknowledged' ? (
          <p className="small second">
            {t('alarm.acknowledged_by', {
              name: alarm.acknowledged_by ?? '',
              time: format.instant(alarm.acknowledged_at, 'second'),
            })}
          </p>
        ) : null}
      </div>
      {needsAcknowledgement(alarm) ? (
        <Button
          refused={acknowledge.refusal(alarm)}
          refusedShown="spoken"
          busy={acknowledge.isBusy(alarm)}
          onClick={() => acknowledge.acknowledge(alarm)}
          aria-label={`${t('alarm.acknowledge')}: ${localText(alarm.rule_name)}, ${alarm.subject}, ${ui(`priority.${alarm.priority}`)}`}
        >
          {t('alarm.acknowledge')}
        </Button>
      ) : null}
    </li>
  )
}

/** Every standing alarm, the most urgent first, each to be acknowledged with one tap. */
export function AlarmList() {
  const t = useText()
  const ui = useUiMessages()
  const alarms = useBoard((board) => board.alarms)
  const acknowledge = useAcknowledge()
  const may = useMay('alarm:acknowledge')
  const shown = useMemo(() => [...alarms.values()].filter(isStanding).toSorted(byUrgency), [alarms])
  if (shown.length === 0) return <p className="second">{t('board.no_alarms')}</p>
  return (
    <>
      {may ? null : <p className="second small">{ui('refusal.not_permitted')}</p>}
      <ul className="alarms">
        {shown.map((alarm) => (
          <AlarmItem key={alarm.id} alarm={alarm} acknowledge={acknowledge} />
        ))}
      </ul>
    </>
  )
}
