import { edgePaths } from '@jidoka/contract'
import { isNormal, type RuleDefinition, type RuleInput } from '@jidoka/domain'
import {
  Field,
  ResourceView,
  RuleProblemText,
  Select,
  StatusBadge,
  Table,
  useFormat,
  useLocalText,
  useResource,
  useStatusText,
} from '@jidoka/ui'
import { useDeferredValue, useState } from 'react'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import type { TryAnswer } from './edge-rule.ts'
import { useInputText } from './input-text.ts'
import { initialInputs, initialParameters, kindOfParameter, readField, readTry } from './try-inputs.ts'

function ValueField({
  label,
  kind,
  unit,
  text,
  onText,
}: {
  label: string
  kind: RuleInput['kind']
  unit?: string | undefined
  text: string
  onText: (text: string) => void
}) {
  const t = useText()
  if (kind === 'boolean') {
    return (
      <Select
        label={label}
        value={text}
        onChange={(event) => onText(event.target.value)}
        options={[
          { value: 'true', label: t('rule.yes') },
          { value: 'false', label: t('rule.no') },
        ]}
      />
    )
  }
  const read = readField(kind, text)
  return (
    <Field
      label={label}
      unit={unit}
      inputMode={kind === 'text' ? 'text' : 'decimal'}
      value={text}
      onChange={(event) => onText(event.target.value)}
      error={'mistake' in read ? t(`try.${read.mistake}`) : null}
    />
  )
}

function TryVerdict({ answer, rule }: { answer: TryAnswer; rule: RuleDefinition }) {
  const t = useText()
  const format = useFormat()
  const statusText = useStatusText()
  const { verdict, examples } = answer
  const priority = verdict === null ? undefined : rule.alarms[verdict.status]
  return (
    <>
      {verdict === null ? null : (
        <div className="try-verdict" aria-live="polite">
          <StatusBadge
            status={verdict.status}
            normal={isNormal(rule, verdict.status)}
            {...(priority === undefined ? {} : { condition: priority })}
          />
          <span className="second">{t('try.confidence', { percent: format.percent(verdict.confidence) })}</span>
          {verdict.explanation === null ? null : <p>{verdict.explanation}</p>}
        </div>
      )}
      {examples.length === 0 ? null : (
        <Table
          caption={t('rule.examples')}
          captionShown
          rows={examples.map((example, index) => ({ ...example, key: String(index) }))}
          rowKey={(example) => example.key}
          columns={[
            { key: 'expected', header: t('rule.expected'), cell: (example) => statusText(example.expected) },
            { key: 'got', header: t('rule.got'), cell: (example) => statusText(example.got) },
            {
              key: 'passed',
              header: '',
              cell: (example) =>
                example.passed ? (
                  t('rule.example_passed')
                ) : (
                  <strong>
                    {example.problem === null ? t('rule.example_failed') : <RuleProblemText text={example.problem} />}
                  </strong>
                ),
            },
          ]}
        />
      )}
    </>
  )
}

/** Change an input or a limit and see what the rule says. The appliance judges it; nothing is stored. */
export function TryOut({ rule }: { rule: RuleDefinition }) {
  const t = useText()
  const localText = useLocalText()
  const inputText = useInputText()
  const { api } = useSession()
  const [inputs, setInputs] = useState(() => initialInputs(rule))
  const [parameters, setParameters] = useState(() => initialParameters(rule))
  const request = useDeferredValue(JSON.stringify(readTry(rule, inputs, parameters)))
  const resource = useResource(request === 'null' ? null : request, async (signal) => {
    // Typing a number takes several keys: only the last state of a burst is asked.
    await new Promise((resolve) => setTimeout(resolve, 150))
    signal.throwIfAborted()
    return (await api.post<TryAnswer>(edgePaths.tryRule, JSON.parse(request), { signal })).data
  })
  return (
    <section className="stack" aria-labelledby="try-title">
      <h3 id="try-title">{t('try.title')}</h3>
      <p className="second">{t('try.hint')}</p>
      <div className="try-fields">
        {rule.inputs.map((input) => (
          <ValueField
            key={input.name}
            label={inputText(input)}
            kind={input.kind}
            text={inputs[input.name] ?? ''}
            onText={(text) => setInputs((before) => ({ ...before, [input.name]: text }))}
          />
        ))}
        {Object.entries(rule.parameters).map(([name, parameter]) => (
          <ValueField
            key={name}
            label={localText(parameter.name)}
            kind={kindOfParameter(parameter.value)}
            unit={parameter.unit}
            text={parameters[name] ?? ''}
            onText={(text) => setParameters((before) => ({ ...before, [name]: text }))}
          />
        ))}
      </div>
      {request === 'null' ? (
        <p>{t('try.fill')}</p>
      ) : (
        <ResourceView resource={resource} rows={2}>
          {(answer) => <TryVerdict answer={answer} rule={rule} />}
        </ResourceView>
      )}
    </section>
  )
}
