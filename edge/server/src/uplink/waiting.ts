import { waitingAgeMs } from '@jidoka/sync-protocol'
import type { Lane, Waiting } from '@jidoka/sync-protocol'
import type { JournalReader } from '../ports.ts'

/** Where each lane stands as its batch is asked for. */
export interface WaitingQuestion {
  readonly lanes: Readonly<Record<Lane, { readonly receiptedSeq: number; readonly lastSeq: number }>>
  readonly nowMs: number
}

/** What the cloud will not have of each lane once it has the batch that ends with `toSeq`. */
export function waitingBeside(
  reader: Pick<JournalReader, 'storedMs'>,
  { lanes, nowMs }: WaitingQuestion,
  batch: { readonly lane: Lane; readonly toSeq: number },
): Waiting {
  const of = (lane: Lane): Waiting[Lane] => {
    const { receiptedSeq, lastSeq } = lanes[lane]
    const behindSeq = lane === batch.lane ? Math.max(receiptedSeq, batch.toSeq) : receiptedSeq
    const rows = Math.max(0, lastSeq - behindSeq)
    const storedMs = rows === 0 ? null : reader.storedMs(lane, behindSeq + 1)
    return { rows, oldest_ms: storedMs === null ? null : waitingAgeMs(nowMs, storedMs) }
  }
  return { records: of('records'), readings: of('readings') }
}
