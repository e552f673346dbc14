import type { TagLimits } from '@jidoka/domain'
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { gapOf, linePath, nearestIndex } from '../charts/line-path.ts'
import { chartRange, linear, niceTicks, placeAmongLimits, rangeOf, tickDecimals } from '../charts/scale.ts'
import { timeTicks } from '../charts/time-ticks.ts'
import { useUi, useUiMessages } from '../context/ui-context.tsx'
import { useFormat } from '../context/use-format.ts'

export interface TrendChartProps {
  readonly name: string
  readonly unit: string
  readonly decimals: number
  readonly limits: TagLimits
  /** Epoch milliseconds, ascending, and the values at them. */
  readonly timesMs: readonly number[]
  readonly values: readonly number[]
  /** What the time axis spans, whether or not there are points. */
  readonly fromMs: number
  readonly toMs: number
  readonly height?: number
}

const margin = { left: 64, right: 112, top: 12, bottom: 28 }
const dayMs = 86_400_000

function useWidth() {
  const frame = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(800)
  useEffect(() => {
    const element = frame.current
    if (!element) return undefined
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(240, Math.round(entry?.contentRect.width ?? 800))),
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [frame, width] as const
}

/** History of one tag over its limits, with a reading line that pointer and arrow keys move. */
export function TrendChart({
  name,
  unit,
  decimals,
  limits,
  timesMs,
  values,
  fromMs,
  toMs,
  height = 320,
}: TrendChartProps) {
  const [frame, width] = useWidth()
  const [chosen, setChosen] = useState<number | null>(null)
  const { timeZone } = useUi()
  const format = useFormat()
  const t = useUiMessages()

  const drawing = useMemo(() => {
    const range = chartRange(values, limits)
    if (range === null || timesMs.length === 0) return null
    const x = linear({ least: fromMs, greatest: toMs }, margin.left, width - margin.right)
    const y = linear(range, height - margin.bottom, margin.top)
    const valueTicks = niceTicks(range, Math.max(2, Math.floor(height / 60)))
    return {
      range,
      x,
      y,
      valueTicks,
      path: linePath(timesMs, values, x, y, gapOf(timesMs)),
      times: timeTicks(fromMs, toMs, Math.floor(width / 110), timeZone),
    }
  }, [values, timesMs, limits, fromMs, toMs, width, height, timeZone])

  if (drawing === null) {
    return (
      <div className="trend" ref={frame}>
        <p className="empty">{t('chart.no_points')}</p>
      </div>
    )
  }

  const { range, x, y, valueTicks } = drawing
  const index = chosen === null ? timesMs.length - 1 : Math.min(chosen, timesMs.length - 1)
  const [time, value] = [timesMs[index] ?? toMs, values[index] ?? 0]
  const inRange = (limit: number | undefined): limit is number =>
    limit !== undefined && limit >= range.least && limit <= range.greatest
  const extremes = rangeOf(values) ?? range
  const summary = t('chart.summary', {
    name,
    count: timesMs.length,
    least: format.number(extremes.least, decimals),
    greatest: format.number(extremes.greatest, decimals),
    last: format.number(values.at(-1) ?? 0, decimals),
    unit,
  })

  const point = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const share = (event.clientX - box.left - margin.left) / (box.width - margin.left - margin.right)
    setChosen(nearestIndex(timesMs, fromMs + share * (toMs - fromMs)))
  }
  const move = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      PageUp: -20,
      PageDown: 20,
      Home: -timesMs.length,
      End: timesMs.length,
    }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    setChosen(Math.max(0, Math.min(timesMs.length - 1, index + step)))
  }

  return (
    <div className="trend" ref={frame}>
      <div className="trend-readout">
        <strong>
          {format.number(value, decimals)} {unit}
        </strong>
        <span className="second">{format.instant(time, 'dateSecond')}</span>
        {placeAmongLimits(value, limits) === 'inside' ? null : (
          <span>{t(placeAmongLimits(value, limits) === 'danger' ? 'limit.danger' : 'limit.outside')}</span>
        )}
      </div>
      {/* The reading line is moved by arrow keys, so the picture takes focus as a slider does; an <input> cannot hold a drawing. */}
      <svg
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
        role="slider"
        tabIndex={0}
        aria-label={`${summary}. ${t('chart.keys')}`}
        aria-valuemin={fromMs}
        aria-valuemax={toMs}
        aria-valuenow={time}
        aria-valuetext={`${format.instant(time, 'dateSecond')}, ${format.number(value, decimals)} ${unit}`}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setChosen(null)}
        onKeyDown={move}
      >
        {limits.low === undefined && limits.high === undefined ? null : (
          <rect
            className="chart-band"
            x={margin.left}
            width={width - margin.left - margin.right}
            y={inRange(limits.high) ? y(limits.high) : margin.top}
            height={Math.max(
              0,
              (inRange(limits.low) ? y(limits.low) : height - margin.bottom) -
                (inRange(limits.high) ? y(limits.high) : margin.top),
            )}
          />
        )}
        {valueTicks.map((tick) => (
          <g key={tick}>
            <line className="chart-grid" x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
            <text className="chart-text" x={margin.left - 8} y={y(tick) + 4} textAnchor="end">
              {format.number(tick, tickDecimals(valueTicks))}
            </text>
          </g>
        ))}
        {drawing.times.map((tick) => (
          <g key={tick}>
            <line className="chart-grid" x1={x(tick)} x2={x(tick)} y1={margin.top} y2={height - margin.bottom} />
            <text className="chart-text" x={x(tick)} y={height - 8} textAnchor="middle">
              {format.instant(tick, toMs - fromMs > 2 * dayMs ? 'shortDay' : 'minute')}
            </text>
          </g>
        ))}
        {(['low_low', 'low', 'high', 'high_high'] as const).map((bound) => {
          const limit = limits[bound]
          if (!inRange(limit)) return null
          return (
            <g key={bound}>
              <line
                className={`chart-limit${bound.includes('_') ? ' chart-limit-outer' : ''}`}
                x1={margin.left}
                x2={width - margin.right}
                y1={y(limit)}
                y2={y(limit)}
              />
              <text className="chart-text chart-text-strong" x={width - margin.right + 6} y={y(limit) + 4}>
                {t(`limit.${bound}`)} {format.number(limit, decimals)}
              </text>
            </g>
          )
        })}
        <line
          className="chart-axis"
          x1={margin.left}
          x2={width - margin.right}
          y1={height - margin.bottom}
          y2={height - margin.bottom}
        />
        <path className="chart-line" d={drawing.path} />
        <line className="chart-cursor" x1={x(time)} x2={x(time)} y1={margin.top} y2={height - margin.bottom} />
        <circle
          className={
            placeAmongLimits(value, limits) === 'inside' ? 'chart-dot' : `chart-dot-${placeAmongLimits(value, limits)}`
          }
          cx={x(time)}
          cy={y(value)}
          r={4}
        />
      </svg>
    </div>
  )
}
