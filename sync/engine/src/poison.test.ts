import { pointOf } from '@jidoka/sync-protocol'
import { describe, expect, test } from 'vitest'
import { uplinkLimits } from './limits.ts'
import { uplinkStatus } from './status.ts'
import { Bench, kinds, newsAt, receiptAt } from './testing/bench.ts'
import { startUplink } from './uplink.ts'

/* S17: a row that the cloud can never read does not block its lane for ever, and a cloud with a bug does not empty its edges. */

const malformed = { kind: 'malformed', detail: 'record 5: body' } as const
const minuteMs = 60_000

/** Refuses whatever the lane sends until it does something else than wait and read, or `untilMs` have passed. */
function refuseUntil(bench: Bench, untilMs: number): readonly string[] {
  const endMs = bench.nowMs + untilMs
  for (;;) {
    const { state, confirmed } = bench.state.lanes.records
    if (state === 'reading') bench.read('records', confirmed.seq + 1, confirmed.seq + 1)
    else if (state === 'sending') {
      const effects = kinds(bench.refuse('records', malformed)).filter((kind) => kind !== 'wake')
      if (effects.length > 0) return effects
    } else if (bench.nowMs >= endMs || state !== 'waiting') return []
    else bench.pass(Math.max(1, bench.state.lanes.records.waitUntilMs - bench.nowMs))
  }
}

const setAside = (bench: Bench) => {
  const { flight } = bench.state.lanes.records
  return bench.give({ kind: 'set_aside_done', lane: 'records', flight })
}

/** The cloud has taken the news of a dropped row, and holds no rows at all. */
const dropReceipted = (bench: Bench, seq: number) =>
  bench.give({
    kind: 'receipted',
    lane: 'records',
    flight: bench.state.lanes.records.flight,
    receipt: { ...receiptAt('records', seq), count_total: 0 },
    judgement: 'verified',
  })

