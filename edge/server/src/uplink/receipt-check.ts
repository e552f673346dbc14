import {
  edgeIdSchema,
  epochStart,
  pointOf,
  publicKeySchema,
  receiptKeySchema,
  receiptSchema,
  samePoint,
  verifyReceipt,
} from '@jidoka/sync-protocol'
import type { Lane, Receipt, ReceiptKey } from '@jidoka/sync-protocol'
import { z } from 'zod'
import type { JournalReader } from '../ports.ts'
import { pointAt } from './batch-builder.ts'

/** Receipts with the keys that signed them, for somebody who has nothing else. See docs/guides/offline.md. */
export const receiptFileSchema = z.strictObject({
  format: z.literal('jidoka-receipts-1'),
  edge_id: edgeIdSchema,
  tenant_id: z.string(),
  site_id: z.string(),
  /** Ed25519, raw, base64url. */
  keys: z.array(receiptKeySchema.extend({ public_key: publicKeySchema })).max(128),
  /** Oldest first. */
  receipts: z.array(receiptSchema).max(50_000),
})
export type ReceiptFile = z.infer<typeof receiptFileSchema>

/**
 * `rows_match`: signed, and the rows behind the receipt before it, counted anew from the journal, lead to the same digest. `signed`: the rows are not all
 * held any more, or of another epoch. `other_rows`: signed, and the journal holds other rows. `bad_signature`: changed after it was signed. `unknown_key`.
 */
export const receiptVerdicts = ['rows_match', 'signed', 'other_rows', 'bad_signature', 'unknown_key'] as const
export type ReceiptVerdict = (typeof receiptVerdicts)[number]

export interface CheckedReceipt {
  readonly receipt: Receipt
  readonly verdict: ReceiptVerdict
}

/** Signatures alone. */
export function checkSignature(
  receipt: Receipt,
  keys: readonly ReceiptKey[],
): Exclude<ReceiptVerdict, 'rows_match' | 'other_rows'> {
  const { kind } = verifyReceipt(receipt, keys)
  return kind === 'ok' ? 'signed' : kind
}

/**
 * Signatures, and of those of the present epoch the rows from each receipt to the next.
 * @param receipts of any lanes and epochs, the oldest first
 */
export function* checkReceipts(
  reader: Pick<JournalReader, 'epoch' | 'startSeqs' | 'segments' | 'recordLines' | 'poisonFrom'>,
  receipts: Iterable<Receipt>,
  keys: readonly ReceiptKey[],
): Generator<CheckedReceipt> {
  const { epoch } = reader
  const starts = reader.startSeqs()
  const from: Record<Lane, ReturnType<typeof epochStart>> = {
    records: epochStart(starts.records),
    readings: epochStart(starts.readings),
  }
  for (const receipt of receipts) {
    const verdict = checkSignature(receipt, keys)
    const { lane } = receipt
    const point = pointOf(receipt)
    if (verdict !== 'signed' || receipt.epoch !== epoch || point.seq < from[lane].seq) {
      yield { receipt, verdict }
      continue
    }
    const held = pointAt(reader, lane, from[lane], point.seq)
    from[lane] = point
    yield { receipt, verdict: held === null ? 'signed' : samePoint(held, point) ? 'rows_match' : 'other_rows' }
  }
}
