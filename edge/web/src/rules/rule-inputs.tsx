import type { RuleDefinition, RuleInput } from '@jidoka/domain'
import { Table, useFormat } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useInputSourceText } from './input-text.ts'

/** What the rule looks at, how old it may be, and how long windows and charts wait for late readings. */
export function RuleInputs({ inputs, parameters }: Pick<RuleDefinition, 'inputs' | 'parameters'>) {
  const t = useText()
  const format = useFormat()
  const sourceText = useInputSourceText()
  return (
    <Table
      caption={t('rule.inputs')}
      captionShown
      rows={inputs}
      rowKey={(input) => input.name}
      columns={[
        { key: 'name', header: t('rule.input'), cell: (input) => <code>{input.name}</code> },
        {
          key: 'from',
          header: t('rule.input_from'),
          cell: (input) => (
            <>
              {sourceText(input, parameters)}
              <Lateness input={input} />
            </>
          ),
        },
        {
          key: 'age',
          header: t('rule.input_age'),
          align: 'right',
          cell: (input) => (input.from === 'previous_status' ? '' : format.duration(input.max_age_s * 1_000)),
        },
      ]}
    />
  )
}

function Lateness({ input }: { input: RuleInput }) {
  const t = useText()
  if (input.from !== 'window' && input.from !== 'chart') return null
  // A sliding window and a chart take what comes late into their order and wait for nothing.
  if (input.from === 'chart' || input.mode === 'sliding' || input.lateness_s === 0) return null
  return <div className="second small">{t('input.lateness', { seconds: input.lateness_s })}</div>
}
