import { Field, useUi } from '@jidoka/ui'
import { useText } from '../../app/console-context.tsx'
import { Part } from '../../app/pane.tsx'
import { nextRow, type ParameterForm } from '../form.ts'
import { AddButton, Cell, CellSelect, RemoveButton } from './cell.tsx'
import { useProblemAt } from './problems.tsx'
import { withoutRow, withRow, type SectionProps } from './section-props.ts'

/** The limits: what is changed most often stands first and needs no knowledge of the script. */
export function ParametersSection({ form, onChange }: SectionProps) {
  const t = useText()
  const { locale } = useUi()
  const problem = useProblemAt()
  const change = (row: number, changed: Partial<ParameterForm>) =>
    onChange({ parameters: withRow(form.parameters, row, changed) })
  const bounds = ({ min, max, unit }: ParameterForm) => {
    const of = unit === '' ? '' : ` ${unit}`
    if (min !== '' && max !== '') return t('rules.between', { min, max: `${max}${of}` })
    if (min !== '') return t('rules.at_least', { min: `${min}${of}` })
    return max === '' ? '' : t('rules.at_most', { max: `${max}${of}` })
  }
  return (
    <Part title={t('rules.parameters')}>
      {form.parameters.length === 0 ? <p className="second">{t('rules.no_parameters')}</p> : null}
      <div className="parameter-grid">
        {form.parameters.map((parameter, index) => {
          const label = (locale === 'ko' ? parameter.nameKo : parameter.nameEn) || parameter.key
          const hint = (
            <>
              <code>params.{parameter.key}</code>
              {parameter.kind === 'number' && bounds(parameter) !== '' ? ` · ${bounds(parameter)}` : null}
            </>
          )
          const error = problem(`parameters.${index}.value`)
          if (parameter.kind === 'boolean') {
            return (
              <label className="check" key={parameter.row}>
                <input
                  type="checkbox"
                  checked={parameter.value === 'true'}
                  onChange={(event) => change(parameter.row, { value: String(event.target.checked) })}
                />
                <span>{label}</span>
              </label>
            )
          }
          return (
            <Field
              key={parameter.row}
              label={label}
              hint={hint}
              error={error}
              unit={parameter.unit === '' ? undefined : parameter.unit}
              inputMode={parameter.kind === 'number' ? 'decimal' : 'text'}
              className={parameter.kind === 'number' ? 'field-control number' : 'field-control'}
              value={parameter.value}
              onChange={(event) => change(parameter.row, { value: event.target.value })}
            />
          )
        })}
      </div>
      <details className="define">
        <summary>{t('rules.define_parameters')}</summary>
        <div className="table-frame">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('rules.key')}</th>
                <th scope="col">{t('rules.name_ko')}</th>
                <th scope="col">{t('rules.name_en')}</th>
                <th scope="col">{t('rules.kind')}</th>
                <th scope="col">{t('rules.unit')}</th>
                <th scope="col">{t('rules.min')}</th>
                <th scope="col">{t('rules.max')}</th>
                <th scope="col" aria-label={t('rules.remove')} />
              </tr>
            </thead>
            <tbody>
              {form.parameters.map((parameter, index) => {
                const cell = (
                  member: 'key' | 'nameKo' | 'nameEn' | 'unit' | 'min' | 'max',
                  label: string,
                  at: string,
                ) => (
                  <Cell
                    label={label}
                    at={`parameters.${index}.${at}`}
                    value={parameter[member]}
                    onChange={(event) => change(parameter.row, { [member]: event.target.value })}
                  />
                )
                return (
                  <tr key={parameter.row}>
                    <td>{cell('key', t('rules.key'), 'key')}</td>
                    <td>{cell('nameKo', t('rules.name_ko'), 'name.ko')}</td>
                    <td>{cell('nameEn', t('rules.name_en'), 'name.en')}</td>
                    <td>
                      <CellSelect
                        label={t('rules.kind')}
                        value={parameter.kind}
                        options={(['number', 'text', 'boolean'] as const).map((value) => ({
                          value,
                          label: t(`kind.${value}`),
                        }))}
                        onChange={(kind) =>
                          change(parameter.row, { kind, ...(kind === 'boolean' ? { value: 'false' } : {}) })
                        }
                      />
                    </td>
                    <td>{cell('unit', t('rules.unit'), 'unit')}</td>
                    <td>{parameter.kind === 'number' ? cell('min', t('rules.min'), 'min') : null}</td>
                    <td>{parameter.kind === 'number' ? cell('max', t('rules.max'), 'max') : null}</td>
                    <td>
                      <RemoveButton
                        what={parameter.key}
                        onClick={() => onChange({ parameters: withoutRow(form.parameters, parameter.row) })}
                      />
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
        <AddButton
          label={t('rules.add_parameter')}
          onClick={() =>
            onChange({
              parameters: [
                ...form.parameters,
                {
                  row: nextRow(form.parameters),
                  key: '',
                  nameKo: '',
                  nameEn: '',
                  kind: 'number',
                  value: '0',
                  unit: '',
                  min: '',
                  max: '',
                },
              ],
            })
          }
        />
      </details>
    </Part>
  )
}
