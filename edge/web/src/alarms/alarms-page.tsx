import type { BoardAlarm } from '@jidoka/contract'
import {
  Age,
  Button,
  Choice,
  EmptyState,
  Link,
  PriorityMark,
  Select,
  Table,
  urlChoice,
  urlText,
  useFormat,
  useLocalText,
  useStatusText,
  useUiMessages,
  useUrlState,
  type Column,
} from '@jidoka/ui'
import { useMemo } from 'react'
import { byUrgency, needsAcknowledgement } from '../board/line-summary.ts'
import { useBoard } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { useMay } from '../session/session-context.tsx'
import { useAcknowledge, type Acknowledge } from './use-acknowledge.ts'

const views = ['unacknowledged', 'open', 'ended'] as const
const fields = { show: urlChoice(views, 'open'), line: urlText() }

function useColumns(acknowledge: Acknowledge): Column<BoardAlarm>[] {
  const t = useText()
  const ui = useUiMessages()
  const localText = useLocalText()
  const statusText = useStatusText()
  const format = useFormat()
  return [
    {
      key: 'priority',
      header: t('alarm.priority'),
      compare: byUrgency,
      cell: (alarm) => (
        <span className="status-badge">
          <PriorityMark priority={alarm.priority} label={false} />
          {ui(`priority.${alarm.priority}`)}
        </span>
      ),
    },
    {
      key: 'what',
      header: t('alarm.what'),
      cell: (alarm) => (
        <>
          <strong>{localText(alarm.rule_name)}</strong> · {statusText(alarm.status)}
          {alarm.explanation === null ? null : <div className="second small">{alarm.explanation}</div>}
        </>
      ),
    },
    {
      key: 'where',
      header: t('alarm.where'),
      compare: (one, other) => one.subject.localeCompare(other.subject),
      cell: (alarm) => (
        <Link href={`/lines/${encodeURIComponent(alarm.line)}?tag=${encodeURIComponent(alarm.subject)}`}>
          {alarm.subject}
        </Link>
      ),
    },
    {
      key: 'raised',
      header: t('alarm.raised'),
      align: 'right',
      compare: (one, other) => Date.parse(one.raised_at) - Date.parse(other.raised_at),
      cell: (alarm) => (
        <>
          {format.instant(alarm.raised_at, 'dateSecond')}
          <div>
            <Age at={alarm.raised_at} />
          </div>
        </>
      ),
    },
    {
      key: 'state',
      header: t('alarm.state'),
      cell: (alarm) => (
        <>
          {ui(`alarm_state.${alarm.state}`)}
          {alarm.acknowledged_by === null ? null : (
            <div className="second small">
              {t('alarm.acknowledged_by', {
                name: alarm.acknowledged_by,
                time: format.instant(alarm.acknowledged_at, 'second'),
              })}
            </div>
          )}
        </>
      ),
    },
    {
      key: 'why',
      header: <span className="visually-hidden">{t('alarm.judgment')}</span>,
      cell: (alarm) => <Link href={`/judgments?id=${alarm.judgment_id}`}>{t('alarm.judgment')}</Link>,
    },
    {
      key: 'acknowledge',
      header: <span className="visually-hidden">{t('alarm.acknowledge')}</span>,
      cell: (alarm) =>
        needsAcknowledgement(alarm) ? (
          <Button
            refused={acknowledge.refusal(alarm)}
            refusedShown="spoken"
            busy={acknowledge.isBusy(alarm)}
            onClick={() => acknowledge.acknowledge(alarm)}
          >
            {t('alarm.acknowledge')}
          </Button>
        ) : null,
    },
  ]
}

export function AlarmsPage() {
  const t = useText()
  const localText = useLocalText()
  const [{ show, line }, change] = useUrlState(fields)
  const alarms = useBoard((board) => board.alarms)
  const ended = useBoard((board) => board.ended)
  const lines = useBoard((board) => board.lines)
  const ui = useUiMessages()
  const may = useMay('alarm:acknowledge')
  const acknowledge = useAcknowledge()
  const columns = useColumns(acknowledge)
  const rows = useMemo(() => {
    const all = show === 'ended' ? ended : [...alarms.values()].toSorted(byUrgency)
    return all.filter(
      (alarm) => (show !== 'unacknowledged' || needsAcknowledgement(alarm)) && (line === '' || alarm.line === line),
    )
  }, [alarms, ended, show, line])
  const empty = {
    unacknowledged: t('alarm.none_unacknowledged'),
    open: t('alarm.none_open'),
    ended: t('alarm.none_ended'),
  }[show]
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.alarms')}</h1>
        <div className="row row-end">
          <Select
            label={t('alarm.line')}
            value={line}
            onChange={(event) => change({ line: event.target.value })}
            options={[
              { value: '', label: t('alarm.all_lines') },
              ...lines.map((each) => ({ value: each.code, label: localText(each.name) })),
            ]}
          />
          <Choice
            label={t('alarm.show')}
            value={show}
            onChange={(value) => change({ show: value })}
            options={views.map((value) => ({ value, label: t(`alarm.show_${value}`) }))}
          />
        </div>
      </div>
      {rows.length === 0 ? (
        <EmptyState
          title={empty}
          action={show === 'ended' ? <Link href="/judgments?abnormal=1">{t('page.judgments')}</Link> : null}
        >
          {show === 'ended' ? t('alarm.none_ended_hint') : t('alarm.none_open_hint')}
        </EmptyState>
      ) : (
        <>
          <Table
            caption={t('page.alarms')}
            columns={columns}
            rows={rows}
            rowKey={(alarm) => alarm.id}
            roomy
            onRowKey={(alarm, event) => {
              if (event.key.toLowerCase() !== 'a' || event.ctrlKey || event.metaKey || event.altKey) return
              event.preventDefault()
              acknowledge.acknowledge(alarm)
            }}
          />
          {show === 'ended' ? null : (
            <p className="second small">{may ? t('alarm.keys') : ui('refusal.not_permitted')}</p>
          )}
        </>
      )}
    </div>
  )
}
