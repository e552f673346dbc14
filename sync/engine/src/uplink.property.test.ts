import { lanes } from '@jidoka/sync-protocol'
import type { Lane, Refusal } from '@jidoka/sync-protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { uplinkLimits } from './limits.ts'
import { newsAt, pointAt, receiptAt } from './testing/bench.ts'
import { startUplink, uplinkStep } from './uplink.ts'
import type { UplinkEffect, UplinkInput, UplinkState } from './uplink-types.ts'

/*
 * The engine against a world that is nothing but a stream of decisions: whatever the outcome of each effect, and in
 * whatever order they come back, late and doubled answers included. After every step the invariants of SPEC.md that one can see from
 * outside must hold. The cloud here is one number a lane; the simulation has a real one.
 */

const refusalArbitrary: fc.Arbitrary<Refusal> = fc.constantFrom(
  { kind: 'gap', expected_seq: 3 },
  { kind: 'busy', retry_after_ms: 700 },
  { kind: 'malformed', detail: 'x' },
  { kind: 'too_large', detail: 'x' },
  { kind: 'stale', skew_ms: 1 },
  { kind: 'replayed' },
  { kind: 'revoked' },
  { kind: 'digest' },
)

const choiceArbitrary = fc.record({
  action: fc.constantFrom('append', 'deliver', 'deliver', 'deliver', 'deliver', 'wake', 'late'),
  lane: fc.constantFrom(...lanes),
  pick: fc.nat(),
  rows: fc.integer({ min: 1, max: 40 }),
  outcome: fc.oneof(
    { weight: 5, arbitrary: fc.constant('ok' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'lost_after' as const,
        'lost_before' as const,
        'timeout' as const,
        'gone' as const,
        'unreadable' as const,
      ),
    },
    { weight: 1, arbitrary: refusalArbitrary },
  ),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  ms: fc.nat({ max: 90_000 }),
})
type Choice = typeof choiceArbitrary extends fc.Arbitrary<infer Value> ? Value : never

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

const unanswered: ReadonlySet<UplinkEffect['kind']> = new Set(['record_outage', 'report_trouble', 'note_doubt'])

class World {
  state: UplinkState = startUplink({
    lanes: { records: { confirmed: pointAt(0), lastSeq: 0 }, readings: { confirmed: pointAt(0), lastSeq: 0 } },
  })
  nowMs = 0
  wakeDueMs = Number.POSITIVE_INFINITY
  readonly cloud: Record<Lane, number> = { records: 0, readings: 0 }
  readonly last: Record<Lane, number> = { records: 0, readings: 0 }
  readonly stored: Record<Lane, number> = { records: 0, readings: 0 }
  pending: UplinkEffect[] = []
  readonly answered: UplinkInput[] = []

  give(input: UplinkInput, random: number): void {
    const { state, effects } = uplinkStep(this.state, input, { nowMs: this.nowMs, wallMs: this.nowMs, random })
    for (const name of lanes)
      must(state.lanes[name].confirmed.seq >= this.state.lanes[name].confirmed.seq, 'a confirmed point went back')
    this.state = state
    for (const effect of effects) {
      if (effect.kind === 'wake') this.wakeDueMs = this.nowMs + effect.afterMs
      else if (effect.kind === 'store_receipt') this.store(effect.lane, effect.receipt.up_to_seq)
      else if (!unanswered.has(effect.kind)) this.pending.push(effect)
    }
    for (const name of lanes) {
      const onTheLine = this.pending.filter(
        (effect) => (effect.kind === 'send' || effect.kind === 'read_batch') && effect.lane === name,
      )
      must(onTheLine.length <= 1, 'two batches of one lane are on the line')
      const { bytesMax } = state.lanes[name]
      must(
        bytesMax >= uplinkLimits.batchBytesMin && bytesMax <= uplinkLimits.batchBytesMax,
        'a batch size is out of bounds',
      )
    }
    must(this.pending.filter((effect) => effect.kind === 'ask_cursor').length <= 1, 'the cursor is asked for twice')
  }

  store(lane: Lane, seq: number): void {
    // A receipt is never kept for what the cloud does not hold, nor for less than before.
    must(seq <= this.cloud[lane] && seq > this.stored[lane], 'a receipt was kept for what it does not cover')
    this.stored[lane] = seq
  }

  wake(random: number): void {
    this.wakeDueMs = Number.POSITIVE_INFINITY
    this.give({ kind: 'wake' }, random)
  }

