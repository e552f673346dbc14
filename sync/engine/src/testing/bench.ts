import { emptyDigest, protocolVersion } from '@jidoka/sync-protocol'
import type { Lane, LanePoint, Receipt, Refusal, Trouble } from '@jidoka/sync-protocol'
import { startUplink, uplinkStep } from '../uplink.ts'
import type { CursorNews, UplinkEffect, UplinkInput, UplinkState } from '../uplink-types.ts'

export const edgeId = '0193a1b2-0000-7000-8000-000000000001'
export const epoch = '0193a1b2-0000-7000-8000-0000000000e1'

/** A point whose digest follows from its number, as if the rows of a test were always the same. */
export const pointAt = (seq: number): LanePoint => ({
  seq,
  count: seq,
  digest: seq === 0 ? emptyDigest : seq.toString(16).padStart(16, '0'),
})

export const receiptAt = (lane: Lane, seq: number): Receipt => ({
  protocol: protocolVersion,
  edge_id: edgeId,
  epoch,
  lane,
  up_to_seq: seq,
  count_total: seq,
  digest: pointAt(seq).digest,
  received_at_ms: 0,
  key_id: 'k1',
  signature: 'A'.repeat(86),
})

export const newsAt = (lane: Lane, seq: number): CursorNews => ({
  point: pointAt(seq),
  receipt: seq === 0 ? null : receiptAt(lane, seq),
  judgement: 'verified',
})

/** An uplink under test with a clock that is turned by hand; `random` is 0, so that waits are half of their longest. */
export class Bench {
  state: UplinkState
  nowMs = 1_000_000
  wallMs = 1_790_000_000_000

  constructor(recordsLast = 0, readingsLast = 0, confirmed = 0) {
    this.state = startUplink({
      lanes: {
        records: { confirmed: pointAt(Math.min(confirmed, recordsLast)), lastSeq: recordsLast },
        readings: { confirmed: pointAt(Math.min(confirmed, readingsLast)), lastSeq: readingsLast },
      },
    })
  }

  give(input: UplinkInput): readonly UplinkEffect[] {
    const { state, effects } = uplinkStep(this.state, input, { nowMs: this.nowMs, wallMs: this.wallMs, random: 0 })
    this.state = state
    return effects.filter((effect) => effect.kind !== 'wake' || !this.#isHeartbeat(effect.afterMs))
  }

  /** The wish to wake for a heartbeat is always there beside the rest, and would be in every expectation. */
  #isHeartbeat(afterMs: number): boolean {
    const { link, lanes } = this.state
    return (
      link.state === 'settled' &&
      afterMs === link.waitUntilMs - this.nowMs &&
      Object.values(lanes).every(({ waitUntilMs }) => waitUntilMs !== link.waitUntilMs)
    )
  }

  pass(ms: number): readonly UplinkEffect[] {
    this.nowMs += ms
    this.wallMs += ms
    return this.give({ kind: 'wake' })
  }

  /** Start, with a cloud that stands here. */
  begin(records = 0, readings = 0): readonly UplinkEffect[] {
    this.give({ kind: 'wake' })
    return this.cursor(records, readings)
  }

  cursor(records: number, readings: number, troubles: readonly Trouble[] = []): readonly UplinkEffect[] {
    return this.news({ records: newsAt('records', records), readings: newsAt('readings', readings) }, troubles)
  }

  news(lanes: Readonly<Record<Lane, CursorNews>>, troubles: readonly Trouble[] = []): readonly UplinkEffect[] {
    return this.give({
      kind: 'cursor_known',
      flight: this.state.link.flight,
      lanes,
      troubles,
    })
  }

  read(lane: Lane, fromSeq: number, toSeq: number, bytes = 1_000): readonly UplinkEffect[] {
    const { flight } = this.state.lanes[lane]
    return this.give({ kind: 'batch_read', lane, flight, fromSeq, toSeq, bytes, single: fromSeq === toSeq })
  }

  receipt(lane: Lane, seq: number, judgement: CursorNews['judgement'] = 'verified'): readonly UplinkEffect[] {
    return this.give({
      kind: 'receipted',
      lane,
      flight: this.state.lanes[lane].flight,
      receipt: receiptAt(lane, seq),
      judgement,
    })
  }

  refuse(lane: Lane, refusal: Refusal): readonly UplinkEffect[] {
    return this.give({
      kind: 'send_failed',
      lane,
      flight: this.state.lanes[lane].flight,
      failure: { kind: 'refused', refusal },
    })
  }

  cut(lane: Lane): readonly UplinkEffect[] {
    return this.give({
      kind: 'send_failed',
      lane,
      flight: this.state.lanes[lane].flight,
      failure: { kind: 'network', cause: 'ECONNRESET' },
    })
  }
}

export const kinds = (effects: readonly UplinkEffect[]): string[] =>
  effects.map((effect) => ('lane' in effect ? `${effect.kind} ${effect.lane}` : effect.kind))
