/**
 * Windows must never be told from their description, whatever comes in whatever order: late, repeated, all at one instant,
 * with a large offset, before and after a restart. The real ones are held against `NaiveSeries`, which keeps everything and
 * computes each figure anew, and against themselves filled in another way, to the last bit (I3).
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OrderedReadings } from './ordered-readings.ts'
import { Series } from './series.ts'
import type { SeriesNeed } from './series.ts'
import { NaiveSeries } from './test-naive-windows.ts'
import { WindowFigure } from './window-figure.ts'
import type { Figure, Span, WindowSpec } from './window-spec.ts'

const allKinds: SeriesNeed['kinds'] = new Set(['moments', 'extremes', 'trend', 'sums'])
const figures: readonly Figure[] = [
  { of: 'mean' },
  { of: 'min' },
  { of: 'max' },
  { of: 'range' },
  { of: 'stddev' },
  { of: 'sum' },
  { of: 'count' },
  { of: 'first' },
  { of: 'last' },
  { of: 'slope' },
  { of: 'rate' },
  { of: 'ewma', decay: { by: 'reading', factor: 0.8 } },
  { of: 'ewma', decay: { by: 'time', halfLifeMs: 3_000 } },
  { of: 'chart', centre: 0, sigma: 1, tests: 'nelson' },
]
const spans: readonly Span[] = [
  { by: 'time', ms: 5_000, isTumbling: false },
  { by: 'time', ms: 4_000, isTumbling: true },
  { by: 'count', count: 17, isTumbling: false },
  { by: 'count', count: 12, isTumbling: true },
]
const need: SeriesNeed = { kinds: allKinds, spanMs: 20_000, count: 60 }
const latenessMs = 2_000

const newSeries = (changes: Partial<SeriesNeed> = {}, readingsMax = 1_000_000) =>
  new Series(latenessMs, { ...need, ...changes }, { readings: 0, readingsMax })

const specsOf = (): WindowSpec[] =>
  spans.flatMap((span) =>
    figures.map((figure) => ({
      span: figure.of === 'chart' ? { by: 'count', count: 15, isTumbling: false } : span,
      figure,
      countMin: figure.of === 'stddev' || figure.of === 'slope' || figure.of === 'rate' ? 2 : 1,
      latenessMs,
    })),
  )

const figureOf = (series: Series, spec: WindowSpec): number | null => {
  const figure = new WindowFigure(series, spec)
  figure.update()
  return figure.problem === null ? figure.value : null
}

/** Steps between readings: mostly on, sometimes back, within and beyond the lateness, sometimes far on. */
const stepMs = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 900 }) },
  { weight: 3, arbitrary: fc.integer({ min: -2_600, max: 0 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5_000, max: 30_000 }) },
)
const readings = fc.array(fc.record({ stepMs, value: fc.integer({ min: -3, max: 3 }) }), {
  minLength: 1,
  maxLength: 150,
})
const startMs = Date.UTC(2026, 10, 21, 23, 59, 30)

function timed(steps: readonly { readonly stepMs: number; readonly value: number }[]) {
  let nowMs = startMs
  return steps.map(({ stepMs: step, value }) => {
    nowMs += Math.max(0, step)
    return { timeMs: step < 0 ? nowMs + step : nowMs, receivedMs: nowMs, value }
  })
}

