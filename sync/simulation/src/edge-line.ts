import type { CursorNews } from '@jidoka/sync-engine'
import { ClockOffset, isAtLeast, judgeReceipt, protocolVersion, signatureHeaders } from '@jidoka/sync-protocol'
import type {
  Cursor,
  Lane,
  LaneCursor,
  LanePoint,
  Receipt,
  ReceiptJudgement,
  ReceiptKey,
  Waiting as WaitingRows,
} from '@jidoka/sync-protocol'
import { encodeRead } from './batches.ts'
import type { Waiting } from './batches.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { ReadResult } from './journal.ts'
import type { Outcome, Request } from './network.ts'
import { isTrusted, standInKey, verifyStandIn } from './stand-in-keys.ts'

/** What a request is about, without who sends it. */
export type Asking<Kind extends Request['kind']> = Omit<
  Extract<Request, { kind: Kind }>,
  'edgeId' | 'index' | 'signedAtMs' | 'protocol'
>

/** An edge's end of the line: the time that it signs with, the keys that it believes, and what it knows of the cloud's version. */
export class EdgeLine {
  readonly #parts: EdgeParts
  /** On disk: it survives a start. */
  #believed: { version: number; keys: readonly ReceiptKey[] } = { version: 0, keys: [standInKey('k1')] }
  /** Speaks protocol 1.1. */
  isOld: boolean
  /** The cloud has refused a batch as malformed since it said its version. */
  #isVersionOpen = false
  #clock = new ClockOffset()
  #cloudProtocol = '1.0'

  constructor(parts: EdgeParts) {
    this.#parts = parts
    this.isOld = parts.plan.isOld
  }

  /** What was in memory only is gone. */
  restart(): void {
    this.#clock = new ClockOffset()
    this.#cloudProtocol = '1.0'
    this.#isVersionOpen = false
  }

  request<Kind extends Request['kind']>(
    request: Asking<Kind>,
    { wallMs, timeoutMs }: { readonly wallMs: number; readonly timeoutMs: number },
    done: (outcome: Outcome) => void,
  ): void {
    const { edgeId, index, network } = this.#parts
    const sender = {
      edgeId,
      index,
      signedAtMs: this.#clock.apply(wallMs),
      protocol: this.isOld ? '1.1' : protocolVersion,
    }
    network.request({ ...sender, ...request } as unknown as Request, timeoutMs, done)
  }

  /** The time of an answer that refuses as stale. */
  learnTime(outcome: Outcome, wallMs: number): void {
    if (outcome.kind !== 'failed' || outcome.cloudMs === null || this.#parts.bug === 'clock_not_learned') return
    const { failure, cloudMs } = outcome
    if (failure.kind === 'refused' && failure.refusal.kind === 'stale')
      this.#clock.learn(new Headers({ [signatureHeaders.time]: String(cloudMs) }), wallMs)
  }

  /** It may be a cloud that was put back to an older version, which knows no new member: it is asked before the next batch is made. */
  learnRefusal(outcome: Outcome): void {
    if (outcome.kind !== 'failed') return
    const { failure } = outcome
    if (failure.kind !== 'refused' || failure.refusal.kind !== 'malformed') return
    if (this.#parts.bug === 'base_left_out') this.#cloudProtocol = '1.0'
    else this.#isVersionOpen = true
  }

  /** Before a batch is made. Without an answer the cloud's last word stands. */
  settleVersion(ask: (done: (outcome: Outcome) => void) => void, then: () => void): void {
    if (!this.#isVersionOpen) return then()
    let isOver = false
    ask((outcome) => {
      if (outcome.kind === 'cursor') this.learnOf(outcome.cursor)
      // A time-out, and perhaps the answer behind it (S12).
      if (!isOver) then()
      isOver = true
    })
  }

  /** Before the receipts of a cursor are judged: its list of keys, when a key that is believed vouches for it. */
  learnOf({ protocol, trust }: Cursor): void {
    this.#cloudProtocol = protocol
    this.#isVersionOpen = false
    const { version, keys } = this.#believed
    if (trust === undefined || trust.version <= version || this.#parts.bug === 'trust_not_taken') return
    if (isTrusted(trust, keys)) this.#believed = { version: trust.version, keys: trust.receipt_keys }
  }

  /** What a cursor answer says of each lane. */
  newsOf(
    { lanes: cursors }: Cursor,
    judge: (lane: Lane, receipt: Receipt) => ReceiptJudgement,
  ): Record<Lane, CursorNews> {
    const news = (name: Lane, { next_seq, count_total, digest, receipt }: LaneCursor): CursorNews => ({
      point: { seq: next_seq - 1, count: count_total, digest },
      receipt,
      judgement: receipt === null ? 'verified' : judge(name, receipt),
    })
    return { records: news('records', cursors.records), readings: news('readings', cursors.readings) }
  }

  judge(
    receipt: Receipt,
    of: { readonly epoch: string; readonly lane: Lane; readonly held: LanePoint | null },
  ): ReceiptJudgement {
    const { edgeId, bug } = this.#parts
    const expected = { edgeId, ...of, trustList: this.#believed.keys }
    if (bug === 'signature_not_checked') return judgeReceipt(receipt, { ...expected, verify: () => ({ kind: 'ok' }) })
    const judgement = judgeReceipt(receipt, { ...expected, verify: verifyStandIn })
    return bug === 'signature_is_proof' && judgement === 'unverifiable' ? 'verified' : judgement
  }

  /** Courier files are of protocol 1.2 themselves: whoever reads one knows its members. What waits is told on the line alone. */
  encode(
    epoch: string,
    batch: Waiting,
    read: ReadResult | null,
    {
      isCourier = false,
      isRetry = false,
      waiting = null,
    }: { readonly isCourier?: boolean; readonly isRetry?: boolean; readonly waiting?: WaitingRows | null } = {},
  ): Uint8Array {
    const { edgeId, bug } = this.#parts
    const isNew = !this.isOld && (isCourier || isAtLeast(this.#cloudProtocol, '1.2'))
    const startSeq = bug === 'epoch_starts_at_one' ? 1 : batch.startSeq
    const more = isNew ? { start_seq: startSeq, base: batch.base } : {}
    const told = !this.isOld && waiting !== null && isAtLeast(this.#cloudProtocol, '1.3') ? { waiting } : {}
    return encodeRead({ edge_id: edgeId, epoch, ...more, ...told }, batch, read, bug === 'retry_drops_tail' && isRetry)
  }
}