describe('a batch that the cloud cannot read', () => {
  test('shrinks to the smallest in three tries, and then to single rows up to its end', () => {
    const bench = new Bench(9_000, 0)
    bench.begin()
    const asked: [number, boolean][] = []
    for (let tries = 0; tries < 4; tries++) {
      const { bytesMax } = bench.state.lanes.records
      bench.read('records', 1, 5_000, bytesMax)
      bench.refuse('records', malformed)
      for (const effect of bench.pass(minuteMs)) {
        if (effect.kind === 'read_batch' && effect.lane === 'records') asked.push([effect.bytesMax, effect.single])
      }
    }
    expect(asked).toEqual([
      [32 * 1024, false],
      [16 * 1024, false],
      [16 * 1024, true],
      [16 * 1024, true],
    ])
    bench.read('records', 1, 1)
    expect(bench.receipt('records', 1)).toContainEqual(expect.objectContaining({ kind: 'read_batch', single: true }))
    bench.read('records', 2, 5_000)
    expect(bench.receipt('records', 5_000)).toContainEqual(
      expect.objectContaining({ kind: 'read_batch', single: false }),
    )
  })

  test('keeps its row for an hour, then is set aside, told as dropped, and the lane goes on', () => {
    const bench = new Bench(9, 0)
    bench.begin()
    const startMs = bench.nowMs
    expect(refuseUntil(bench, 10 * uplinkLimits.poisonAfterMs)).toEqual(['set_aside records'])
    expect(bench.nowMs - startMs).toBeGreaterThanOrEqual(uplinkLimits.poisonAfterMs)
    expect(bench.nowMs - startMs).toBeLessThan(uplinkLimits.poisonAfterMs + 2 * uplinkLimits.haltedRetryMs)
    expect(bench.state.lanes.records.state).toBe('setting_aside')
    expect(setAside(bench)).toMatchObject([{ kind: 'send', fromSeq: 1, toSeq: 1, drop: 'poison' }])
    expect(bench.receipt('records', 1)).toContainEqual(expect.objectContaining({ kind: 'read_batch', fromSeq: 2 }))
  })

  test('is not set aside by tries alone, nor by time alone', () => {
    const bench = new Bench(9, 0)
    bench.begin()
    for (let tries = 0; tries < 5; tries++) {
      bench.read('records', 1, 1)
      bench.refuse('records', malformed)
      bench.give({ kind: 'poke' })
      bench.cursor(0, 0)
      bench.pass(minuteMs)
    }
    bench.nowMs += uplinkLimits.poisonAfterMs
    const late = new Bench(9, 0)
    late.begin()
    late.read('records', 1, 1)
    late.refuse('records', malformed)
    expect(late.pass(2 * uplinkLimits.poisonAfterMs)).toContainEqual(expect.objectContaining({ kind: 'read_batch' }))
    late.read('records', 1, 1)
    expect(kinds(late.refuse('records', malformed))).toEqual(['wake'])
  })

  test('begins its hour again when rows have got through in between', () => {
    const bench = new Bench(9, 0)
    bench.begin()
    expect(refuseUntil(bench, uplinkLimits.poisonAfterMs / 2)).toEqual([])
    bench.pass(2 * uplinkLimits.haltedRetryMs)
    bench.read('records', 1, 1)
    bench.receipt('records', 1)
    expect(bench.state.lanes.records.confirmed.seq).toBe(1)
    expect(refuseUntil(bench, uplinkLimits.poisonAfterMs / 2)).toEqual([])
  })

  test('a dropped range that the cloud cannot read is never set aside', () => {
    const bench = new Bench(9, 0)
    bench.begin()
    for (let tries = 0; tries < 30; tries++) {
      const { flight } = bench.state.lanes.records
      bench.give({ kind: 'range_gone', lane: 'records', flight, fromSeq: 1, toSeq: 3, reason: 'space' })
      expect(bench.state.lanes.records.state).toBe('sending')
      expect(kinds(bench.refuse('records', malformed))).not.toContain('set_aside records')
      bench.pass(uplinkLimits.poisonAfterMs)
    }
  })

  test('a cloud that refuses everything costs fifty rows a day, then the lane halts and says why', () => {
    const bench = new Bench(900, 0)
    bench.begin()
    let rows = 0
    while (refuseUntil(bench, 10 * uplinkLimits.poisonAfterMs).includes('set_aside records') && rows < 900) {
      setAside(bench)
      dropReceipted(bench, ++rows)
    }
    expect(bench.state.lanes.records.state).toBe('halted')
    expect(rows).toBe(uplinkLimits.poisonPerDayMax)
    expect(uplinkStatus(bench.state).lanes[0]?.problem).toContain('it is the cloud')
    // A day later one may go again.
    bench.pass(uplinkLimits.poisonDayMs)
    const receipt = { ...receiptAt('records', rows), count_total: 0 }
    const records = { ...newsAt('records', rows), point: pointOf(receipt), receipt }
    // The first answer is to a heartbeat from before.
    for (let answers = 0; answers < 2; answers++) {
      const { flight } = bench.state.link
      bench.give({ kind: 'cursor_known', flight, lanes: { records, readings: newsAt('readings', 0) }, troubles: [] })
    }
    expect(refuseUntil(bench, minuteMs)).toEqual(['set_aside records'])
  })

  test('rows that were set aside before a restart count', () => {
    const bench = new Bench(900, 0)
    bench.state = startUplink({
      lanes: {
        records: { ...bench.state.lanes.records, poisonToday: uplinkLimits.poisonPerDayMax },
        readings: bench.state.lanes.readings,
      },
    })
    bench.begin()
    expect(refuseUntil(bench, 10 * uplinkLimits.poisonAfterMs)).toEqual([])
    expect(bench.state.lanes.records).toMatchObject({ state: 'halted', problem: { kind: 'poison_limit', seq: 1 } })
  })

  test('whose bytes cannot be kept apart stays, and is tried again', () => {
    const bench = new Bench(9, 0)
    bench.begin()
    refuseUntil(bench, 10 * uplinkLimits.poisonAfterMs)
    const { flight } = bench.state.lanes.records
    bench.give({ kind: 'read_failed', lane: 'records', flight, cause: 'ENOSPC' })
    expect(bench.state.lanes.records).toMatchObject({ state: 'waiting', poison: { setAside: 0 } })
    expect(kinds(bench.pass(minuteMs))).toContain('read_batch records')
  })
})
