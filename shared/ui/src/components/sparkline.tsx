import type { TagLimits } from '@jidoka/domain'
import { memo } from 'react'
import { linePath } from '../charts/line-path.ts'
import { chartRange, linear, placeAmongLimits } from '../charts/scale.ts'

export interface SparklineProps {
  /** Oldest first. */
  readonly values: readonly number[]
  readonly limits: TagLimits
  readonly width?: number
  readonly height?: number
}

/** The last values over their normal band. It stands beside the value in words and figures, so that it is not read out. */
export const Sparkline = memo(function Sparkline({ values, limits, width = 112, height = 28 }: SparklineProps) {
  const range = chartRange(values, limits)
  if (range === null || values.length < 2)
    return <svg className="sparkline" width={width} height={height} aria-hidden />
  const x = linear({ least: 0, greatest: values.length - 1 }, 1, width - 5)
  const y = linear(range, height - 2, 2)
  const last = values.at(-1) ?? 0
  const bandTop = limits.high === undefined ? 0 : y(limits.high)
  const bandBottom = limits.low === undefined ? height : y(limits.low)
  const place = placeAmongLimits(last, limits)
  return (
    <svg className="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden>
      {limits.low === undefined && limits.high === undefined ? null : (
        <rect className="chart-band" x={0} y={bandTop} width={width} height={Math.max(0, bandBottom - bandTop)} />
      )}
      <path
        className="chart-line"
        d={linePath(
          values.map((_, index) => index),
          values,
          x,
          y,
        )}
      />
      <circle
        className={place === 'inside' ? 'chart-dot' : `chart-dot-${place}`}
        cx={x(values.length - 1)}
        cy={y(last)}
        r={place === 'inside' ? 2.2 : 3.5}
      />
    </svg>
  )
})
