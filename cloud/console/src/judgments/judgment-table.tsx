import type { Execution } from '@jidoka/contract'
import { Explanation, StatusBadge, Table, useFormat, useLocalText, type Column, type Condition } from '@jidoka/ui'
import { unjudged } from '@jidoka/domain'
import { useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'

export function useRuleName(): (id: string) => string {
  const local = useLocalText()
  const { rules } = useDirectory()
  return (id) => {
    const rule = rules.data?.find(({ definition }) => definition.id === id)
    return rule === undefined ? id : local(rule.definition.name)
  }
}

/** What a status means by the rule as it is now: the priority of the alarm that it raises. */
export function useJudgmentCondition(): (judgment: Pick<Execution, 'rule_id' | 'status' | 'normal'>) => Condition {
  const { rules } = useDirectory()
  return ({ rule_id: id, status, normal }) => {
    if (normal) return 'normal'
    if (status === unjudged) return 'unjudged'
    return rules.data?.find(({ definition }) => definition.id === id)?.definition.alarms[status] ?? 'abnormal'
  }
}

export function JudgmentTable({
  rows,
  openId,
  narrow,
  onOpen,
}: {
  rows: readonly Execution[]
  openId: string
  narrow: boolean
  onOpen: (row: Execution) => void
}) {
  const t = useText()
  const format = useFormat()
  const ruleName = useRuleName()
  const condition = useJudgmentCondition()
  const columns: readonly (Column<Execution> & { wide?: boolean })[] = [
    {
      key: 'at',
      header: t('judgments.judged'),
      cell: (row) => <span className="number">{format.instant(row.executed_at, 'dateSecond')}</span>,
    },
    {
      key: 'status',
      header: t('judgments.status'),
      cell: (row) => <StatusBadge status={row.status} normal={row.normal} condition={condition(row)} />,
    },
    {
      key: 'rule',
      header: t('judgments.rule'),
      wide: true,
      cell: (row) => <span title={row.rule_id}>{ruleName(row.rule_id)}</span>,
    },
    {
      key: 'subject',
      header: t('judgments.subject'),
      cell: (row) => (
        <>
          <code>{row.subject}</code>
          {narrow ? <div className="second small">{ruleName(row.rule_id)}</div> : null}
        </>
      ),
    },
    {
      key: 'edge',
      header: t('judgments.edge'),
      wide: true,
      cell: (row) => row.edge_name ?? row.edge_id ?? t('judgments.cloud'),
    },
    {
      key: 'confidence',
      header: t('judgments.confidence'),
      align: 'right',
      wide: true,
      cell: (row) => format.percent(row.confidence),
    },
    {
      key: 'explanation',
      header: t('judgments.explanation'),
      wide: true,
      cell: (row) => (
        <span className="one-line">
          {row.explanation === null ? null : <Explanation status={row.status} text={row.explanation} />}
        </span>
      ),
    },
  ]
  return (
    <Table
      caption={t('page.judgments')}
      columns={columns.filter((column) => !narrow || column.wide !== true)}
      rows={rows}
      rowKey={(row) => row.execution_id}
      onChoose={onOpen}
      chosenKey={openId === '' ? null : openId}
    />
  )
}
