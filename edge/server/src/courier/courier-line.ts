import type { Lane, Receipt, ReceiptJudgement } from '@jidoka/sync-protocol'
import type { Brought } from '../uplink/brought-receipts.ts'

/** What courier files tell the line while it runs, so that both ways count each row once. */
export interface CourierLine {
  /** Rows up to here leave in a file; noted on disk before. */
  exported(lane: Lane, toSeq: number): void
  bring(receipt: Receipt, judgement: ReceiptJudgement): Promise<Brought>
  /** Does what changes the desired state while the line brings nothing of it. */
  besideFollower<Value>(work: () => Promise<Value>): Promise<Value>
}
