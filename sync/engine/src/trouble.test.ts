import { epochStart } from '@jidoka/sync-protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { uplinkLimits } from './limits.ts'
import { uplinkStatus } from './status.ts'
import { Bench, kinds, newsAt, receiptAt } from './testing/bench.ts'
import { startUplink } from './uplink.ts'
import type { Doubt } from './uplink-types.ts'

describe('S16: two histories', () => {
  test('are told once while a lane stands still over them, and again when it has moved in between', () => {
    const bench = new Bench(0, 10, 4)
    const told = [{ kind: 'ahead', lane: 'readings', seq: 11, since_ms: 1 }] as const
    expect(bench.begin(0, 11)).toEqual([
      {
        kind: 'report_trouble',
        lane: 'readings',
        trouble: 'ahead',
        seq: 11,
        held: bench.state.lanes.readings.confirmed,
      },
      { kind: 'note_doubt', lane: 'readings', doubt: { seesTwo: true, isToldOfTwo: false } },
    ])
    for (let round = 0; round < 3; round++) {
      bench.pass(uplinkLimits.haltedRetryMs)
      expect(kinds(bench.cursor(0, 11, told))).not.toContain('report_trouble readings')
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

  test('are told again to a cloud that was set back to before it heard of them', () => {
    const bench = new Bench(0, 10)
    bench.begin(0, 11)
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

describe('S20: a lane that has seen two histories', () => {
  const troubles = [{ kind: 'diverged', lane: 'readings', seq: 7, since_ms: 1 }] as const
  const others = (seq: number, judgement: 'unverifiable' | 'diverged') => ({
    records: newsAt('records', 0),
    readings: { ...newsAt('readings', seq), judgement },
  })
  /** Halted over a batch that the cloud has refused as different; the rows have all left once. */
  const halted = () => {
    const bench = new Bench(0, 20, 10)
    bench.begin(0, 10)
    bench.read('readings', 11, 20)
    bench.refuse('readings', { kind: 'digest' })
    return bench
  }
  const lookAgain = (bench: Bench) => bench.pass(uplinkLimits.haltedRetryMs)

  test('goes on with what its own rows verify, or with the point that it keeps', () => {
    for (const seq of [10, 15]) {
      const bench = halted()
      lookAgain(bench)
      expect(kinds(bench.cursor(0, seq))).toContain('read_batch readings')
      expect(bench.state.lanes.readings).toMatchObject({ problem: null, confirmed: { seq } })
    }
  })

  test('does not go on with rows that nobody here can compare, nor with a point behind its own', () => {
    for (const news of [others(15, 'unverifiable'), others(9, 'unverifiable'), others(10, 'diverged')]) {
      const bench = halted()
      const { point, receipt } = news.readings
      // Of the point that it keeps, no other form is it.
      const other = {
        ...news,
        readings: {
          ...news.readings,
          point: { ...point, count: 1 },
          receipt: receipt && { ...receipt, count_total: 1 },
        },
      }
      for (let round = 0; round < 3; round++) {
        lookAgain(bench)
        expect(kinds(bench.news(other)).filter((kind) => kind !== 'report_trouble readings')).toEqual([])
        expect(bench.state.lanes.readings).toMatchObject({ state: 'halted', confirmed: { seq: 10 } })
      }
    }
  })

  test('takes no receipt that a courier brought and nobody here can compare', () => {
    const bench = halted()
    const brought = { kind: 'receipt_brought', lane: 'readings', receipt: receiptAt('readings', 15) } as const
    expect(bench.give({ ...brought, judgement: 'unverifiable' })).toEqual([])
    expect(kinds(bench.give({ ...brought, judgement: 'verified' }))).toEqual(['store_receipt readings'])
  })

  test('hears of them from the cloud after a restart, until a person has settled them', () => {
    const bench = new Bench(0, 20, 10)
    bench.give({ kind: 'wake' })
    expect(kinds(bench.news(others(15, 'unverifiable'), troubles))).not.toContain('store_receipt readings')
    expect(bench.state.lanes.readings).toMatchObject({ state: 'halted', problem: { kind: 'diverged', seq: 15 } })
    const settled = new Bench(0, 20, 10)
    settled.give({ kind: 'wake' })
    expect(kinds(settled.news(others(15, 'unverifiable')))).toContain('store_receipt readings')
  })

  test('S20: knows of them after a restart, before any cursor, until it has moved or the cloud tells of none', () => {
    const bench = new Bench(0, 20, 10)
    bench.begin(0, 10)
    bench.read('readings', 11, 20)
    expect(bench.refuse('readings', { kind: 'digest' })).toContainEqual({
      kind: 'note_doubt',
      lane: 'readings',
      doubt: { seesTwo: true, isToldOfTwo: false },
    })
    const restarted = (doubt: Doubt) => {
      const { records, readings } = bench.state.lanes
      const next = new Bench()
      next.state = startUplink({ lanes: { records, readings: { confirmed: readings.confirmed, lastSeq: 20, doubt } } })
      next.give({ kind: 'wake' })
      return next
    }
    const brought = { kind: 'receipt_brought', lane: 'readings', receipt: receiptAt('readings', 15) } as const
    for (const doubt of [
      { seesTwo: true, isToldOfTwo: false },
      { seesTwo: false, isToldOfTwo: true },
    ]) {
      expect(restarted(doubt).give({ ...brought, judgement: 'unverifiable' })).toEqual([])
      expect(kinds(restarted(doubt).give({ ...brought, judgement: 'verified' }))).toContain('store_receipt readings')
      const agreed = restarted(doubt)
      expect(agreed.cursor(0, 10)).toContainEqual({
        kind: 'note_doubt',
        lane: 'readings',
        doubt: { seesTwo: false, isToldOfTwo: false },
      })
    }
    expect(
      kinds(restarted({ seesTwo: false, isToldOfTwo: false }).give({ ...brought, judgement: 'unverifiable' })),
    ).toEqual(['store_receipt readings'])
  })

  test('takes no answer to its own batch that nobody here can compare while the cloud tells of a trouble', () => {
    const bench = new Bench(0, 20, 10)
    bench.give({ kind: 'wake' })
    bench.cursor(0, 10, troubles)
    bench.read('readings', 11, 20)
    bench.receipt('readings', 20, 'unverifiable')
    expect(bench.state.lanes.readings).toMatchObject({ state: 'halted', confirmed: { seq: 10 } })
  })

  test('S20: whatever cursors come, in whatever order, no lane in doubt moves without proof', () => {
    const cursors = fc.array(
      fc.record({
        seq: fc.integer({ min: 0, max: 22 }),
        judgement: fc.constantFrom('verified' as const, 'unverifiable' as const, 'diverged' as const),
        isTold: fc.boolean(),
      }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(cursors, (answers) => {
        const bench = halted()
        for (const { seq, judgement, isTold } of answers) {
          if (bench.state.lanes.readings.state !== 'halted') return
          lookAgain(bench)
          const readings = { ...newsAt('readings', seq), judgement }
          bench.news({ records: newsAt('records', 0), readings }, isTold ? troubles : [])
          const isProof = seq === 10 || (seq > 10 && seq <= 20 && judgement === 'verified')
          expect(bench.state.lanes.readings.confirmed.seq).toBe(isProof ? seq : 10)
          expect(bench.state.lanes.readings.state === 'halted').toBe(!isProof)
        }
      }),
    )
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
    expect(kinds(bench.cursor(5, 0))).toEqual(['ask_cursor'])
    expect(kinds(bench.cursor(5, 0))).toEqual(['read_batch records'])
    expect(bench.state.lanes.records.confirmed.seq).toBe(5)
  })

  test('S12: makes the answer to a cursor question of before too old, which would look like that of a cloud that was set back', () => {
    const bench = new Bench(9, 0)
    bench.give({ kind: 'wake' })
    brought(bench, 5)
    expect(kinds(bench.cursor(0, 0))).toEqual(['ask_cursor'])
    expect(bench.state.lanes.records).toMatchObject({ state: 'resuming', confirmed: { seq: 5 } })
    expect(kinds(bench.cursor(5, 0))).toEqual(['read_batch records'])
  })

  test('changes nothing when it is older, of rows that are not here, or of other rows', () => {
    const bench = new Bench(9, 0, 4)
    bench.give({ kind: 'wake' })
    for (const effects of [brought(bench, 4), brought(bench, 10), brought(bench, 7, 'diverged')])
      expect(effects).toEqual([])
  })
})
