import { describe, expect, test } from 'vitest'
import { uplinkLimits } from './limits.ts'
import { uplinkStatus } from './status.ts'
import { Bench, kinds } from './testing/bench.ts'
import { startUplink } from './uplink.ts'

const lost = { kind: 'network', cause: 'ENOTFOUND' } as const

/** Cut for twenty seconds, from the first question on. */
function outage(bench: Bench): void {
  bench.give({ kind: 'wake' })
  bench.give({ kind: 'cursor_failed', flight: bench.state.link.flight, failure: lost })
  bench.pass(20_000)
}

const drained = (effects: ReturnType<Bench['give']>) =>
  effects.filter((effect) => effect.kind === 'record_outage' && effect.drained !== null)

describe('S13: the third record of an outage', () => {
  test('comes when everything that waited at its end is receipted, with what was dropped of it', () => {
    const bench = new Bench(5, 100)
    outage(bench)
    expect(drained(bench.cursor(0, 0))).toEqual([])
    bench.read('records', 1, 5)
    expect(drained(bench.receipt('records', 5))).toEqual([])
    // What comes after its end is not waited for.
    bench.give({ kind: 'appended', lane: 'records', lastSeq: 6 })
    const gone = () => {
      const { flight } = bench.state.lanes.readings
      bench.give({ kind: 'range_gone', lane: 'readings', flight, fromSeq: 1, toSeq: 30, reason: 'space' })
    }
    gone()
    // Sent again after a broken connection, it still counts once.
    bench.cut('readings')
    bench.cursor(5, 0)
    bench.pass(uplinkLimits.gatherMs)
    gone()
    bench.receipt('readings', 30)
    bench.wallMs -= 86_400_000
    bench.pass(uplinkLimits.gatherMs)
    bench.read('readings', 31, 100)
    expect(drained(bench.receipt('readings', 100))).toEqual([
      {
        kind: 'record_outage',
        fromMs: 1_790_000_000_000,
        toMs: 1_790_000_020_000,
        cause: 'ENOTFOUND',
        rowsWaiting: 105,
        drained: {
          atMs: 1_790_000_020_000 + 2 * uplinkLimits.gatherMs,
          dropped: { space: 30 },
          receipted: { records: 5, readings: 100 },
        },
      },
    ])
    expect(bench.state.draining).toEqual([])
  })

  test('of an outage before the restart comes too', () => {
    const bench = new Bench()
    const undrained = [{ fromMs: 1, toMs: 2, cause: 'ENOTFOUND', rowsWaiting: 5 }]
    const { records, readings } = new Bench(5, 0).state.lanes
    bench.state = startUplink({ lanes: { records, readings }, undrained })
    bench.begin()
    bench.read('records', 1, 5)
    expect(drained(bench.receipt('records', 5))).toMatchObject([
      { fromMs: 1, toMs: 2, drained: { atMs: bench.wallMs, dropped: {} } },
    ])
  })

  test('is not kept for more outages than the limit', () => {
    const bench = new Bench(0, 100)
    for (let round = 0; round < uplinkLimits.outagesDrainingMax + 5; round++) {
      bench.pass(uplinkLimits.heartbeatMs)
      bench.give({ kind: 'cursor_failed', flight: bench.state.link.flight, failure: lost })
      bench.pass(20_000)
      bench.cursor(0, 0)
      bench.read('readings', 1, 100)
      bench.cut('readings')
    }
    expect(bench.state.draining.length).toBe(uplinkLimits.outagesDrainingMax)
  })
})

test('a drain shows its rate over the last minute and what is left of it, and neither while it stands still', () => {
  const bench = new Bench(0, 10_000)
  bench.begin()
  const lane = () => uplinkStatus(bench.state).lanes[1]
  expect(lane()).toMatchObject({ rowsPerSecond: null, secondsLeft: null })
  for (let batch = 0; batch < 20; batch++) {
    bench.nowMs += 1_000
    bench.read('readings', batch * 100 + 1, batch * 100 + 100)
    bench.receipt('readings', batch * 100 + 100)
    if (bench.state.lanes.readings.state === 'gathering') bench.pass(1_000)
  }
  expect(lane()?.rowsWaiting).toBe(8_000)
  expect(lane()?.rowsPerSecond).toBeGreaterThan(40)
  expect(lane()?.rowsPerSecond).toBeLessThan(120)
  expect(lane()?.secondsLeft).toBe(Math.ceil(8_000 / (lane()?.rowsPerSecond ?? 1)))
  expect(kinds(bench.pass(uplinkLimits.progressMs * 2))).toBeDefined()
  expect(lane()).toMatchObject({ rowsPerSecond: null, secondsLeft: null })
})
