import type { TagLimits } from '@jidoka/domain'
import { memo } from 'react'
import { barRange, limitValues, linear, placeAmongLimits, rangeOf } from '../charts/scale.ts'
import { useUiMessages } from '../context/ui-context.tsx'
import { useFormat } from '../context/use-format.ts'

/** `20.0–80.0`, `≤ 80.0`, `≥ 20.0`; '' without limits. */
export function useLimitText(): (limits: TagLimits, decimals: number) => string {
  const format = useFormat()
  return (limits, decimals) => {
    const low = limits.low === undefined ? null : format.number(limits.low, decimals)
    const high = limits.high === undefined ? null : format.number(limits.high, decimals)
    if (low !== null && high !== null) return `${low}–${high}`
    return high === null ? (low === null ? '' : `≥ ${low}`) : `≤ ${high}`
  }
}

/** Where the value stands between its limits: the band is normal, ticks are the limits; the marker changes shape and colour outside. */
export const LimitBar = memo(function LimitBar({
  value,
  limits,
  decimals,
  width = 112,
}: {
  value: number | null
  limits: TagLimits
  decimals: number
  width?: number
}) {
  const t = useUiMessages()
  const text = useLimitText()
  const bounds = limitValues(limits)
  const range = rangeOf(bounds)
  if (range === null) return null
  const height = 16
  const scale = linear(barRange(limits, range), 1, width - 1)
  const inside = (at: number) => Math.min(width - 5, Math.max(5, at))
  const from = limits.low === undefined ? 1 : scale(limits.low)
  const to = limits.high === undefined ? width - 1 : scale(limits.high)
  const place = value === null ? 'inside' : placeAmongLimits(value, limits)
  const label = `${t('limit.normal_range', { range: text(limits, decimals) })}${place === 'inside' ? '' : `, ${t(place === 'danger' ? 'limit.danger' : 'limit.outside')}`}`
  const at = value === null ? null : inside(scale(value))
  return (
    <svg
      className="limit-bar"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <rect className="limit-bar-ground" x={0.5} y={4.5} width={width - 1} height={7} />
      <rect className="chart-band" x={from} y={5} width={Math.max(0, to - from)} height={6} />
      {bounds.map((bound) => (
        <line className="chart-axis" key={bound} x1={scale(bound)} x2={scale(bound)} y1={2} y2={14} />
      ))}
      {at === null ? null : place === 'inside' ? (
        <rect className="limit-bar-mark" x={at - 1.5} y={1} width={3} height={14} />
      ) : (
        <path className={`limit-bar-${place}`} d={`M${at} 1l5.5 7-5.5 7-5.5-7z`} />
      )}
    </svg>
  )
})
