import { describe, expect, test } from 'vitest'
import { uplinkLimits } from './limits.ts'
import { uplinkStatus } from './status.ts'
import { Bench, kinds } from './testing/bench.ts'

describe('the line', () => {
  const lost = { kind: 'network', cause: 'ENOTFOUND' } as const

  test('is asked with growing pauses while it is cut, never more than a quarter of a minute apart', () => {
    const bench = new Bench(5, 0)
    bench.give({ kind: 'wake' })
    const pauses: number[] = []
    for (let tries = 0; tries < 12; tries++) {
      const wake = bench
        .give({ kind: 'cursor_failed', flight: bench.state.link.flight, failure: lost })
        .find((effect) => effect.kind === 'wake')
      pauses.push(wake?.afterMs ?? 0)
      expect(kinds(bench.pass(wake?.afterMs ?? 0))).toContain('ask_cursor')
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, ...Array<number>(7).fill(7_500)])
  })

  test('asks again for a wake-up that came too early', () => {
    const bench = new Bench(5, 0)
    bench.give({ kind: 'wake' })
    bench.give({ kind: 'cursor_failed', flight: 1, failure: lost })
    expect(bench.pass(249)).toEqual([{ kind: 'wake', afterMs: 1 }])
    expect(kinds(bench.pass(1))).toEqual(['ask_cursor'])
  })

  test('a hiccup leaves no outage, ten seconds of silence open one, and the first answer closes it', () => {
    const bench = new Bench(5, 7)
    bench.give({ kind: 'wake' })
    bench.give({ kind: 'cursor_failed', flight: 1, failure: lost })
    expect(uplinkStatus(bench.state)).toMatchObject({
      online: false,
      offlineSinceMs: 1_790_000_000_000,
      cause: 'ENOTFOUND',
    })
    expect(kinds(bench.pass(5_000))).toEqual(['ask_cursor'])
    expect(kinds(bench.give({ kind: 'cursor_failed', flight: 2, failure: lost }))).not.toContain('record_outage')
    expect(bench.pass(5_000)).toContainEqual({
      kind: 'record_outage',
      fromMs: 1_790_000_000_000,
      toMs: null,
      cause: 'ENOTFOUND',
      rowsWaiting: 12,
      drained: null,
    })
    expect(kinds(bench.give({ kind: 'cursor_failed', flight: 3, failure: lost }))).not.toContain('record_outage')
    bench.wallMs -= 86_400_000
    bench.pass(10_000)
    expect(bench.cursor(0, 0)).toContainEqual({
      kind: 'record_outage',
      fromMs: 1_790_000_000_000,
      toMs: 1_790_000_020_000,
      cause: 'ENOTFOUND',
      rowsWaiting: 12,
      drained: null,
    })
    expect(uplinkStatus(bench.state)).toMatchObject({ online: true, offlineSinceMs: null })
  })

  test('a refusal is an answer: the line is up', () => {
    const bench = new Bench(5, 0)
    bench.begin()
    bench.read('records', 1, 5)
    bench.refuse('records', { kind: 'busy', retry_after_ms: 1_000 })
    expect(uplinkStatus(bench.state).online).toBe(true)
  })

  test('a clock that was refused as stale is tried again at once', () => {
    const bench = new Bench(5, 0)
    bench.give({ kind: 'wake' })
    const stale = { kind: 'refused', refusal: { kind: 'stale', skew_ms: 3_600_000 } } as const
    expect(bench.give({ kind: 'cursor_failed', flight: 1, failure: stale })).toEqual([{ kind: 'wake', afterMs: 0 }])
    expect(kinds(bench.pass(0))).toEqual(['ask_cursor'])
    expect(bench.give({ kind: 'cursor_failed', flight: 2, failure: stale })).toEqual([{ kind: 'wake', afterMs: 500 }])
  })
})

describe('a lane with nothing to send', () => {
  test('asks once a minute where the cloud stands, and sends again what a restored cloud has lost', () => {
    const bench = new Bench(5, 0, 5)
    bench.begin(5, 0)
    expect(kinds(bench.pass(uplinkLimits.heartbeatMs))).toEqual(['ask_cursor'])
    expect(bench.cursor(5, 0)).toEqual([])
    expect(kinds(bench.pass(uplinkLimits.heartbeatMs))).toEqual(['ask_cursor'])
    expect(kinds(bench.cursor(3, 0))).toEqual(['adopt_cursor records', 'read_batch records'])
  })

  test('takes no answer that was asked for before it has sent more', () => {
    const bench = new Bench(5, 0, 5)
    bench.begin(5, 0)
    bench.pass(uplinkLimits.heartbeatMs)
    bench.give({ kind: 'appended', lane: 'records', lastSeq: 6 })
    bench.read('records', 6, 6)
    bench.receipt('records', 6)
    expect(bench.cursor(5, 0)).toEqual([])
    expect(bench.state.lanes.records.confirmed.seq).toBe(6)
  })
})
