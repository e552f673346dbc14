import { unjudged } from '@jidoka/domain'
import {
  Age,
  EmptyState,
  Link,
  StatusBadge,
  Table,
  urlChoice,
  urlText,
  useFormat,
  useLocalText,
  useUrlState,
} from '@jidoka/ui'
import type { BoardAlarm, BoardVerdict } from '@jidoka/contract'
import { useMemo } from 'react'
import { LineFacts } from '../board/line-facts.tsx'
import { byUrgency, isStanding, lineSummaries } from '../board/line-summary.ts'
import { LineTile } from '../board/line-tile.tsx'
import { useBoard } from '../board/live-context.tsx'
import { TagTable } from '../board/tag-table.tsx'
import { useText } from '../messages/index.ts'
import { useIsFrozen } from '../sync/banners.tsx'
import { TrendPanel, trendRanges } from './trend-panel.tsx'

const fields = { tag: urlText(), range: urlChoice(trendRanges, '1h') }

function Verdicts({
  verdicts,
  alarms,
}: {
  verdicts: readonly BoardVerdict[]
  alarms: ReadonlyMap<string, BoardAlarm>
}) {
  const t = useText()
  const localText = useLocalText()
  const format = useFormat()
  // A verdict that stands behind an alarm has the alarm's mark.
  const priorityOf = (verdict: BoardVerdict) => {
    if (verdict.normal) return {}
    const alarm = [...alarms.values()].find(
      (each) => each.rule_id === verdict.rule_id && each.subject === verdict.subject && isStanding(each),
    )
    return alarm === undefined ? {} : { condition: alarm.priority }
  }
  if (verdicts.length === 0) return <EmptyState title={t('line.no_verdicts')}>{t('line.no_verdicts_hint')}</EmptyState>
  return (
    <Table
      caption={t('line.verdicts')}
      rows={verdicts}
      rowKey={(verdict) => `${verdict.rule_id} ${verdict.subject}`}
      columns={[
        {
          key: 'verdict',
          header: t('judgment.verdict'),
          cell: (verdict) => <StatusBadge status={verdict.status} normal={verdict.normal} {...priorityOf(verdict)} />,
        },
        {
          key: 'rule',
          header: t('judgment.rule'),
          cell: (verdict) => <Link href={`/rules?id=${verdict.rule_id}`}>{localText(verdict.rule_name)}</Link>,
        },
        { key: 'subject', header: t('judgment.subject'), cell: (verdict) => verdict.subject },
        {
          key: 'confidence',
          header: t('judgment.confidence'),
          align: 'right',
          cell: (verdict) => (verdict.status === unjudged ? '' : format.percent(verdict.confidence)),
        },
        { key: 'since', header: t('tag.age'), align: 'right', cell: (verdict) => <Age at={verdict.since} /> },
        {
          key: 'why',
          header: <span className="visually-hidden">{t('alarm.judgment')}</span>,
          cell: (verdict) => <Link href={`/judgments?id=${verdict.judgment_id}`}>{t('alarm.judgment')}</Link>,
        },
      ]}
    />
  )
}

/** One line: its verdicts, its values, and the course of the one that is chosen. */
export function LinePage({ code }: { code: string }) {
  const t = useText()
  const localText = useLocalText()
  const [{ tag: chosenKey, range }, change] = useUrlState(fields)
  const frozen = useIsFrozen()
  const lines = useBoard((board) => board.lines)
  const allVerdicts = useBoard((board) => board.verdicts)
  const alarms = useBoard((board) => board.alarms)
  const tags = useBoard((board) => board.tags)
  const summary = useMemo(
    () => lineSummaries({ lines, verdicts: allVerdicts, alarms }).find((each) => each.line.code === code),
    [lines, allVerdicts, alarms, code],
  )
  const verdicts = useMemo(
    () =>
      [...allVerdicts.values()]
        .filter((verdict) => verdict.line === code)
        .toSorted(
          (one, other) => Number(one.normal) - Number(other.normal) || one.subject.localeCompare(other.subject),
        ),
    [allVerdicts, code],
  )
  if (summary === undefined) {
    return (
      <EmptyState
        title={t('line.unknown', { code })}
        action={
          <Link className="button" href="/">
            {t('page.to_board')}
          </Link>
        }
      >
        {t('line.unknown_hint')}
      </EmptyState>
    )
  }
  const name = localText(summary.line.name)
  // Whoever comes here from an alarm wants to see what it is about.
  const alarmed = [...alarms.values()].filter((alarm) => alarm.line === code && isStanding(alarm)).toSorted(byUrgency)
  const firstKey =
    alarmed.map((alarm) => alarm.subject).find((subject) => tags.has(subject)) ??
    [...tags.values()].find((tag) => tag.line === code && tag.adopted && tag.kind === 'number')?.key
  const shown = tags.get(chosenKey === '' ? (firstKey ?? '') : chosenKey)
  return (
    <div className="page">
      <div className="page-head">
        <h1>{name}</h1>
        <Link href={`/judgments?line=${encodeURIComponent(code)}`}>{t('line.see_judgments')}</Link>
      </div>
      <div className="line-page">
        <div className="stack">
          <LineTile summary={summary} frozen={frozen} />
          <LineFacts line={summary.line} />
        </div>
        {shown === undefined ? (
          <p className="panel second">{t('line.choose_tag')}</p>
        ) : (
          <TrendPanel tag={shown} range={range} onRange={(next) => change({ range: next }, { replace: true })} />
        )}
      </div>
      <div className="line-tables">
        <section className="panel stack" aria-labelledby="line-values">
          <h2 id="line-values">{t('board.more_tags')}</h2>
          <TagTable
            line={code}
            name={name}
            onChoose={(key) => change({ tag: key }, { replace: true })}
            chosenKey={shown?.key ?? null}
          />
        </section>
        <section className="panel stack" aria-labelledby="line-verdicts">
          <h2 id="line-verdicts">{t('line.verdicts')}</h2>
          <Verdicts verdicts={verdicts} alarms={alarms} />
        </section>
      </div>
    </div>
  )
}