  append(lane: Lane, rows: number, random: number): void {
    this.last[lane] += rows
    this.give({ kind: 'appended', lane, lastSeq: this.last[lane] }, random)
  }

  deliver(effect: UplinkEffect, { outcome, rows, random }: Pick<Choice, 'outcome' | 'rows' | 'random'>): void {
    this.pending = this.pending.filter((each) => each !== effect)
    const input = this.answerTo(effect, outcome, rows)
    this.answered.push(input)
    this.give(input, random)
  }

  answerTo(effect: UplinkEffect, outcome: Choice['outcome'], rows: number): UplinkInput {
    const failed =
      outcome === 'timeout'
        ? ({ kind: 'timeout' } as const)
        : typeof outcome === 'object'
          ? ({ kind: 'refused', refusal: outcome } as const)
          : ({ kind: 'network', cause: 'cut' } as const)
    switch (effect.kind) {
      case 'ask_cursor':
        if (outcome !== 'ok' && outcome !== 'gone' && outcome !== 'unreadable')
          return { kind: 'cursor_failed', flight: effect.flight, failure: failed }
        return {
          kind: 'cursor_known',
          flight: effect.flight,
          lanes: { records: newsAt('records', this.cloud.records), readings: newsAt('readings', this.cloud.readings) },
          troubles: [],
        }
      case 'read_batch': {
        const { lane, flight, fromSeq } = effect
        const toSeq = Math.min(this.last[lane], fromSeq + rows - 1)
        if (outcome === 'unreadable') return { kind: 'read_failed', lane, flight, cause: 'EIO' }
        if (outcome === 'gone') return { kind: 'range_gone', lane, flight, fromSeq, toSeq, reason: 'space' }
        return { kind: 'batch_read', lane, flight, fromSeq, toSeq, bytes: rows * 1_000, single: toSeq === fromSeq }
      }
      case 'set_aside': {
        const { lane, flight } = effect
        if (outcome === 'unreadable') return { kind: 'read_failed', lane, flight, cause: 'ENOSPC' }
        return { kind: 'set_aside_done', lane, flight }
      }
      case 'send': {
        const { lane, flight } = effect
        // A send that would leave a hole is what must never happen.
        must(effect.fromSeq <= this.cloud[lane] + 1, 'a batch leaves a hole')
        if (outcome === 'ok' || outcome === 'lost_after' || outcome === 'timeout')
          this.cloud[lane] = Math.max(this.cloud[lane], effect.toSeq)
        if (outcome !== 'ok' && outcome !== 'gone' && outcome !== 'unreadable')
          return { kind: 'send_failed', lane, flight, failure: failed }
        this.cloud[lane] = Math.max(this.cloud[lane], effect.toSeq)
        return { kind: 'receipted', lane, flight, receipt: receiptAt(lane, this.cloud[lane]), judgement: 'verified' }
      }
      default:
        throw new Error(`nothing answers ${effect.kind}`)
    }
  }
}

test('whatever comes back, no batch leaves a hole, no receipt is kept that was not given, and every lane drains in the end', () => {
  fc.assert(
    fc.property(fc.array(choiceArbitrary, { maxLength: 120, size: 'max' }), (choices) => {
      const world = new World()
      world.wake(0)
      for (const choice of choices) {
        const { action, lane, pick, rows, random, ms } = choice
        const effect = world.pending[pick % Math.max(1, world.pending.length)]
        const late = world.answered[pick % Math.max(1, world.answered.length)]
        if (action === 'append') world.append(lane, rows, random)
        else if (action === 'deliver' && effect) world.deliver(effect, choice)
        else if (action === 'late' && late && late.kind !== 'appended') world.give(late, random)
        else if (action === 'wake') {
          world.nowMs += ms
          world.wake(random)
        }
      }
      // From here on everything works: what the engine asks for alone must bring it to rest.
      for (let step = 0; step < 2_000; step++) {
        const effect = world.pending[0]
        const atRest = lanes.every(
          (name) => world.stored[name] === world.last[name] && world.state.lanes[name].state === 'idle',
        )
        if (effect) world.deliver(effect, { outcome: 'ok', rows: 40, random: 0.5 })
        else if (!atRest && world.wakeDueMs < Number.POSITIVE_INFINITY) {
          world.nowMs = Math.max(world.nowMs, world.wakeDueMs)
          world.wake(0.5)
        } else break
      }
      expect(world.cloud).toEqual(world.last)
      expect(world.stored).toEqual(world.last)
      expect(lanes.map((name) => world.state.lanes[name].state)).toEqual(['idle', 'idle'])
    }),
    { numRuns: 500 },
  )
})
