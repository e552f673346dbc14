import type { BoardTag, CloudLine } from '@jidoka/contract'
import {
  Age,
  Explanation,
  LimitBar,
  Link,
  PriorityMark,
  Sparkline,
  StatusBadge,
  Table,
  useFormat,
  useLimitText,
  useLocalText,
  useStale,
  useStatusText,
  useUiMessages,
  ValueWithUnit,
} from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { Pane, Part } from '../app/pane.tsx'
import { places } from '../app/places.ts'
import { sortAlarms, sortVerdicts, subjectWithin, verdictCondition } from './lines-state.ts'

/** All of one line: every standing verdict, every open alarm, every tag. Null when no edge has sent a line of that name. */
export function LinePane({ line, onClose }: { line: CloudLine | null; onClose: () => void }) {
  const t = useText()
  const local = useLocalText()
  if (line === null) {
    return (
      <Pane title={t('lines.gone_title')} onClose={onClose}>
        <p>{t('lines.gone_body')}</p>
      </Pane>
    )
  }
  return (
    <Pane title={`${local(line.name)} (${line.code})`} onClose={onClose}>
      <p className="row">
        <span>{local(line.site.name)}</span>
        <Link href={places.edge(line.edge_id)}>{line.edge_name}</Link>
        <span className="second">
          {t('lines.heard')} <Age at={line.heard_at} />
        </span>
        <Link href={places.judgments({ edge: line.edge_id, line: line.code })}>{t('lines.its_judgments')}</Link>
      </p>
      <Alarms line={line} />
      <Verdicts line={line} />
      <Tags line={line} />
    </Pane>
  )
}

function Alarms({ line }: { line: CloudLine }) {
  const t = useText()
  const ui = useUiMessages()
  const local = useLocalText()
  const format = useFormat()
  if (line.alarms.length + line.alarms_more === 0) {
    return (
      <Part title={t('lines.alarms')}>
        <p className="second">{t('lines.no_alarms')}</p>
      </Part>
    )
  }
  return (
    <Part title={t('lines.alarms')}>
      <ul className="alarm-list">
        {sortAlarms(line.alarms).map((alarm) => (
          <li key={alarm.id} className="alarm">
            <PriorityMark priority={alarm.priority} />
            <div>
              <strong>{local(alarm.rule_name)}</strong>{' '}
              <span className="second">{subjectWithin(line, alarm.subject)}</span>
              {alarm.explanation === null ? null : <div>{alarm.explanation}</div>}
              <div className="small second">
                {ui(`alarm_state.${alarm.state}`)}
                {alarm.acknowledged_by === null
                  ? ''
                  : ` · ${t('lines.acknowledged_by', { who: alarm.acknowledged_by })}`}{' '}
                · {t('lines.raised')} <Age at={alarm.raised_at} /> ({format.instant(alarm.raised_at, 'dateSecond')}) ·{' '}
                <Link
                  href={places.judgments({ id: alarm.judgment_id, range: 'all', line: line.code, edge: line.edge_id })}
                >
                  {t('lines.its_judgment')}
                </Link>
              </div>
            </div>
          </li>
        ))}
      </ul>
      <More count={line.alarms_more} />
    </Part>
  )
}

/** What stands at the line and is not in the answer, which lists the most urgent. */
function More({ count }: { count: number }) {
  const t = useText()
  return count === 0 ? null : <p className="second">{t('lines.more', { count })}</p>
}

function Verdicts({ line }: { line: CloudLine }) {
  const t = useText()
  const local = useLocalText()
  const status = useStatusText()
  return (
    <Part title={t('lines.verdicts')}>
      {line.verdicts.length + line.verdicts_more === 0 ? (
        <p className="second">{t('lines.no_verdict')}</p>
      ) : (
        <Table
          caption={t('lines.verdicts')}
          rows={sortVerdicts(line)}
          rowKey={(verdict) => `${verdict.rule_id} ${verdict.subject}`}
          columns={[
            {
              key: 'status',
              header: t('judgments.status'),
              cell: (verdict) => (
                <StatusBadge
                  status={verdict.status}
                  normal={verdict.normal}
                  condition={verdictCondition(verdict, line.alarms)}
                />
              ),
              compare: (a, b) => status(a.status).localeCompare(status(b.status)),
            },
            {
              key: 'rule',
              header: t('judgments.rule'),
              cell: (verdict) => (
                <>
                  <Link href={places.rule(verdict.rule_id)}>{local(verdict.rule_name)}</Link>
                  <div className="second small">{subjectWithin(line, verdict.subject)}</div>
                </>
              ),
            },
            {
              key: 'why',
              header: t('judgments.explanation'),
              cell: (verdict) =>
                verdict.explanation === null ? '' : <Explanation status={verdict.status} text={verdict.explanation} />,
            },
            { key: 'since', header: t('lines.since'), align: 'right', cell: (verdict) => <Age at={verdict.since} /> },
          ]}
        />
      )}
      <More count={line.verdicts_more} />
    </Part>
  )
}

function Tags({ line }: { line: CloudLine }) {
  const t = useText()
  const local = useLocalText()
  const limitText = useLimitText()
  return (
    <Part title={t('lines.tags')}>
      {line.tags.length === 0 ? (
        <p className="second">{t('lines.no_tags')}</p>
      ) : (
        <Table
          caption={t('lines.tags')}
          rows={line.tags.toSorted(
            (a, b) => (a.equipment ?? '').localeCompare(b.equipment ?? '') || a.key.localeCompare(b.key),
          )}
          rowKey={(tag) => tag.key}
          groupOf={(tag) => ({ key: tag.equipment ?? '', label: tag.equipment ?? t('lines.whole_line') })}
          columns={[
            {
              key: 'name',
              header: t('lines.tag'),
              cell: (tag) => (
                <span className="table-name" title={tag.key}>
                  {local(tag.name)}
                </span>
              ),
            },
            {
              key: 'course',
              header: t('lines.course'),
              cell: (tag) => <Sparkline values={tag.recent} limits={tag.limits} width={88} height={24} />,
            },
            { key: 'value', header: t('lines.value'), align: 'right', cell: (tag) => <TagValue tag={tag} /> },
            {
              key: 'limits',
              header: t('lines.limits'),
              cell: (tag) => (
                <span className="limits">
                  <LimitBar
                    value={typeof tag.value === 'number' ? tag.value : null}
                    limits={tag.limits}
                    decimals={tag.decimals}
                    width={96}
                  />
                  <span className="small second">{limitText(tag.limits, tag.decimals)}</span>
                </span>
              ),
            },
            {
              key: 'age',
              header: t('lines.age'),
              align: 'right',
              cell: (tag) => <Age at={tag.at} staleAfterS={tag.stale_after_s} />,
            },
          ]}
        />
      )}
    </Part>
  )
}

function TagValue({ tag }: { tag: BoardTag }) {
  const stale = useStale(tag.at, tag.stale_after_s)
  return <ValueWithUnit value={tag.value} unit={tag.unit} decimals={tag.decimals} quality={tag.quality} stale={stale} />
}
