import { describe, expect, test } from 'vitest'
import { uplinkLimits } from './limits.ts'
import { uplinkStatus } from './status.ts'
import { Bench, kinds, newsAt, pointAt, receiptAt } from './testing/bench.ts'

describe('a lane', () => {
  test('asks where the cloud stands before it sends anything', () => {
    const bench = new Bench(5, 100)
    expect(kinds(bench.give({ kind: 'wake' }))).toEqual(['ask_cursor'])
    expect(kinds(bench.cursor(0, 0))).toEqual(['read_batch records', 'read_batch readings'])
  })

  test('reads, sends, keeps the receipt, and rests when everything is receipted', () => {
    const bench = new Bench(5, 0)
    expect(bench.begin()).toMatchObject([{ kind: 'read_batch', lane: 'records', fromSeq: 1 }])
    expect(bench.read('records', 1, 5)).toMatchObject([{ kind: 'send', fromSeq: 1, toSeq: 5, drop: null }])
    expect(bench.receipt('records', 5)).toMatchObject([{ kind: 'store_receipt', receipt: { up_to_seq: 5 } }])
    expect(bench.state.lanes.records.state).toBe('idle')
    expect(bench.give({ kind: 'appended', lane: 'records', lastSeq: 6 })).toMatchObject([
      { kind: 'read_batch', fromSeq: 6 },
    ])
  })

  test('goes on behind the rows that the cloud has, though their receipt was lost', () => {
    const bench = new Bench(0, 100, 10)
    expect(bench.begin(0, 40)).toMatchObject([
      { kind: 'store_receipt', lane: 'readings', receipt: { up_to_seq: 40 } },
      { kind: 'read_batch', lane: 'readings', fromSeq: 41 },
    ])
  })

  test('goes back when a cloud restored from a backup has less, and takes its point over before anything is pruned', () => {
    const bench = new Bench(0, 100, 50)
    expect(bench.begin(0, 20)).toMatchObject([
      { kind: 'adopt_cursor', lane: 'readings', point: pointAt(20), receipt: { up_to_seq: 20 } },
      { kind: 'read_batch', fromSeq: 21 },
    ])
    const empty = new Bench(0, 100, 50)
    expect(empty.begin(0, 0)).toMatchObject([
      { kind: 'adopt_cursor', point: pointAt(0), receipt: null },
      { fromSeq: 1 },
    ])
  })

  test('tells the cloud which rows are gone and goes on behind them', () => {
    const bench = new Bench(0, 100)
    bench.begin()
    const { flight } = bench.state.lanes.readings
    expect(
      bench.give({ kind: 'range_gone', lane: 'readings', flight, fromSeq: 1, toSeq: 30, reason: 'space' }),
    ).toMatchObject([{ kind: 'send', fromSeq: 1, toSeq: 30, drop: 'space' }])
    expect(kinds(bench.receipt('readings', 30))).toEqual(['store_receipt readings', 'wake'])
    expect(bench.pass(uplinkLimits.gatherMs)).toMatchObject([{ kind: 'read_batch', fromSeq: 31 }])
  })

  test('on a gap asks for the cursor once at once, then with a growing pause', () => {
    const bench = new Bench(5, 0, 0)
    bench.begin()
    bench.read('records', 1, 5)
    expect(kinds(bench.refuse('records', { kind: 'gap', expected_seq: 3 }))).toEqual(['ask_cursor'])
    bench.cursor(0, 0)
    bench.read('records', 1, 5)
    expect(bench.refuse('records', { kind: 'gap', expected_seq: 3 })).toEqual([{ kind: 'wake', afterMs: 500 }])
    expect(kinds(bench.pass(499))).toEqual(['wake'])
    expect(kinds(bench.pass(1))).toEqual(['ask_cursor'])
  })

  test('after a broken connection asks whether the cloud has taken the batch, and never sends it blindly', () => {
    const bench = new Bench(5, 0)
    bench.begin()
    bench.read('records', 1, 5)
    expect(kinds(bench.cut('records'))).toEqual(['ask_cursor'])
    expect(kinds(bench.cursor(5, 0))).toEqual(['store_receipt records'])
  })

  test('passes over an answer to a flight that was given up', () => {
    const bench = new Bench(5, 0)
    bench.begin()
    bench.read('records', 1, 5)
    const late = bench.state.lanes.records.flight
    bench.cut('records')
    bench.cursor(0, 0)
    bench.read('records', 1, 5)
    expect(
      bench.give({
        kind: 'receipted',
        lane: 'records',
        flight: late,
        receipt: receiptAt('records', 5),
        judgement: 'verified',
      }),
    ).toEqual([])
    expect(bench.state.lanes.records.confirmed.seq).toBe(0)
  })

  test('keeps no receipt that is forged or shows other rows, and stops with a sentence', () => {
    for (const [judgement, words] of [
      ['forged', 'trusted keys'],
      ['diverged', 'different rows'],
    ] as const) {
      const bench = new Bench(5, 0)
      bench.begin()
      bench.read('records', 1, 5)
      expect(kinds(bench.receipt('records', 5, judgement))).toEqual(
        judgement === 'diverged' ? ['report_trouble records', 'note_doubt records'] : ['ask_cursor'],
      )
      if (judgement === 'forged') {
        const records = { ...newsAt('records', 5), judgement }
        const { flight } = bench.state.link
        const news = { records, readings: newsAt('readings', 0) }
        expect(bench.give({ kind: 'cursor_known', flight, lanes: news, troubles: [] })).toEqual([])
      }
      expect(uplinkStatus(bench.state).lanes[0]).toMatchObject({
        state: 'halted',
        receiptedSeq: 0,
        problem: expect.stringContaining(words),
      })
      expect(kinds(bench.pass(uplinkLimits.haltedRetryMs))).toEqual(['ask_cursor'])
    }
  })

  test('S4: asks for the cursor, which tells of new keys, before it takes a receipt for forged', () => {
    const bench = new Bench(5, 0)
    bench.begin()
    bench.read('records', 1, 5)
    expect(kinds(bench.receipt('records', 5, 'forged'))).toEqual(['ask_cursor'])
    expect(kinds(bench.cursor(5, 0))).toEqual(['store_receipt records'])
    expect(bench.state.lanes.records.state).toBe('idle')
  })

  test('stops when the cloud knows rows that this journal never had', () => {
    const bench = new Bench(0, 10)
    expect(kinds(bench.begin(0, 11))).toEqual(['report_trouble readings', 'note_doubt readings'])
    expect(bench.state.lanes.readings.problem).toEqual({ kind: 'cloud_ahead', cloudSeq: 11 })
  })

  test('stops when the cloud holds other rows than this journal behind the last receipt', () => {
    const bench = new Bench(0, 10)
    bench.give({ kind: 'wake' })
    const readings = { ...newsAt('readings', 5), judgement: 'diverged' as const }
    bench.give({ kind: 'cursor_known', flight: 1, lanes: { records: newsAt('records', 0), readings }, troubles: [] })
    expect(bench.state.lanes.readings).toMatchObject({ state: 'halted', problem: { kind: 'diverged', seq: 5 } })
  })

  test('takes over a point that a set-back cloud has reached in another way, with the same number', () => {
    const bench = new Bench(0, 20, 10)
    bench.give({ kind: 'wake' })
    const point = { seq: 10, count: 0, digest: '0'.repeat(16) }
    const receipt = { ...receiptAt('readings', 10), count_total: 0, digest: point.digest }
    const readings = { point, receipt, judgement: 'diverged' as const }
    expect(
      bench.give({ kind: 'cursor_known', flight: 1, lanes: { records: newsAt('records', 0), readings }, troubles: [] }),
    ).toMatchObject([
      { kind: 'adopt_cursor', point, receipt },
      { kind: 'read_batch', fromSeq: 11 },
    ])
  })

  test('knows the rows that a batch has shown before the news of their commit', () => {
    const bench = new Bench(0, 10)
    bench.begin()
    bench.read('readings', 1, 15)
    bench.give({ kind: 'appended', lane: 'readings', lastSeq: 12 })
    expect(kinds(bench.receipt('readings', 15))).toEqual(['store_receipt readings'])
    expect(bench.state.lanes.readings).toMatchObject({ state: 'idle', lastSeq: 15 })
  })

  test('believes no cursor without the receipt that proves it', () => {
    const bench = new Bench(0, 10)
    bench.give({ kind: 'wake' })
    bench.give({
      kind: 'cursor_known',
      flight: 1,
      lanes: { records: newsAt('records', 0), readings: { ...newsAt('readings', 5), receipt: null } },
      troubles: [],
    })
    expect(bench.state.lanes.readings.problem).toEqual({ kind: 'forged_receipt' })
  })

  test('stopped by a refusal that only a person can mend, tries again by itself every five minutes', () => {
    for (const refusal of [
      { kind: 'revoked' },
      { kind: 'unknown_edge' },
      { kind: 'wrong_epoch', current_epoch: 'e2' },
      { kind: 'protocol_version', upgrade: 'edge' },
      { kind: 'bad_signature' },
    ] as const) {
      const bench = new Bench(5, 0)
      bench.begin()
      bench.read('records', 1, 5)
      expect(bench.refuse('records', refusal)).toEqual([])
      expect(kinds(bench.pass(uplinkLimits.haltedRetryMs - 1))).toContain('ask_cursor')
      expect(bench.cursor(0, 0)).toEqual([])
      expect(uplinkStatus(bench.state).lanes[0]?.problem).toMatch(/\.$/)
      expect(bench.state.lanes.records.state).toBe('halted')
      expect(kinds(bench.pass(1))).toEqual(['ask_cursor'])
      expect(kinds(bench.cursor(0, 0))).toEqual(['read_batch records'])
    }
  })

  test('waits at least as long as a busy cloud asks for, and sends less afterwards', () => {
    const bench = new Bench(0, 100)
    bench.begin()
    bench.read('readings', 1, 100)
    expect(bench.refuse('readings', { kind: 'busy', retry_after_ms: 20_000 })).toEqual([
      { kind: 'wake', afterMs: 20_000 },
    ])
    expect(bench.pass(20_000)).toMatchObject([{ kind: 'read_batch', bytesMax: uplinkLimits.batchBytesAtFirst / 2 }])
  })

  test('waits between tries when the journal cannot be read', () => {
    const bench = new Bench(5, 0)
    bench.begin()
    expect(bench.give({ kind: 'read_failed', lane: 'records', flight: 1, cause: 'EIO' })).toEqual([
      { kind: 'wake', afterMs: 250 },
    ])
    expect(uplinkStatus(bench.state).lanes[0]?.problem).toContain('EIO')
    expect(kinds(bench.pass(250))).toEqual(['read_batch records'])
  })
})
