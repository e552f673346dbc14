import { windowStats } from '@jidoka/domain'
import type { ComponentProps, ReactNode } from 'react'
import { useText } from '../../app/console-context.tsx'
import type { InputForm } from '../form.ts'
import type { ChartForm, WindowForm } from '../window-form.ts'
import { Cell, CellSelect } from './cell.tsx'

interface Props {
  readonly input: InputForm
  /** The input's place in the form. */
  readonly at: string
  readonly onChange: (changed: Partial<InputForm>) => void
}

/** A field with its title above it: a row of the table has several, which its column cannot name. */
function Titled({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <div className="field-hint" aria-hidden>
        {title}
      </div>
      {children}
    </div>
  )
}

function TitledCell(props: ComponentProps<typeof Cell>) {
  return (
    <Titled title={props.label}>
      <Cell {...props} />
    </Titled>
  )
}

function TitledSelect<Value extends string>(props: ComponentProps<typeof CellSelect<Value>>) {
  return (
    <Titled title={props.label}>
      <CellSelect {...props} />
    </Titled>
  )
}

function SensorCell({ input, at, onChange }: Props) {
  const t = useText()
  return (
    <TitledCell
      label={t('rules.sensor')}
      at={`${at}.sensor`}
      value={input.sensor}
      placeholder={t('rules.own_sensor')}
      onChange={(event) => onChange({ sensor: event.target.value })}
    />
  )
}

/** What a window is of, how long it is, and which figure is made of it. */
export function WindowFields({ input, at, onChange }: Props) {
  const t = useText()
  const { window } = input
  const change = (changed: Partial<WindowForm>) => onChange({ window: { ...window, ...changed } })
  return (
    <div className="input-fields">
      <SensorCell input={input} at={at} onChange={onChange} />
      <TitledSelect
        label={t('rules.stat')}
        value={window.stat}
        options={windowStats.map((value) => ({ value, label: t(`stat.${value}`) }))}
        onChange={(stat) => change({ stat })}
      />
      <TitledCell
        label={t('rules.span')}
        at={window.by === 'time' ? `${at}.window.seconds` : `${at}.window.count`}
        inputMode="decimal"
        value={window.span}
        onChange={(event) => change({ span: event.target.value })}
      />
      <TitledSelect
        label={t('rules.span_by')}
        value={window.by}
        options={(['time', 'count'] as const).map((value) => ({ value, label: t(`span.${value}`) }))}
        onChange={(by) => change({ by })}
      />
      <TitledSelect
        label={t('rules.mode')}
        value={window.mode}
        options={(['sliding', 'tumbling'] as const).map((value) => ({ value, label: t(`mode.${value}`) }))}
        onChange={(mode) => change({ mode })}
      />
      {window.stat === 'ewma' ? (
        <>
          <TitledSelect
            label={t('rules.weight_by')}
            value={window.weightBy}
            options={(['alpha', 'half_life_s'] as const).map((value) => ({ value, label: t(`weight.${value}`) }))}
            onChange={(weightBy) => change({ weightBy })}
          />
          <TitledCell
            label={t(`weight.${window.weightBy}`)}
            at={`${at}.${window.weightBy}`}
            inputMode="decimal"
            value={window.weight}
            onChange={(event) => change({ weight: event.target.value })}
          />
        </>
      ) : null}
      <TitledCell
        label={t('rules.count_min')}
        at={`${at}.count_min`}
        inputMode="numeric"
        value={window.countMin}
        onChange={(event) => change({ countMin: event.target.value })}
      />
      <Lateness at={at} value={window.latenessS} onChange={(latenessS) => change({ latenessS })} />
    </div>
  )
}

/** What a control chart is of, and its centre and sigma: numbers or names of parameters. */
export function ChartFields({ input, at, onChange }: Props) {
  const t = useText()
  const { chart } = input
  const change = (changed: Partial<ChartForm>) => onChange({ chart: { ...chart, ...changed } })
  return (
    <div className="input-fields">
      <SensorCell input={input} at={at} onChange={onChange} />
      <TitledSelect
        label={t('rules.tests')}
        value={chart.tests}
        options={(['nelson', 'western_electric'] as const).map((value) => ({ value, label: t(`tests.${value}`) }))}
        onChange={(tests) => change({ tests })}
      />
      {(['centre', 'sigma'] as const).map((member) => (
        <TitledCell
          key={member}
          label={t(`rules.${member}`)}
          at={`${at}.${member}`}
          value={chart[member]}
          onChange={(event) => change({ [member]: event.target.value })}
        />
      ))}
      <Lateness at={at} value={chart.latenessS} onChange={(latenessS) => change({ latenessS })} />
    </div>
  )
}

function Lateness({ at, value, onChange }: { at: string; value: string; onChange: (value: string) => void }) {
  const t = useText()
  return (
    <TitledCell
      label={t('rules.lateness')}
      at={`${at}.lateness_s`}
      inputMode="decimal"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
