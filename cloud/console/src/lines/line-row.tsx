import type { BoardTag, CloudLine } from '@jidoka/contract'
import {
  Age,
  ConditionMark,
  LimitBar,
  Link,
  PriorityMark,
  Sparkline,
  StatusBadge,
  useLocalText,
  useStale,
  useStatusText,
  useUiMessages,
  ValueWithUnit,
} from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { places } from '../app/places.ts'
import {
  keyTags,
  leftOut,
  lineCondition,
  lineId,
  sortAlarms,
  sortVerdicts,
  subjectWithin,
  verdictCondition,
} from './lines-state.ts'

/** 3 verdicts: more would push the next line off the screen; all are one key press away. */
const shownMax = 3
/** 6 tags: as many as are seen at 1920 px. How many fit is the style sheet's affair. */
const tagsMax = 6

export function LineRow({ line, chosen, narrow }: { line: CloudLine; chosen: boolean; narrow: boolean }) {
  const t = useText()
  const ui = useUiMessages()
  const local = useLocalText()
  const status = useStatusText()
  const condition = lineCondition(line)
  const alarms = sortAlarms(line.alarms)
  const abnormal = sortVerdicts(line).filter((verdict) => !verdict.normal)
  const more = leftOut(line, shownMax)
  return (
    <li
      className={`line line-${condition === 'normal' || condition === 'silent' ? 'calm' : 'abnormal'}${chosen ? ' line-chosen' : ''}`}
      data-line={lineId(line)}
    >
      <Link
        className="line-name"
        href={places.line(line.edge_id, line.code)}
        aria-current={chosen ? 'true' : undefined}
      >
        <ConditionMark condition={condition} />
        <span>
          <strong>{local(line.name)}</strong> <span className="second">{line.code}</span>
          <span className="line-place second small">
            {local(line.site.name)} · {line.edge_name}
          </span>
        </span>
      </Link>
      <div className="line-verdicts">
        {/* The abnormal ones of an edge are listed first: where a normal one is listed, none is left out. */}
        {abnormal.length === 0 ? (
          <span className="second">
            {line.verdicts.length > 0
              ? t('lines.normal', { count: line.verdicts.length + line.verdicts_more })
              : more.verdicts > 0
                ? t('lines.more', { count: more.verdicts })
                : t('lines.no_verdict')}
          </span>
        ) : (
          <ul>
            {abnormal.slice(0, shownMax).map((verdict) => (
              <li key={`${verdict.rule_id} ${verdict.subject}`}>
                <StatusBadge
                  status={verdict.status}
                  normal={false}
                  condition={verdictCondition(verdict, line.alarms)}
                />{' '}
                {local(verdict.rule_name)} <span className="second small">{subjectWithin(line, verdict.subject)}</span>{' '}
                <Age at={verdict.since} />
              </li>
            ))}
            {more.verdicts > 0 ? <li className="second">{t('lines.more', { count: more.verdicts })}</li> : null}
          </ul>
        )}
        {alarms.length + line.alarms_more === 0 ? null : (
          <p className="line-alarms">
            {alarms.slice(0, shownMax).map((alarm) => (
              <span key={alarm.id} className="line-alarm" title={`${local(alarm.rule_name)} · ${status(alarm.status)}`}>
                <PriorityMark priority={alarm.priority} />{' '}
                <span className="small">{ui(`alarm_state.${alarm.state}`)}</span> <Age at={alarm.raised_at} />
              </span>
            ))}
            {more.alarms === 0 ? null : <span className="small second">{t('lines.more', { count: more.alarms })}</span>}
          </p>
        )}
      </div>
      {narrow ? null : (
        <div className="line-tags">
          {keyTags(line, tagsMax).map((tag) => (
            <TagFigure key={tag.key} tag={tag} />
          ))}
        </div>
      )}
      <div className="line-heard small">
        <Age at={line.heard_at} />
      </div>
    </li>
  )
}

/** A value with its name, its limits, its last course and its age. */
function TagFigure({ tag }: { tag: BoardTag }) {
  const local = useLocalText()
  const stale = useStale(tag.at, tag.stale_after_s)
  return (
    <div className="tag">
      <div className="tag-name small">
        {local(tag.name)} <span className="second">{tag.equipment}</span>
      </div>
      <div className="tag-value">
        <ValueWithUnit value={tag.value} unit={tag.unit} decimals={tag.decimals} quality={tag.quality} stale={stale} />
        <Sparkline values={tag.recent} limits={tag.limits} width={88} height={24} />
      </div>
      <div className="tag-foot small">
        <LimitBar
          value={typeof tag.value === 'number' ? tag.value : null}
          limits={tag.limits}
          decimals={tag.decimals}
          width={112}
        />
        <Age at={tag.at} staleAfterS={tag.stale_after_s} />
      </div>
    </div>
  )
}
