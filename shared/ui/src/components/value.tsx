import type { Quality } from '@jidoka/domain'
import { useUiMessages } from '../context/ui-context.tsx'
import { useFormat } from '../context/use-format.ts'
import { noValue } from '../i18n/format.ts'

export interface ValueProps {
  readonly value: number | boolean | string | null
  readonly unit: string
  readonly decimals: number
  readonly quality?: Quality
  readonly stale?: boolean
}

/** A value with its unit: tabular, right-aligned. A stale one is struck through; one of doubtful quality says so. */
export function ValueWithUnit({ value, unit, decimals, quality = 'good', stale = false }: ValueProps) {
  const format = useFormat()
  const t = useUiMessages()
  const figure =
    value === null
      ? noValue
      : typeof value === 'number'
        ? format.number(value, decimals)
        : typeof value === 'boolean'
          ? value
            ? '1'
            : '0'
          : value
  const title = value === null ? t('value.none') : typeof value === 'string' ? value : null
  return (
    <span className={stale ? 'value value-stale' : 'value'}>
      {quality === 'good' ? null : <span className="second small">{t(`quality.${quality}`)}</span>}
      <span
        className={typeof value === 'string' ? 'value-figure value-text' : 'value-figure'}
        {...(title === null ? {} : { title })}
      >
        {figure}
      </span>
      <span className="value-unit">{unit}</span>
    </span>
  )
}
