import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextDueMs } from './schedule.ts'

const at = (text: string) => Date.parse(text)
const iso = (ms: number) => new Date(ms).toISOString()
/** As the next look after each run would find them. */
function dues(expression: string, zone: string, fromMs: number, untilMs: number, lateMs = 0): number[] {
  const found: number[] = []
  for (let ms = nextDueMs(expression, zone, fromMs); ms < untilMs; ms = nextDueMs(expression, zone, ms + lateMs))
    found.push(ms)
  return found
}

describe('schedules in a time zone', () => {
  it('a job at 03:00 runs at 03:00 of the wall clock on both days on which clocks change', () => {
    expect(dues('0 3 * * *', 'Europe/Berlin', at('2026-03-28T12:00Z'), at('2026-03-30T12:00Z')).map(iso)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T01:00:00.000Z',
    ])
    expect(dues('0 3 * * *', 'Europe/Berlin', at('2026-10-24T12:00Z'), at('2026-10-26T12:00Z')).map(iso)).toEqual([
      '2026-10-25T02:00:00.000Z',
      '2026-10-26T02:00:00.000Z',
    ])
  })

  it('a job at 02:30 of an hour that is left out runs when the clocks have gone forward, once', () => {
    expect(dues('30 2 * * *', 'Europe/Berlin', at('2026-03-28T12:00Z'), at('2026-03-30T12:00Z')).map(iso)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
  })

  it('a job at 02:30 of an hour that comes twice runs at the first, once, however late that is found out', () => {
    for (const lateMinutes of [0, 1, 45, 61])
      expect(
        dues('30 2 * * *', 'Europe/Berlin', at('2026-10-24T12:00Z'), at('2026-10-26T12:00Z'), lateMinutes * 60_000).map(
          iso,
        ),
      ).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'])
  })

  it('clocks that change by half an hour, and at midnight, leave no day out', () => {
    expect(dues('0 1 * * *', 'Australia/Lord_Howe', at('2026-04-03T12:00Z'), at('2026-04-06T00:00Z')).map(iso)).toEqual(
      ['2026-04-03T14:00:00.000Z', '2026-04-04T14:00:00.000Z', '2026-04-05T14:30:00.000Z'],
    )
    expect(dues('30 0 * * *', 'America/Santiago', at('2026-09-05T00:00Z'), at('2026-09-08T00:00Z')).map(iso)).toEqual([
      '2026-09-05T04:30:00.000Z',
      '2026-09-06T04:00:00.000Z',
      '2026-09-07T03:30:00.000Z',
    ])
  })

  it('what is no schedule of five fields, or never due, is refused', () => {
    for (const expression of ['', '* * * *', '0 0 3 * * *', '61 * * * *', 'tomorrow'])
      expect(() => nextDueMs(expression, 'Asia/Seoul', 0)).toThrow(/CronPattern/)
    expect(() => nextDueMs('0 0 30 2 *', 'Asia/Seoul', 0)).toThrow(/never due/)
  })

  it('a zone without changes keeps its distance', () => {
    expect(iso(nextDueMs('0 3 * * *', 'Asia/Seoul', at('2026-11-21T09:00Z')))).toBe('2026-11-21T18:00:00.000Z')
  })

  it(
    'what is daily is due once on each day of the calendar, in every zone, whenever it is asked',
    { timeout: 60_000 },
    () => {
      const zones = [
        'Europe/Berlin',
        'America/New_York',
        'America/Santiago',
        'Australia/Lord_Howe',
        'Asia/Seoul',
        'Africa/Cairo',
      ]
      fc.assert(
        fc.property(
          fc.constantFrom(...zones),
          fc.integer({ min: 0, max: 23 }),
          fc.integer({ min: 0, max: 59 }),
          fc.integer({ min: 0, max: 365 * 24 * 60 - 1 }),
          fc.integer({ min: 0, max: 3 * 3_600 }),
          (zone, hour, minute, fromMinutes, lateSeconds) => {
            const fromMs = Date.UTC(2026, 0, 1) + fromMinutes * 60_000
            const found = dues(
              `${minute} ${hour} * * *`,
              zone,
              fromMs,
              fromMs + 4 * 24 * 3_600_000,
              lateSeconds * 1_000,
            )
            const days = found.map((ms) =>
              new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short' }).format(ms),
            )
            expect(new Set(days).size).toBe(days.length)
            for (const [index, ms] of found.entries()) {
              if (index === 0) continue
              const hours = (ms - (found[index - 1] ?? 0)) / 3_600_000
              expect(hours).toBeGreaterThanOrEqual(22.5)
              expect(hours).toBeLessThanOrEqual(25.5)
            }
          },
        ),
        { numRuns: 150 },
      )
    },
  )
})
