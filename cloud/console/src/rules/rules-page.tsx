import type { CloudRule } from '@jidoka/contract'
import {
  Age,
  Button,
  EmptyState,
  navigate,
  ResourceView,
  Table,
  urlFlag,
  urlText,
  useFormat,
  useLocalText,
  useUrlState,
} from '@jidoka/ui'
import { useRef } from 'react'
import { useRefusal, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'
import { places } from '../app/places.ts'
import { useRowKeys } from '../app/use-row-keys.ts'
import { NewRulePage, RulePage } from './rule-page.tsx'

const fields = { rule: urlText(), new: urlFlag() }

export function RulesPage() {
  const [{ rule, new: isNew }] = useUrlState(fields)
  if (isNew) return <NewRulePage />
  return rule === '' ? <RuleList /> : <RulePage key={rule} id={rule} />
}

function RuleList() {
  const t = useText()
  const refusal = useRefusal()
  const { rules } = useDirectory()
  const frame = useRef<HTMLDivElement>(null)
  useRowKeys(frame, { openKey: null, onMove: () => undefined, onClose: () => undefined })
  return (
    <div className="page" ref={frame}>
      <div className="page-head">
        <h1>{t('page.rules')}</h1>
        <Button look="primary" refused={refusal('rule:write')} onClick={() => navigate(places.newRule)}>
          {t('rules.new')}
        </Button>
      </div>
      <ResourceView resource={rules}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title={t('rules.empty_title')}>{t('rules.empty_body')}</EmptyState>
          ) : (
            <RuleTable rows={rows} />
          )
        }
      </ResourceView>
    </div>
  )
}

function RuleTable({ rows }: { rows: readonly CloudRule[] }) {
  const t = useText()
  const local = useLocalText()
  const format = useFormat()
  const trigger = ({ definition: { trigger: of } }: CloudRule) =>
    [
      of.on === 'mes' ? t('rules.on_mes') : of.sensor,
      of.on === 'timer' ? t('rules.every', { seconds: of.every_s }) : undefined,
      of.lines?.join(', '),
    ]
      .filter((part) => part !== undefined)
      .join(' · ')
  const limits = ({ definition }: CloudRule) =>
    Object.values(definition.parameters)
      .map(
        ({ name, value, unit }) =>
          `${local(name)} ${typeof value === 'number' ? format.number(value, decimalsOf(value)) : String(value)}${unit === undefined ? '' : ` ${unit}`}`,
      )
      .join(' · ')
  return (
    <Table
      caption={t('page.rules')}
      rows={rows}
      rowKey={(rule) => rule.definition.id}
      onChoose={(rule) => navigate(places.rule(rule.definition.id))}
      columns={[
        {
          key: 'name',
          header: t('fleet.name'),
          cell: ({ definition }) => (
            <>
              <strong className="table-name">{local(definition.name)}</strong>
              <div className="second small">{definition.id}</div>
            </>
          ),
          compare: (a, b) => local(a.definition.name).localeCompare(local(b.definition.name)),
        },
        {
          key: 'trigger',
          header: t('rules.trigger'),
          cell: (rule) => <span className="table-name">{trigger(rule)}</span>,
        },
        {
          key: 'limits',
          header: t('rules.parameters'),
          cell: (rule) => <span className="table-name">{limits(rule)}</span>,
        },
        {
          key: 'version',
          header: t('rules.version'),
          align: 'right',
          cell: ({ definition }) => format.count(definition.version),
        },
        {
          key: 'changed',
          header: t('rules.changed'),
          align: 'right',
          cell: (rule) => (
            <>
              <Age at={rule.changed_at} />
              <div className="second small">{rule.changed_by}</div>
            </>
          ),
          compare: (a, b) => b.changed_at.localeCompare(a.changed_at),
        },
        { key: 'deployed', header: t('rules.deployed'), cell: (rule) => <DeploymentSummary rule={rule} /> },
        {
          key: 'enabled',
          header: t('fleet.state'),
          cell: ({ definition }) => (definition.enabled ? t('rules.enabled') : <strong>{t('rules.disabled')}</strong>),
        },
      ]}
    />
  )
}

/** 80 stays 80, and 0.125 keeps its three digits. */
function decimalsOf(value: number): number {
  return Math.min(6, (String(value).split('.')[1] ?? '').length)
}

function DeploymentSummary({ rule }: { rule: CloudRule }) {
  const t = useText()
  const { total, applied, waiting, failed } = rule.deployment_counts
  if (total === 0) return <span className="second">{t('rules.nowhere')}</span>
  return (
    <>
      {t('rules.applied_of', { applied, total })}
      {waiting > 0 ? <div className="small">{t('rules.waiting', { count: waiting })}</div> : null}
      {failed > 0 ? <div className="small problem">{t('rules.failed', { count: failed })}</div> : null}
    </>
  )
}
