import { RuleProblemText, useStatusText } from '@jidoka/ui'
import { useText } from '../../app/console-context.tsx'
import { Part } from '../../app/pane.tsx'
import { nextRow, type ExampleForm } from '../form.ts'
import type { ExampleOutcome } from '../try/protocol.ts'
import { AddButton, Cell, RemoveButton } from './cell.tsx'
import { withoutRow, withRow, type SectionProps } from './section-props.ts'

/** What the rule must say to given inputs. All must pass before it may be saved: they are its tests. */
export function ExamplesSection({
  form,
  outcomes,
  onChange,
}: SectionProps & { outcomes: readonly ExampleOutcome[] | null }) {
  const t = useText()
  const change = (row: number, changed: Partial<ExampleForm>) =>
    onChange({ examples: withRow(form.examples, row, changed) })
  const names = form.inputs.map(({ name }) => name.trim()).filter((name) => name !== '')
  const failed = outcomes?.filter(({ passed }) => !passed).length ?? 0
  return (
    <Part
      title={t('rules.examples')}
      aside={
        outcomes === null || outcomes.length === 0 ? null : failed === 0 ? (
          <span className="second">{t('rules.examples_pass', { count: outcomes.length })}</span>
        ) : (
          <strong>{t('rules.examples_failed', { failed, total: outcomes.length })}</strong>
        )
      }
    >
      {form.examples.length === 0 ? <p className="second">{t('rules.no_examples')}</p> : null}
      <div className="table-frame">
        <table className="table">
          <caption className="visually-hidden">{t('rules.examples')}</caption>
          <thead>
            <tr>
              {names.map((name) => (
                <th scope="col" key={name}>
                  <code>{name}</code>
                </th>
              ))}
              <th scope="col">{t('rules.expected')}</th>
              <th scope="col">{t('rules.says')}</th>
              <th scope="col" aria-label={t('rules.remove')} />
            </tr>
          </thead>
          <tbody>
            {form.examples.map((example, index) => (
              <tr key={example.row}>
                {names.map((name) => (
                  <td key={name}>
                    <Cell
                      label={name}
                      at={`examples.${index}.input.${name}`}
                      value={example.input[name] ?? ''}
                      onChange={(event) =>
                        change(example.row, { input: { ...example.input, [name]: event.target.value } })
                      }
                    />
                  </td>
                ))}
                <td>
                  <Cell
                    label={t('rules.expected')}
                    at={`examples.${index}.status`}
                    value={example.status}
                    onChange={(event) => change(example.row, { status: event.target.value })}
                  />
                </td>
                <td>
                  <Outcome outcome={outcomes?.[index]} />
                </td>
                <td>
                  <RemoveButton
                    what={String(index + 1)}
                    onClick={() => onChange({ examples: withoutRow(form.examples, example.row) })}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <AddButton
        label={t('rules.add_example')}
        onClick={() =>
          onChange({
            examples: [
              ...form.examples,
              { row: nextRow(form.examples), input: form.examples.at(-1)?.input ?? {}, status: '' },
            ],
          })
        }
      />
    </Part>
  )
}

function Outcome({ outcome }: { outcome: ExampleOutcome | undefined }) {
  const t = useText()
  const status = useStatusText()
  if (outcome === undefined) return <span className="second">…</span>
  if (outcome.outcome.kind === 'error')
    return (
      <span className="problem">
        ✕ <RuleProblemText text={outcome.outcome.error.message} isOfPlace={outcome.outcome.error.line > 0} />
      </span>
    )
  const said = outcome.outcome.verdict.status
  return outcome.passed ? (
    <span className="second">✓ {t('rules.passes')}</span>
  ) : (
    <span className="problem">
      ✕ {status(said)} ({said})
    </span>
  )
}
