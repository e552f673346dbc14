import { Field, RuleProblemText, StatusBadge, useFormat, useUi, type Condition } from '@jidoka/ui'
import { useText } from '../../app/console-context.tsx'
import { Part } from '../../app/pane.tsx'
import { listOf } from '../definition.ts'
import type { RuleForm } from '../form.ts'
import type { TryState } from '../try/try-client.ts'

/** What the rule says to an input, at every key: it runs in this browser, and nothing is sent or deployed. */
export function TryPanel({
  form,
  typed,
  state,
  onType,
}: {
  form: RuleForm
  typed: Readonly<Record<string, string>>
  state: TryState
  onType: (name: string, text: string) => void
}) {
  const t = useText()
  const names = [...new Set(form.inputs.map(({ name }) => name.trim()))].filter((name) => name !== '')
  return (
    <Part title={t('try.title')}>
      <p className="second small">{t('try.body')}</p>
      {names.map((name) => (
        <Field
          key={name}
          label={`input.${name}`}
          spellCheck={false}
          autoComplete="off"
          value={typed[name] ?? ''}
          onChange={(event) => onType(name, event.target.value)}
        />
      ))}
      <div className="try-answer" aria-live="polite">
        <Answer form={form} state={state} />
      </div>
    </Part>
  )
}

/** What the status would mean on the line: the alarm that the form gives it. */
function conditionOf(form: RuleForm, status: string): Condition {
  if (listOf(form.normalStatuses).includes(status)) return 'normal'
  return form.alarms.find((alarm) => alarm.status.trim() === status)?.priority ?? 'abnormal'
}

function Answer({ form, state }: { form: RuleForm; state: TryState }) {
  const t = useText()
  const format = useFormat()
  const { locale } = useUi()
  if (state.kind === 'waiting') return <p className="second">{t('try.waiting')}</p>
  if (state.kind === 'failed') {
    return (
      <p className="problem">
        {state.because === 'too_slow' ? t('try.too_slow') : t('try.broken', { message: state.message })}
      </p>
    )
  }
  const { outcome } = state
  if (outcome.kind === 'refused') return <p className="problem">{t('try.refused')}</p>
  const { verdict } = outcome
  const condition = verdict?.kind === 'verdict' ? conditionOf(form, verdict.verdict.status) : 'normal'
  return (
    <>
      {verdict === null ? (
        <p className="second">{t('try.no_input')}</p>
      ) : verdict.kind === 'error' ? (
        <p className="problem">
          {verdict.error.line > 0
            ? `${t('rules.place', { line: verdict.error.line, column: verdict.error.column })}: `
            : ''}
          <RuleProblemText text={verdict.error.message} isOfPlace={verdict.error.line > 0} />
        </p>
      ) : (
        <>
          <p className="verdict-line">
            <StatusBadge status={verdict.verdict.status} normal={condition === 'normal'} condition={condition} />
            <span className="second">{format.percent(verdict.verdict.confidence)}</span>
          </p>
          {verdict.verdict.explanation === undefined ? null : <p lang={locale}>{verdict.verdict.explanation}</p>}
        </>
      )}
      <p className="second small">{t(outcome.fastPath ? 'try.fast' : 'try.interpreted')}</p>
    </>
  )
}
