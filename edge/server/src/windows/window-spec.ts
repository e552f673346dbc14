import { readingsNeeded } from '@jidoka/domain'
import type { ChartInput, WindowInput, WindowStat } from '@jidoka/domain'
import { windowBankLimits } from './limits.ts'
import type { SummaryKind } from './ordered-readings.ts'

/** Which of a series' readings a figure is made of. */
export type Span =
  | { readonly by: 'time'; readonly ms: number; readonly isTumbling: boolean }
  | { readonly by: 'count'; readonly count: number; readonly isTumbling: boolean }

/** How the weights of an EWMA fall from the newest reading back. */
export type Decay =
  | { readonly by: 'reading'; readonly factor: number }
  | { readonly by: 'time'; readonly halfLifeMs: number }

export type Figure =
  | { readonly of: Exclude<WindowStat, 'ewma'> }
  | { readonly of: 'ewma'; readonly decay: Decay }
  | {
      readonly of: 'chart'
      readonly centre: number
      readonly sigma: number
      readonly tests: ChartInput['tests']
    }

/** A figure over a span of a sensor's readings: what rules share that ask for the same. */
export interface WindowSpec {
  readonly span: Span
  readonly figure: Figure
  readonly countMin: number
  readonly latenessMs: number
}

/** Readings back that a chart's tests look at: Nelson's seventh, fifteen in a row. */
export const chartReadings = 15

/** Of a resolved input: a chart's numbers are known. */
export function specOf(input: WindowInput | ChartInput): WindowSpec {
  const latenessMs = input.lateness_s * 1_000
  if (input.from === 'chart') {
    const { centre, sigma, tests } = input
    const number = (given: typeof centre) => (typeof given === 'number' ? given : Number.NaN)
    return {
      span: { by: 'count', count: chartReadings, isTumbling: false },
      figure: { of: 'chart', centre: number(centre), sigma: number(sigma), tests },
      countMin: 1,
      latenessMs,
    }
  }
  const { window, stat, alpha, half_life_s: halfLifeS } = input
  const isTumbling = input.mode === 'tumbling'
  return {
    span:
      window.by === 'time'
        ? { by: 'time', ms: window.seconds * 1_000, isTumbling }
        : { by: 'count', count: window.count, isTumbling },
    figure:
      stat === 'ewma'
        ? {
            of: 'ewma',
            decay:
              alpha === undefined
                ? { by: 'time', halfLifeMs: (halfLifeS ?? 1) * 1_000 }
                : { by: 'reading', factor: 1 - alpha },
          }
        : { of: stat },
    countMin: Math.max(input.count_min ?? 1, readingsNeeded(stat)),
    latenessMs,
  }
}

export const summaryKinds: Readonly<Record<Figure['of'], SummaryKind | null>> = {
  mean: 'sums',
  stddev: 'moments',
  min: 'extremes',
  max: 'extremes',
  range: 'extremes',
  sum: 'sums',
  slope: 'trend',
  count: null,
  first: null,
  last: null,
  rate: null,
  last_age: null,
  ewma: null,
  chart: null,
}

/** What a series must hold for a window, counted back from its newest reading. */
export function reachOf({ span, latenessMs }: WindowSpec): { readonly spanMs: number; readonly count: number } {
  if (span.by === 'time') return { spanMs: span.isTumbling ? 2 * span.ms + latenessMs : span.ms, count: 0 }
  // The last closed block, what is left of yesterday behind it, and the one that is open.
  return { spanMs: 0, count: span.isTumbling ? 3 * span.count : span.count }
}

/** How far back in the journal the readings of a window lie at most, when its newest one is fresh. */
export function lookBackMs(spec: WindowSpec): number {
  if (spec.span.by === 'time') return reachOf(spec).spanMs
  // Blocks are counted from midnight on, and the last closed one may be yesterday's.
  return windowBankLimits.countSpanMs * (spec.span.isTumbling ? 2 : 1) + spec.latenessMs
}
