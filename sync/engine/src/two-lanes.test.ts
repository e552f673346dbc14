import { describe, expect, test } from 'vitest'
import { uplinkLimits } from './limits.ts'
import { Bench, kinds } from './testing/bench.ts'

describe('records and readings', () => {
  test('records leave at once while readings are on the line', () => {
    const bench = new Bench(0, 100_000)
    bench.begin()
    bench.read('readings', 1, 50_000)
    expect(kinds(bench.give({ kind: 'appended', lane: 'records', lastSeq: 1 }))).toEqual(['read_batch records'])
    expect(bench.read('records', 1, 1)).toMatchObject([{ kind: 'send', lane: 'records' }])
  })

  test('at most one batch of a lane is on the line', () => {
    const bench = new Bench(1, 0)
    bench.begin()
    bench.read('records', 1, 1)
    expect(bench.give({ kind: 'appended', lane: 'records', lastSeq: 2 })).toEqual([])
    expect(kinds(bench.receipt('records', 1))).toEqual(['store_receipt records', 'read_batch records'])
  })

  test('readings gather for a second, unless a full batch is there', () => {
    const bench = new Bench(0, 1)
    bench.begin()
    bench.read('readings', 1, 1)
    bench.receipt('readings', 1)
    expect(bench.give({ kind: 'appended', lane: 'readings', lastSeq: 500 })).toEqual([
      { kind: 'wake', afterMs: uplinkLimits.gatherMs },
    ])
    expect(bench.give({ kind: 'appended', lane: 'readings', lastSeq: 1_000 })).toEqual([])
    expect(kinds(bench.give({ kind: 'appended', lane: 'readings', lastSeq: 1 + uplinkLimits.gatherRowsMax }))).toEqual([
      'read_batch readings',
    ])
  })

  test('a trouble of one lane leaves the other alone', () => {
    const bench = new Bench(5, 100)
    bench.begin()
    bench.read('records', 1, 5)
    bench.read('readings', 1, 100)
    bench.refuse('records', { kind: 'malformed', detail: 'record 3' })
    expect(bench.state.lanes.records.state).toBe('waiting')
    expect(kinds(bench.receipt('readings', 100))).toEqual(['store_receipt readings'])
  })

  test('a lane that fails while the cursor is being asked for the other gets a newer answer', () => {
    const bench = new Bench(5, 100)
    bench.begin()
    bench.read('records', 1, 5)
    bench.read('readings', 1, 100)
    expect(kinds(bench.cut('records'))).toEqual(['ask_cursor'])
    expect(kinds(bench.cut('readings'))).toEqual([])
    expect(kinds(bench.cursor(5, 0))).toEqual(['store_receipt records', 'ask_cursor'])
    expect(kinds(bench.cursor(5, 100))).toEqual(['store_receipt readings'])
  })
})

describe('the size of a batch', () => {
  test('doubles after a fast answer to a full one, up to its limit', () => {
    const bench = new Bench(0, 1_000_000)
    bench.begin()
    for (let seq = 0; seq < 10; seq++) {
      bench.read('readings', seq + 1, seq + 1, bench.state.lanes.readings.bytesMax)
      bench.receipt('readings', seq + 1)
    }
    expect(bench.state.lanes.readings.bytesMax).toBe(uplinkLimits.batchBytesMax)
  })

  test('halves after a slow answer, down to its limit', () => {
    const bench = new Bench(0, 1_000_000)
    bench.begin()
    for (let seq = 0; seq < 10; seq++) {
      bench.read('readings', seq + 1, seq + 1, 1_000)
      bench.nowMs += uplinkLimits.answerSlowMs + 1
      bench.receipt('readings', seq + 1)
    }
    expect(bench.state.lanes.readings.bytesMax).toBe(uplinkLimits.batchBytesMin)
  })

  test('halves at once when it is too large for the cloud, and for a proxy before it', () => {
    const bench = new Bench(0, 100)
    bench.begin()
    bench.read('readings', 1, 100)
    expect(bench.refuse('readings', { kind: 'too_large', detail: '' })).toEqual([{ kind: 'wake', afterMs: 0 }])
    expect(bench.pass(1_000)).toMatchObject([{ bytesMax: uplinkLimits.batchBytesAtFirst / 2 }])
    bench.read('readings', 1, 100)
    bench.give({
      kind: 'send_failed',
      lane: 'readings',
      flight: bench.state.lanes.readings.flight,
      failure: { kind: 'strange_answer', status: 413, retryAfterMs: null },
    })
    expect(bench.state.lanes.readings.bytesMax).toBe(uplinkLimits.batchBytesAtFirst / 4)
  })
})
