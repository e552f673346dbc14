import { alarmPriorities } from '@jidoka/domain'
import { Field, PriorityMark, useUiMessages } from '@jidoka/ui'
import { useText } from '../../app/console-context.tsx'
import { Part } from '../../app/pane.tsx'
import { nextRow } from '../form.ts'
import { AddButton, Cell, CellSelect, RemoveButton } from './cell.tsx'
import { useProblemAt } from './problems.tsx'
import { withoutRow, withRow, type SectionProps } from './section-props.ts'

/** What follows from a verdict: which are normal, which raise an alarm, and how long it must stand. */
export function ReactionSection({ form, onChange }: SectionProps) {
  const t = useText()
  const ui = useUiMessages()
  const problem = useProblemAt()
  const number = (
    member: 'raiseAfterCount' | 'returnAfterCount' | 'coolDownS' | 'confidenceMin',
    label: string,
    at: string,
    unit?: string,
    hint?: string,
  ) => (
    <Field
      label={label}
      hint={hint}
      unit={unit}
      error={problem(at)}
      inputMode="decimal"
      className="field-control number"
      value={form[member]}
      onChange={(event) => onChange({ [member]: event.target.value })}
    />
  )
  return (
    <Part title={t('rules.reaction')}>
      <div className="field-row">
        {number('raiseAfterCount', t('rules.raise_after'), 'hysteresis.raise_after_count', t('rules.verdicts'))}
        {number('returnAfterCount', t('rules.return_after'), 'hysteresis.return_after_count', t('rules.verdicts'))}
        {number('coolDownS', t('rules.cool_down'), 'cool_down_s', t('rules.seconds'), t('rules.cool_down_hint'))}
        {number('confidenceMin', t('rules.confidence'), 'confidence_min', undefined, t('rules.confidence_hint'))}
        <Field
          label={t('rules.normal')}
          hint={t('rules.normal_hint')}
          error={problem('normal_statuses')}
          value={form.normalStatuses}
          onChange={(event) => onChange({ normalStatuses: event.target.value })}
        />
      </div>
      <table className="table table-narrow">
        <caption className="visually-hidden">{t('lines.alarms')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('judgments.status')}</th>
            <th scope="col">{t('rules.priority')}</th>
            <th scope="col" aria-label={t('rules.remove')} />
          </tr>
        </thead>
        <tbody>
          {form.alarms.map((alarm, index) => (
            <tr key={alarm.row}>
              <td>
                <Cell
                  label={t('judgments.status')}
                  at={`alarms.${index}.status`}
                  value={alarm.status}
                  onChange={(event) =>
                    onChange({ alarms: withRow(form.alarms, alarm.row, { status: event.target.value }) })
                  }
                />
              </td>
              <td>
                <span className="priority-cell">
                  <PriorityMark priority={alarm.priority} label={false} />
                  <CellSelect
                    label={t('rules.priority')}
                    value={alarm.priority}
                    options={alarmPriorities.map((value) => ({ value, label: ui(`priority.${value}`) }))}
                    onChange={(priority) => onChange({ alarms: withRow(form.alarms, alarm.row, { priority }) })}
                  />
                </span>
              </td>
              <td>
                <RemoveButton
                  what={alarm.status}
                  onClick={() => onChange({ alarms: withoutRow(form.alarms, alarm.row) })}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <AddButton
        label={t('rules.add_alarm')}
        onClick={() =>
          onChange({ alarms: [...form.alarms, { row: nextRow(form.alarms), status: '', priority: 'high' }] })
        }
      />
    </Part>
  )
}
