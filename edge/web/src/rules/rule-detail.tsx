import type { RuleDefinition } from '@jidoka/domain'
import {
  Facts,
  PriorityMark,
  RuleProblemText,
  Table,
  useFormat,
  useLocalText,
  useStatusText,
  useUiMessages,
} from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import type { EdgeRule } from './edge-rule.ts'
import { RuleInputs } from './rule-inputs.tsx'
import { RuleScript } from './rule-script.tsx'
import { RuleStopped } from './rule-stopped.tsx'
import { useTriggerText } from './trigger-text.ts'
import { TryOut } from './try-out.tsx'

function Parameters({ parameters }: { parameters: RuleDefinition['parameters'] }) {
  const t = useText()
  const localText = useLocalText()
  const rows = Object.entries(parameters).map(([key, parameter]) => ({ key, ...parameter }))
  if (rows.length === 0) return <p className="second">{t('rule.no_parameters')}</p>
  return (
    <Table
      caption={t('rule.parameters')}
      rows={rows}
      rowKey={(row) => row.key}
      columns={[
        { key: 'name', header: t('rule.parameter'), cell: (row) => localText(row.name) },
        {
          key: 'value',
          header: t('rule.value'),
          align: 'right',
          cell: (row) => `${String(row.value)} ${row.unit ?? ''}`,
        },
        {
          key: 'allowed',
          header: t('rule.allowed'),
          align: 'right',
          cell: (row) => (row.min === undefined && row.max === undefined ? '' : `${row.min ?? ''} – ${row.max ?? ''}`),
        },
      ]}
    />
  )
}

export function RuleDetail({ rule }: { rule: EdgeRule }) {
  const t = useText()
  const ui = useUiMessages()
  const localText = useLocalText()
  const statusText = useStatusText()
  const format = useFormat()
  const triggerText = useTriggerText()
  const { definition } = rule
  const alarms = Object.entries(definition.alarms)
  const wrongLine = rule.failure?.place?.line ?? null
  const script = (
    <details open={wrongLine !== null}>
      <summary>{t('rule.script')}</summary>
      <RuleScript script={definition.script} wrongLine={wrongLine} />
    </details>
  )
  return (
    <div className="stack">
      <h2>{localText(definition.name)}</h2>
      {rule.state === 'quarantined' ? (
        <RuleStopped rule={rule} />
      ) : rule.problem === null ? null : (
        <p className="note note-error">
          <RuleProblemText text={rule.problem} />
        </p>
      )}
      {wrongLine === null ? null : script}
      <Parameters parameters={definition.parameters} />
      <TryOut key={rule.hash} rule={definition} />
      <RuleInputs inputs={definition.inputs} parameters={definition.parameters} />
      <Facts
        facts={[
          [t('rule.trigger'), triggerText(definition.trigger)],
          [
            t('rule.alarms'),
            alarms.length === 0
              ? t('rule.no_alarms')
              : alarms.map(([status, priority]) => (
                  <span className="status-badge rule-alarm" key={status}>
                    <PriorityMark priority={priority} label={false} />
                    {statusText(status)} ({ui(`priority.${priority}`)})
                  </span>
                )),
          ],
          [
            t('rule.hysteresis'),
            t('rule.hysteresis_text', {
              raise: definition.hysteresis.raise_after_count,
              back: definition.hysteresis.return_after_count,
            }),
          ],
          [t('rule.cool_down'), format.duration(definition.cool_down_s * 1_000)],
          [t('rule.fast_path'), t(rule.fast_path ? 'rule.yes' : 'rule.no')],
          [t('judgment.hash'), <code key="hash">{rule.hash}</code>],
        ]}
      />
      {wrongLine === null ? script : null}
    </div>
  )
}
