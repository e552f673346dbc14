import { edgePaths, type JudgmentView } from '@jidoka/contract'
import { unjudged } from '@jidoka/domain'
import {
  Button,
  Choice,
  EmptyState,
  Field,
  ResourceView,
  Select,
  StatusBadge,
  Table,
  useFormat,
  useLocalText,
  useResource,
  useUi,
  useUiMessages,
  useUrlState,
} from '@jidoka/ui'
import { useMemo } from 'react'
import { useBoard } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { JudgmentDetail } from './judgment-detail.tsx'
import { judgmentFields, judgmentQuery, judgmentRanges, noFilters } from './judgment-filters.ts'

/** 10 s on the newest page; older pages do not change. */
const refreshEveryMs = 10_000

function useRuleOptions() {
  const localText = useLocalText()
  const verdicts = useBoard((board) => board.verdicts)
  return useMemo(() => {
    const names = new Map([...verdicts.values()].map((verdict) => [verdict.rule_id, localText(verdict.rule_name)]))
    return [...names]
      .map(([value, label]) => ({ value, label }))
      .toSorted((one, other) => one.label.localeCompare(other.label))
  }, [verdicts, localText])
}

export function JudgmentsPage() {
  const t = useText()
  const ui = useUiMessages()
  const localText = useLocalText()
  const format = useFormat()
  const { ticker } = useUi()
  const { api } = useSession()
  const [state, change] = useUrlState(judgmentFields)
  const { id, ...filters } = state
  const lines = useBoard((board) => board.lines)
  const ruleOptions = useRuleOptions()
  const rules =
    filters.rule === '' || ruleOptions.some((option) => option.value === filters.rule)
      ? ruleOptions
      : [...ruleOptions, { value: filters.rule, label: filters.rule }]
  const resource = useResource(
    JSON.stringify(filters),
    (signal) => api.get<JudgmentView[]>(edgePaths.judgments, { query: judgmentQuery(filters, ticker.nowMs()), signal }),
    filters.cursor === '' ? refreshEveryMs : undefined,
  )
  const filter = (changed: Partial<typeof filters>) => change({ ...changed, cursor: '' }, { replace: true })
  return (
    <div className="page">
      <h1>{t('page.judgments')}</h1>
      <div className="row row-end">
        <Select
          label={t('judgment.line')}
          value={filters.line}
          onChange={(event) => filter({ line: event.target.value })}
          options={[
            { value: '', label: t('alarm.all_lines') },
            ...lines.map((line) => ({ value: line.code, label: localText(line.name) })),
          ]}
        />
        <Select
          label={t('judgment.rule')}
          value={filters.rule}
          onChange={(event) => filter({ rule: event.target.value })}
          options={[{ value: '', label: t('judgment.all_rules') }, ...rules]}
        />
        <Field
          label={t('judgment.status')}
          placeholder="HIGH"
          title={t('judgment.status_hint')}
          size={12}
          maxLength={32}
          value={filters.status}
          onChange={(event) => filter({ status: event.target.value })}
        />
        <Choice
          label={t('judgment.show')}
          value={filters.abnormal ? 'abnormal' : 'all'}
          onChange={(value) => filter({ abnormal: value === 'abnormal' })}
          options={[
            { value: 'all', label: t('judgment.show_all') },
            { value: 'abnormal', label: t('judgment.show_abnormal') },
          ]}
        />
        <Choice
          label={t('judgment.range')}
          value={filters.range}
          onChange={(range) => filter({ range })}
          options={judgmentRanges.map((value) => ({ value, label: t(`range.${value}`) }))}
        />
      </div>
      <div className="list-and-detail">
        <div className="stack">
          <ResourceView resource={resource} rows={10}>
            {({ data, meta }) =>
              data.length === 0 ? (
                <EmptyState
                  title={t('judgment.none')}
                  action={<Button onClick={() => change(noFilters)}>{t('judgment.clear')}</Button>}
                >
                  {t('judgment.none_hint')}
                </EmptyState>
              ) : (
                <>
                  <Table
                    caption={t('page.judgments')}
                    rows={data}
                    rowKey={(judgment) => judgment.id}
                    chosenKey={id}
                    onChoose={(judgment) => change({ id: judgment.id }, { replace: true })}
                    columns={[
                      {
                        key: 'when',
                        header: t('judgment.when'),
                        cell: (judgment) => (
                          <span className="number">{format.instant(judgment.judged_at, 'dateSecond')}</span>
                        ),
                      },
                      {
                        key: 'verdict',
                        header: t('judgment.verdict'),
                        cell: (judgment) => <StatusBadge status={judgment.status} normal={judgment.normal} />,
                      },
                      { key: 'subject', header: t('judgment.subject'), cell: (judgment) => judgment.subject },
                      {
                        key: 'rule',
                        header: t('judgment.rule'),
                        cell: (judgment) =>
                          ruleOptions.find((option) => option.value === judgment.rule_id)?.label ?? judgment.rule_id,
                      },
                      {
                        key: 'confidence',
                        header: t('judgment.confidence'),
                        align: 'right',
                        cell: (judgment) => (judgment.status === unjudged ? '' : format.percent(judgment.confidence)),
                      },
                      {
                        key: 'method',
                        header: t('judgment.method'),
                        cell: (judgment) => ui(`method.${judgment.method_used}`),
                      },
                    ]}
                  />
                  <div className="row">
                    {filters.cursor === '' ? null : (
                      <Button onClick={() => change({ cursor: '' })}>{t('judgment.newest')}</Button>
                    )}
                    {meta.next_cursor === undefined ? null : (
                      <Button onClick={() => change({ cursor: meta.next_cursor ?? '' })}>{t('judgment.older')}</Button>
                    )}
                  </div>
                </>
              )
            }
          </ResourceView>
        </div>
        <section className="panel detail" aria-label={t('judgment.detail')}>
          {id === '' ? <p className="second">{t('judgment.choose')}</p> : <JudgmentDetail id={id} />}
        </section>
      </div>
    </div>
  )
}
