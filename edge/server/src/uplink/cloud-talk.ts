import {
  batchContentType,
  cursorPath,
  cursorSchema,
  isAtLeast,
  judgeReceipt,
  lanes,
  protocolVersion,
  receiptSchema,
  syncPaths,
  troubleReportSchema,
} from '@jidoka/sync-protocol'
import type {
  BatchSender,
  Cursor,
  Lane,
  LanePoint,
  Receipt,
  ReceiptJudgement,
  TroubleReport,
} from '@jidoka/sync-protocol'
import type { Failure } from '@jidoka/sync-engine'
import type { CloudLine } from './cloud-line.ts'
import type { EdgeIdentity } from './identity.ts'
import { cloudLineLimits } from './limits.ts'

export interface CloudTalkOptions {
  readonly line: Pick<CloudLine, 'request'>
  readonly identity: Pick<EdgeIdentity, 'enrolled' | 'believe'>
  readonly epoch: () => string
}

export type Answer<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** The first versions whose cloud knows `base` and `start_seq` of a batch, trouble reports and ranges; and `waiting` of a batch. */
const troubleVersion = '1.2'
const waitingVersion = '1.3'

/** What the uplink says to the cloud and makes of its answers, by the version of the protocol that the cloud speaks. */
export class CloudTalk {
  readonly #options: CloudTalkOptions
  /** Of the last answer; null while it is not known. */
  #protocol: string | null = null
  /** It has refused a batch as malformed since it said its version. */
  #isVersionOpen = false

  constructor(options: CloudTalkOptions) {
    this.#options = options
  }

  /** Whether the cloud knows the members that came with 1.2. */
  get knowsTroubles(): boolean {
    return this.#protocol !== null && isAtLeast(this.#protocol, troubleVersion)
  }

  /** Whether a batch may say what waits beside it. */
  get knowsWaiting(): boolean {
    return this.#protocol !== null && isAtLeast(this.#protocol, waitingVersion)
  }

  async cursor(timeoutMs: number): Promise<Answer<Cursor>> {
    const { line, identity, epoch } = this.#options
    const answer = await line.request({ method: 'GET', path: cursorPath(epoch()), timeoutMs })
    if (answer.kind === 'failed') return answer
    const cursor = cursorSchema.safeParse(answer.json)
    if (!cursor.success) return strange
    this.#protocol = cursor.data.protocol
    this.#isVersionOpen = false
    // Before the receipts beside it are judged: a new key may have signed them.
    if (cursor.data.trust !== undefined) identity.believe(cursor.data.trust)
    return { kind: 'ok', value: cursor.data }
  }

  /**
   * Before a batch is made: a cloud that refused one as malformed may have been put back to an older version, which knows no new member, and is asked. Where it
   * does not answer its last word stands: a batch without its base would let rows of copies mix (S16).
   */
  async settleVersion(): Promise<void> {
    if (this.#isVersionOpen) await this.cursor(cloudLineLimits.reportTimeoutMs)
  }

  /** Head of a batch that builds upon a point. */
  sender(base: LanePoint, startSeq: number): BatchSender {
    const head = { edge_id: this.#edgeId(), epoch: this.#options.epoch() }
    return this.knowsTroubles ? { ...head, base, start_seq: startSeq } : head
  }

  async send(body: Uint8Array<ArrayBuffer>, timeoutMs: number): Promise<Answer<Receipt>> {
    const answer = await this.#options.line.request({
      method: 'POST',
      path: syncPaths.batches,
      body,
      contentType: batchContentType,
      timeoutMs,
    })
    if (answer.kind === 'failed') {
      const { failure } = answer
      if (failure.kind === 'refused' && failure.refusal.kind === 'malformed') this.#isVersionOpen = true
      return answer
    }
    const receipt = receiptSchema.safeParse(answer.json)
    return receipt.success ? { kind: 'ok', value: receipt.data } : strange
  }

  /** Tells of two histories. A cloud of before 1.2 has no ear for it, and is not asked. */
  async report(report: Omit<TroubleReport, 'protocol' | 'epoch'>): Promise<Answer<null>> {
    if (!this.knowsTroubles) return { kind: 'ok', value: null }
    const body = troubleReportSchema.parse({ protocol: protocolVersion, epoch: this.#options.epoch(), ...report })
    const answer = await this.#options.line.request({
      method: 'POST',
      path: syncPaths.troubles,
      body: Buffer.from(JSON.stringify(body)),
      contentType: 'application/json',
      timeoutMs: cloudLineLimits.reportTimeoutMs,
    })
    return answer.kind === 'failed' ? answer : { kind: 'ok', value: null }
  }

  /**
   * Holds a receipt against the trust list and against the point that is held here. One of a key that is not known is looked at again once the cloud was
   * asked for its keys: it may have been rotated a moment ago.
   */
  async judge(lane: Lane, receipt: Receipt, held: LanePoint | null): Promise<ReceiptJudgement> {
    const judge = () =>
      judgeReceipt(receipt, {
        edgeId: this.#edgeId(),
        epoch: this.#options.epoch(),
        lane,
        trustList: this.#keys(),
        held,
      })
    const judgement = judge()
    if (judgement !== 'forged' || this.#keys().some(({ key_id }) => key_id === receipt.key_id)) return judgement
    const cursor = await this.cursor(cloudLineLimits.reportTimeoutMs)
    return cursor.kind === 'ok' ? judge() : judgement
  }

  #edgeId(): string {
    return this.#enrolled().edge_id
  }

  #keys() {
    return this.#enrolled().receipt_keys
  }

  #enrolled() {
    const { enrolled } = this.#options.identity
    if (enrolled === null) throw new TypeError('an uplink runs on an appliance that is enrolled')
    return enrolled
  }
}

/** Something answered 200, but not as the cloud does. */
const strange = { kind: 'failed', failure: { kind: 'strange_answer', status: 200, retryAfterMs: null } } as const

/** The points that a cursor says, by lane. */
export const pointsOf = (cursor: Cursor): Record<Lane, LanePoint> => {
  const point = (lane: Lane): LanePoint => {
    const { next_seq, count_total, digest } = cursor.lanes[lane]
    return { seq: next_seq - 1, count: count_total, digest }
  }
  return Object.fromEntries(lanes.map((lane) => [lane, point(lane)])) as Record<Lane, LanePoint>
}
