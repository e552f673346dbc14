import { epochStart } from '@jidoka/sync-protocol'
import { describe, expect, test } from 'vitest'
import { uplinkLimits } from './limits.ts'
import { uplinkStatus } from './status.ts'
import { Bench, kinds, newsAt, receiptAt } from './testing/bench.ts'
import { startUplink } from './uplink.ts'

describe('S16: two histories', () => {
  test('are told once while a lane stands still over them, and again when it has moved in between', () => {
    const bench = new Bench(0, 10, 4)
    expect(bench.begin(0, 11)).toEqual([
      {
        kind: 'report_trouble',
        lane: 'readings',
        trouble: 'ahead',
        seq: 11,
        held: bench.state.lanes.readings.confirmed,
      },
    ])
    for (let round = 0; round < 3; round++) {
      bench.pass(uplinkLimits.haltedRetryMs)
      expect(kinds(bench.cursor(0, 11))).not.toContain('report_trouble readings')
    }
    bench.pass(uplinkLimits.haltedRetryMs)
    bench.cursor(0, 4)
    expect(bench.state.lanes.readings.problem).toBeNull()
    bench.read('readings', 5, 10)
    expect(kinds(bench.refuse('readings', { kind: 'digest' }))).toContain('report_trouble readings')
    expect(bench.state.lanes.readings).toMatchObject({ state: 'halted', problem: { kind: 'diverged', seq: 4 } })
  })

  test('are told again when the report did not arrive', () => {
    const bench = new Bench(0, 10)
    bench.begin(0, 11)
    bench.give({ kind: 'report_failed', lane: 'readings' })
    bench.pass(uplinkLimits.haltedRetryMs)
    expect(kinds(bench.cursor(0, 11))).toContain('report_trouble readings')
  })

  test('that the cloud tells of are shown with a sentence until it tells of none', () => {
    const bench = new Bench(0, 10)
    bench.give({ kind: 'wake' })
    const lanes = { records: newsAt('records', 0), readings: newsAt('readings', 0) }
    const trouble = { kind: 'diverged', lane: 'readings', seq: 7, since_ms: 1 } as const
    bench.give({ kind: 'cursor_known', flight: 1, lanes, troubles: [trouble] })
    expect(uplinkStatus(bench.state).troubles).toEqual([
      { ...trouble, sentence: expect.stringContaining('start a new epoch') },
    ])
    bench.pass(uplinkLimits.heartbeatMs)
    bench.cursor(0, 0)
    expect(uplinkStatus(bench.state).troubles).toEqual([])
  })
})

describe('S16: rows that are gone here', () => {
  const known = (sentSeq: number) => {
    const bench = new Bench(0, 20)
    const { records, readings } = bench.state.lanes
    bench.state = startUplink({ lanes: { records, readings: { ...readings, sentSeq } } })
    bench.give({ kind: 'wake' })
    const news = { ...newsAt('readings', 15), judgement: 'unverifiable' as const }
    bench.give({
      kind: 'cursor_known',
      flight: bench.state.link.flight,
      lanes: { records: newsAt('records', 0), readings: news },
      troubles: [],
    })
    return bench.state.lanes.readings
  }

  test('count as received where they had been sent, and as those of a copy where they never left', () => {
    expect(known(15).confirmed.seq).toBe(15)
    expect(known(14)).toMatchObject({ state: 'halted', problem: { kind: 'diverged', seq: 15 }, confirmed: { seq: 0 } })
  })
})

describe('S9: an epoch that goes on with the numbers of its journal', () => {
  const start = () =>
    startUplink({
      lanes: {
        records: { confirmed: epochStart(1), lastSeq: 0 },
        readings: { confirmed: epochStart(101), lastSeq: 120, startSeq: 101 },
      },
    })

  test('begins behind its first number with a cloud that does not know it yet', () => {
    const bench = new Bench()
    bench.state = start()
    expect(bench.begin(0, 0)).toMatchObject([{ kind: 'read_batch', lane: 'readings', fromSeq: 101 }])
    expect(bench.read('readings', 101, 120)).toMatchObject([{ kind: 'send', base: epochStart(101), startSeq: 101 }])
  })

  test('begins again when a cloud was set back to before it', () => {
    const bench = new Bench()
    bench.state = start()
    bench.begin(0, 0)
    bench.read('readings', 101, 120)
    bench.receipt('readings', 120)
    bench.pass(uplinkLimits.heartbeatMs)
    expect(bench.cursor(0, 0)).toMatchObject([
      { kind: 'adopt_cursor', point: epochStart(101), receipt: null },
      { kind: 'read_batch', fromSeq: 101 },
    ])
  })

  test('does not begin with a receipt of numbers before it', () => {
    expect(() =>
      startUplink({
        lanes: {
          records: { confirmed: epochStart(1), lastSeq: 0 },
          readings: { confirmed: epochStart(50), lastSeq: 120, startSeq: 101 },
        },
      }),
    ).toThrow('before this epoch')
  })
})

describe('a poke', () => {
  test('makes a halted lane and a waiting link ask at once, once a second at most', () => {
    const bench = new Bench(5, 0)
    bench.begin()
    bench.read('records', 1, 5)
    bench.refuse('records', { kind: 'revoked' })
    expect(bench.give({ kind: 'poke' })).toEqual([])
    bench.nowMs += uplinkLimits.pokeEveryMs
    expect(kinds(bench.give({ kind: 'poke' }))).toEqual(['ask_cursor'])
    bench.give({
      kind: 'cursor_failed',
      flight: bench.state.link.flight,
      failure: { kind: 'refused', refusal: { kind: 'revoked' } },
    })
    expect(kinds(bench.give({ kind: 'poke' }))).toEqual([])
    bench.nowMs += uplinkLimits.pokeEveryMs
    expect(kinds(bench.give({ kind: 'poke' }))).toEqual(['ask_cursor'])
    expect(kinds(bench.cursor(0, 0))).toEqual(['read_batch records'])
  })

  test('leaves a batch that is on the line alone', () => {
    const bench = new Bench(5, 5)
    bench.begin()
    bench.read('records', 1, 5)
    bench.read('readings', 1, 5)
    bench.nowMs += uplinkLimits.pokeEveryMs
    expect(kinds(bench.give({ kind: 'poke' }))).toEqual([])
  })

  test('makes an idle edge look at once, so that a revocation is seen before the next heartbeat', () => {
    const bench = new Bench()
    bench.begin()
    bench.nowMs += uplinkLimits.pokeEveryMs
    expect(kinds(bench.give({ kind: 'poke' }))).toEqual(['ask_cursor'])
  })
})

describe('a receipt that a courier brought', () => {
  const brought = (bench: Bench, seq: number, judgement: 'verified' | 'diverged' = 'verified') =>
    bench.give({ kind: 'receipt_brought', lane: 'records', receipt: receiptAt('records', seq), judgement })

  test('is kept while there is no line, and what it covers is not sent any more', () => {
    const bench = new Bench(9, 0)
    bench.give({ kind: 'wake' })
    expect(brought(bench, 5)).toMatchObject([{ kind: 'store_receipt', receipt: { up_to_seq: 5 } }])
    expect(kinds(bench.cursor(5, 0))).toEqual(['read_batch records'])
    expect(bench.state.lanes.records.confirmed.seq).toBe(5)
  })

  test('changes nothing when it is older, of rows that are not here, or of other rows', () => {
    const bench = new Bench(9, 0, 4)
    bench.give({ kind: 'wake' })
    for (const effects of [brought(bench, 4), brought(bench, 10), brought(bench, 7, 'diverged')])
      expect(effects).toEqual([])
  })
})
