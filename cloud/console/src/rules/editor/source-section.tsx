import { Field, Select } from '@jidoka/ui'
import { useText } from '../../app/console-context.tsx'
import { Part } from '../../app/pane.tsx'
import { inputKinds, mesFields, nextRow, sourcesOf, triggerKinds, withTrigger, type InputForm } from '../form.ts'
import { AddButton, Cell, CellSelect, RemoveButton } from './cell.tsx'
import { useProblemAt } from './problems.tsx'
import { withoutRow, withRow, type SectionProps } from './section-props.ts'
import { newChartForm, newWindowForm } from '../window-form.ts'
import { ChartFields, WindowFields } from './window-fields.tsx'

/** When the rule judges, and what it looks at. */
export function SourceSection({ form, onChange }: SectionProps) {
  const t = useText()
  const problem = useProblemAt()
  return (
    <Part title={t('rules.source')}>
      <div className="field-row">
        <Select
          label={t('rules.trigger')}
          value={form.on}
          options={triggerKinds.map((value) => ({ value, label: t(`rules.on_${value}`) }))}
          onChange={(event) =>
            onChange(withTrigger(form, triggerKinds.find((kind) => kind === event.target.value) ?? 'reading'))
          }
        />
        {form.on === 'timer' ? (
          <Field
            label={t('rules.every_s')}
            hint={t('rules.every_s_hint')}
            inputMode="numeric"
            value={form.everyS}
            error={problem('trigger.every_s')}
            onChange={(event) => onChange({ everyS: event.target.value })}
          />
        ) : null}
        {form.on === 'mes' ? null : (
          <Field
            label={t('rules.sensor')}
            {...(form.on === 'timer' ? { hint: t('rules.line_hint') } : {})}
            value={form.sensor}
            error={problem('trigger.sensor')}
            onChange={(event) => onChange({ sensor: event.target.value })}
          />
        )}
        <Field
          label={t('rules.lines')}
          hint={t('rules.all_hint')}
          value={form.lines}
          error={problem('trigger.lines')}
          onChange={(event) => onChange({ lines: event.target.value })}
        />
        {form.on === 'mes' ? null : (
          <Field
            label={t('rules.equipment')}
            hint={t('rules.all_hint')}
            value={form.equipment}
            error={problem('trigger.equipment')}
            onChange={(event) => onChange({ equipment: event.target.value })}
          />
        )}
      </div>
      <Inputs form={form} onChange={onChange} />
    </Part>
  )
}

function Inputs({ form, onChange }: SectionProps) {
  const t = useText()
  const change = (row: number, changed: Partial<InputForm>) => onChange({ inputs: withRow(form.inputs, row, changed) })
  return (
    <>
      <div className="table-frame">
        <table className="table">
          <caption className="visually-hidden">{t('judgments.inputs')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('judgments.input')}</th>
              <th scope="col">{t('rules.from')}</th>
              <th scope="col">{t('rules.what')}</th>
              <th scope="col">{t('rules.kind')}</th>
              <th scope="col">{t('rules.max_age')}</th>
              <th scope="col" aria-label={t('rules.remove')} />
            </tr>
          </thead>
          <tbody>
            {form.inputs.map((input, index) => (
              <tr key={input.row}>
                <td>
                  <Cell
                    label={t('judgments.input')}
                    at={`inputs.${index}.name`}
                    value={input.name}
                    onChange={(event) => change(input.row, { name: event.target.value })}
                  />
                </td>
                <td>
                  <CellSelect
                    label={t('rules.from')}
                    value={input.from}
                    options={sourcesOf(form).map((value) => ({ value, label: t(`source.${value}`) }))}
                    onChange={(from) =>
                      change(input.row, {
                        from,
                        ...(from === 'previous_status' ? { kind: 'text', maxAgeS: '' } : {}),
                        ...(from === 'window' ? { kind: 'number' } : from === 'chart' ? { kind: 'integer' } : {}),
                        ...(from !== 'previous_status' && input.maxAgeS === ''
                          ? { maxAgeS: from === 'mes' ? '3600' : '60' }
                          : {}),
                      })
                    }
                  />
                </td>
                <td>
                  {input.from === 'tag' ? (
                    <Cell
                      label={t('rules.sensor')}
                      at={`inputs.${index}.sensor`}
                      value={input.sensor}
                      onChange={(event) => change(input.row, { sensor: event.target.value })}
                    />
                  ) : input.from === 'mes' ? (
                    <CellSelect
                      label={t('rules.mes_field')}
                      value={input.field}
                      options={mesFields.map((value) => ({ value, label: t(`mes.${value}`) }))}
                      onChange={(field) => change(input.row, { field })}
                    />
                  ) : input.from === 'window' ? (
                    <WindowFields
                      input={input}
                      at={`inputs.${index}`}
                      onChange={(changed) => change(input.row, changed)}
                    />
                  ) : input.from === 'chart' ? (
                    <ChartFields
                      input={input}
                      at={`inputs.${index}`}
                      onChange={(changed) => change(input.row, changed)}
                    />
                  ) : null}
                </td>
                <td>
                  {input.from === 'previous_status' || input.from === 'window' || input.from === 'chart' ? (
                    t(`kind.${input.kind}`)
                  ) : (
                    <CellSelect
                      label={t('rules.kind')}
                      value={input.kind}
                      options={inputKinds.map((value) => ({ value, label: t(`kind.${value}`) }))}
                      onChange={(kind) => change(input.row, { kind })}
                    />
                  )}
                </td>
                <td>
                  {input.from === 'previous_status' ? null : (
                    <Cell
                      label={t('rules.max_age')}
                      at={`inputs.${index}.max_age_s`}
                      inputMode="decimal"
                      value={input.maxAgeS}
                      onChange={(event) => change(input.row, { maxAgeS: event.target.value })}
                    />
                  )}
                </td>
                <td>
                  <RemoveButton
                    what={input.name}
                    onClick={() => onChange({ inputs: withoutRow(form.inputs, input.row) })}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <AddButton
        label={t('rules.add_input')}
        onClick={() =>
          onChange({
            inputs: [
              ...form.inputs,
              {
                row: nextRow(form.inputs),
                name: '',
                from: 'tag',
                kind: 'number',
                sensor: '',
                field: 'production_count',
                maxAgeS: '60',
                window: newWindowForm,
                chart: newChartForm,
              },
            ],
          })
        }
      />
    </>
  )
}