describe('I3: a window', () => {
  test('says of any readings, late and repeated ones among them, what its description says', () => {
    const specs = specsOf()
    fc.assert(
      fc.property(readings, (steps) => {
        const [series, naive] = [newSeries(), new NaiveSeries(latenessMs)]
        for (const { timeMs, receivedMs, value } of timed(steps)) {
          const noted = series.note(timeMs, receivedMs, value, false)
          expect(noted === 'taken').toBe(naive.note(timeMs, receivedMs, value))
        }
        for (const spec of specs) {
          const [ours, theirs] = [figureOf(series, spec), naive.figure(spec)]
          if (ours === null || theirs === null) expect([spec, ours]).toEqual([spec, theirs])
          else if (Math.abs(ours - theirs) > 1e-9) expect.fail(`${JSON.stringify(spec)}: ${ours}, not ${theirs}`)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('has the same figure to the last bit when it is filled from a later beginning', () => {
    const specs = specsOf()
    fc.assert(
      fc.property(readings, readings, (before, since) => {
        const all = timed([...before, ...since])
        const lastMs = all.at(-1)?.receivedMs ?? 0
        const [whole, rebuilt] = [newSeries(), newSeries({ spanMs: 40_000, count: 200 })]
        for (const { timeMs, receivedMs, value } of all) whole.note(timeMs, receivedMs, value, false)
        for (const { timeMs, receivedMs, value } of all)
          if (receivedMs >= lastMs - 12_000) rebuilt.note(timeMs, receivedMs, value, false)
        for (const spec of specs) {
          // Count windows reach back a day, of which this test gives the second series only seconds.
          if (spec.span.by === 'count') continue
          expect([spec, figureOf(rebuilt, spec)]).toEqual([spec, figureOf(whole, spec)])
        }
      }),
      { numRuns: 300 },
    )
  })

  test('stays exact over 100,000 readings with a large offset, one in ten late', () => {
    const offset = 1e9
    const [series, naive] = [newSeries(), new NaiveSeries(latenessMs)]
    let state = 7
    const random = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff) / 0x8000_0000
    let nowMs = startMs
    const recent: (readonly [number, number, number])[] = []
    for (let index = 0; index < 100_000; index++) {
      nowMs += 1 + Math.floor(random() * 20)
      const timeMs = random() < 0.1 ? nowMs - Math.floor(random() * 1_900) : nowMs
      const value = offset + random() - 0.5
      series.note(timeMs, nowMs, value, false)
      recent.push([timeMs, nowMs, value])
    }
    for (const [timeMs, receivedMs, value] of recent.slice(-4_000)) naive.note(timeMs, receivedMs, value)
    const sliding = (figure: Figure): WindowSpec => ({ span: spans[0] as Span, figure, countMin: 2, latenessMs })
    const close = (figure: Figure, tolerance: number) =>
      expect(
        Math.abs((figureOf(series, sliding(figure)) ?? Number.NaN) - (naive.figure(sliding(figure)) ?? 0)),
      ).toBeLessThan(tolerance)
    // A double at 1e9 has steps of 1.2e-7.
    close({ of: 'mean' }, 5e-7)
    close({ of: 'stddev' }, 1e-7)
    close({ of: 'slope' }, 1e-7)
    close({ of: 'ewma', decay: { by: 'reading', factor: 0.9 } }, 5e-7)
    expect(figureOf(series, sliding({ of: 'stddev' }))).toBeCloseTo(Math.sqrt(1 / 12), 1)
    expect(figureOf(series, sliding({ of: 'count' }))).toBe(naive.figure(sliding({ of: 'count' })))
    expect(series.readings.size).toBeLessThan(4_000)
  })

  test('holds its readings in a tree that stays low, however they are ordered', () => {
    const rising = new OrderedReadings(new Set())
    const falling = new OrderedReadings(new Set())
    for (let index = 0; index < 20_000; index++) {
      rising.insert(index, 1, false)
      falling.insert(-index, 1, false)
    }
    // log2 of 20,000 is 14; a random treap's height is about three times that at most.
    expect(rising.height()).toBeLessThan(48)
    expect(falling.height()).toBeLessThan(48)
  })
})

describe('clocks and repeats', () => {
  const count: WindowSpec = {
    span: { by: 'time', ms: 60_000, isTumbling: false },
    figure: { of: 'count' },
    countMin: 1,
    latenessMs,
  }
  const mean: WindowSpec = { ...count, figure: { of: 'mean' } }

  test('a reading later than the lateness does not enter, one within it is put in its place', () => {
    const series = newSeries()
    series.note(10_000, 10_000, 1, false)
    expect(series.note(7_999, 10_001, 9, false)).toBe('late')
    expect(series.note(8_000, 10_002, 5, false)).toBe('taken')
    expect(figureOf(series, { ...count, figure: { of: 'first' } })).toBe(5)
    expect(figureOf(series, { ...count, figure: { of: 'last' } })).toBe(1)
  })

  test('a repeated reading counts once, another value of the same instant twice', () => {
    const series = newSeries()
    series.note(10_000, 10_000, 1, false)
    expect(series.note(10_000, 10_500, 1, false)).toBe('repeated')
    expect(series.note(10_000, 10_500, 2, false)).toBe('taken')
    expect(figureOf(series, count)).toBe(2)
  })

  test('a source whose clock is set an hour forward and back goes on with every reading', () => {
    const series = newSeries({ spanMs: 60_000 })
    for (let second = 0; second < 10; second++) series.note(second * 1_000, second * 1_000, 1, false)
    for (let second = 10; second < 20; second++) series.note(3_600_000 + second * 1_000, second * 1_000, 2, false)
    for (let second = 20; second < 30; second++) series.note(second * 1_000, second * 1_000, 3, false)
    expect(figureOf(series, count)).toBe(30)
    expect(figureOf(series, mean)).toBe(2)
    expect(series.newestMs).toBe(29_000)
  })

  test('a source whose clock is set back is late until it has caught up, and the window ages meanwhile', () => {
    const series = newSeries({ spanMs: 60_000 })
    series.note(100_000, 100_000, 1, false)
    expect(series.note(40_000, 101_000, 2, false)).toBe('late')
    expect(series.newestMs).toBe(100_000)
  })

  test('readings of uncertain quality make the figure uncertain for as long as they are in the window', () => {
    const series = newSeries({ spanMs: 60_000 })
    series.note(1_000, 1_000, 1, true)
    const figure = new WindowFigure(series, { ...mean, span: { by: 'count', count: 2, isTumbling: false } })
    figure.update()
    expect(figure.isUncertain).toBe(true)
    series.note(2_000, 2_000, 1, false)
    series.note(3_000, 3_000, 1, false)
    figure.update()
    expect(figure.isUncertain).toBe(false)
  })
})

describe('room', () => {
  const whole: WindowSpec = {
    span: { by: 'time', ms: 60_000, isTumbling: false },
    figure: { of: 'sum' },
    countMin: 1,
    latenessMs,
  }

  test('a window whose readings do not fit gives no figure, and one again when they do', () => {
    const series = newSeries({ spanMs: 60_000, count: 0 }, 500)
    for (let index = 0; index < 1_000; index++) series.note(index * 100, index * 100, 1, false)
    const figure = new WindowFigure(series, whole)
    figure.update()
    expect(figure.problem).toBe('incomplete')
    expect(series.readings.size).toBeLessThanOrEqual(500)
    expect(figureOf(series, { ...whole, span: { by: 'time', ms: 10_000, isTumbling: false } })).toBe(100)
    for (let index = 0; index < 120; index++) series.note(100_000 + index * 1_000, 100_000 + index * 1_000, 1, false)
    figure.update()
    expect([figure.problem, figure.value]).toEqual([null, 60])
  })

  test('readings that are no longer needed are let go of', () => {
    const budget = { readings: 0, readingsMax: 1_000_000 }
    const series = new Series(latenessMs, { kinds: allKinds, spanMs: 5_000, count: 0 }, budget)
    for (let index = 0; index < 100_000; index++) series.note(index * 10, index * 10, 1, false)
    expect(series.readings.size).toBeLessThan(1_000)
    expect(budget.readings).toBe(series.readings.size)
  })
})
