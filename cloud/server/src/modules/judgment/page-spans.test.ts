import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pageSpans } from './page-spans.ts'

const nowMs = Date.UTC(2026, 10, 21)
const instant = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) })
const said = (spans: ReturnType<typeof pageSpans>) =>
  spans.map(({ fromMs }) => (fromMs === null ? 'ever' : new Date(fromMs).toISOString().slice(0, 10)))

describe('spans of a page', () => {
  it('begin with the newest months and what lies ahead, then take more and more', () => {
    const spans = pageSpans({ newestMs: nowMs, fromMs: null, nowMs })
    expect(spans[0]?.toMs).toBeNull()
    expect(said(spans)).toEqual(['2026-08-01', '2026-04-01', '2025-08-01', 'ever'])
  })

  it('begin in the month of an old cursor', () => {
    expect(said(pageSpans({ newestMs: Date.UTC(2025, 4, 9), fromMs: null, nowMs }))).toEqual([
      '2025-05-01',
      '2025-01-01',
      '2024-05-01',
      'ever',
    ])
  })

  it('end with the oldest that is wanted', () => {
    expect(said(pageSpans({ newestMs: nowMs, fromMs: Date.UTC(2026, 9, 1), nowMs }))).toEqual(['2026-08-01'])
    expect(said(pageSpans({ newestMs: nowMs, fromMs: Date.UTC(2026, 6, 5), nowMs }))).toEqual([
      '2026-08-01',
      '2026-04-01',
    ])
  })

  it('hold each instant that is wanted in one of them, newer ones first', () => {
    fc.assert(
      fc.property(instant, fc.option(instant), instant, (newestMs, fromMs, atMs) => {
        const spans = pageSpans({ newestMs, fromMs, nowMs })
        for (const [index, span] of spans.entries())
          expect(span.toMs).toBe(index === 0 ? null : spans[index - 1]?.fromMs)
        const holding = spans.filter(
          (span) => (span.fromMs === null || atMs >= span.fromMs) && (span.toMs === null || atMs < span.toMs),
        )
        expect(holding.length).toBeLessThanOrEqual(1)
        if (fromMs === null || atMs >= fromMs) expect(holding).toHaveLength(1)
      }),
    )
  })
})
