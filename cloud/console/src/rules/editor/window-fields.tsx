import { windowStats } from '@jidoka/domain'
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

function SensorCell({ input, at, onChange }: Props) {
  const t = useText()
  return (
    <Cell
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
    <>
      <SensorCell input={input} at={at} onChange={onChange} />
      <CellSelect
        label={t('rules.stat')}
        value={window.stat}
        options={windowStats.map((value) => ({ value, label: t(`stat.${value}`) }))}
        onChange={(stat) => change({ stat })}
      />
      <Cell
        label={t('rules.span')}
        at={window.by === 'time' ? `${at}.window.seconds` : `${at}.window.count`}
        inputMode="decimal"
        value={window.span}
        onChange={(event) => change({ span: event.target.value })}
      />
      <CellSelect
        label={t('rules.span_by')}
        value={window.by}
        options={(['time', 'count'] as const).map((value) => ({ value, label: t(`span.${value}`) }))}
        onChange={(by) => change({ by })}
      />
      <CellSelect
        label={t('rules.mode')}
        value={window.mode}
        options={(['sliding', 'tumbling'] as const).map((value) => ({ value, label: t(`mode.${value}`) }))}
        onChange={(mode) => change({ mode })}
      />
      {window.stat === 'ewma' ? (
        <>
          <CellSelect
            label={t('rules.weight_by')}
            value={window.weightBy}
            options={(['alpha', 'half_life_s'] as const).map((value) => ({ value, label: t(`weight.${value}`) }))}
            onChange={(weightBy) => change({ weightBy })}
          />
          <Cell
            label={t(`weight.${window.weightBy}`)}
            at={`${at}.${window.weightBy}`}
            inputMode="decimal"
            value={window.weight}
            onChange={(event) => change({ weight: event.target.value })}
          />
        </>
      ) : null}
      <Cell
        label={t('rules.count_min')}
        at={`${at}.count_min`}
        inputMode="numeric"
        value={window.countMin}
        placeholder={t('rules.count_min')}
        onChange={(event) => change({ countMin: event.target.value })}
      />
      <Lateness at={at} value={window.latenessS} onChange={(latenessS) => change({ latenessS })} />
    </>
  )
}

/** What a control chart is of, and its centre and sigma: numbers or names of parameters. */
export function ChartFields({ input, at, onChange }: Props) {
  const t = useText()
  const { chart } = input
  const change = (changed: Partial<ChartForm>) => onChange({ chart: { ...chart, ...changed } })
  return (
    <>
      <SensorCell input={input} at={at} onChange={onChange} />
      <CellSelect
        label={t('rules.tests')}
        value={chart.tests}
        options={(['nelson', 'western_electric'] as const).map((value) => ({ value, label: t(`tests.${value}`) }))}
        onChange={(tests) => change({ tests })}
      />
      {(['centre', 'sigma'] as const).map((member) => (
        <Cell
          key={member}
          label={t(`rules.${member}`)}
          at={`${at}.${member}`}
          value={chart[member]}
          placeholder={t(`rules.${member}`)}
          onChange={(event) => change({ [member]: event.target.value })}
        />
      ))}
      <Lateness at={at} value={chart.latenessS} onChange={(latenessS) => change({ latenessS })} />
    </>
  )
}

function Lateness({ at, value, onChange }: { at: string; value: string; onChange: (value: string) => void }) {
  const t = useText()
  return (
    <label className="field-hint">
      {t('rules.lateness')}
      <Cell
        label={t('rules.lateness')}
        at={`${at}.lateness_s`}
        inputMode="decimal"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  )
}
