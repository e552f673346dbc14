import type { ReceiptVerdict } from '@jidoka/contract'
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
import type { Lane, LanePoint, Receipt, ReceiptKey } from '@jidoka/sync-protocol'
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

export interface CheckedReceipt {
  readonly receipt: Receipt
  readonly verdict: ReceiptVerdict
}

export const isWrong: Readonly<Record<ReceiptVerdict, boolean>> = {
  rows_match: false,
  signed: false,
  other_rows: true,
  bad_signature: true,
  unknown_key: true,
}

/** Signatures alone. */
export function checkSignature(
  receipt: Receipt,
  keys: readonly ReceiptKey[],
): Exclude<ReceiptVerdict, 'rows_match' | 'other_rows'> {
  const { kind } = verifyReceipt(receipt, keys)
  return kind === 'ok' ? 'signed' : kind
}

type Rows = Pick<JournalReader, 'epoch' | 'startSeqs' | 'segments' | 'recordLines' | 'poisonFrom'>

/** Points that receipts have proven, from which the rows of the next are counted. */
export interface ProvenPoints {
  readonly epoch: string
  readonly points: Readonly<Record<Lane, LanePoint>>
}

/** Holds receipts against keys and, of the present epoch, against the rows from each to the next; of each lane the oldest first. */
export class ReceiptChecker {
  readonly #reader: Rows
  readonly #keys: readonly ReceiptKey[]
  readonly #rowsAtOnceMax: number
  readonly #epoch: string
  readonly #points: Record<Lane, LanePoint>

  /** @param rowsAtOnceMax rows that are counted for one receipt; beyond, its signature is all that is said of it */
  constructor(
    reader: Rows,
    keys: readonly ReceiptKey[],
    options: { readonly proven?: ProvenPoints | null; readonly rowsAtOnceMax?: number } = {},
  ) {
    const { proven = null, rowsAtOnceMax = Number.POSITIVE_INFINITY } = options
    this.#reader = reader
    this.#keys = keys
    this.#rowsAtOnceMax = rowsAtOnceMax
    this.#epoch = reader.epoch
    const starts = reader.startSeqs()
    this.#points =
      proven?.epoch === this.#epoch
        ? { ...proven.points }
        : { records: epochStart(starts.records), readings: epochStart(starts.readings) }
  }

  get proven(): ProvenPoints {
    return { epoch: this.#epoch, points: { ...this.#points } }
  }

  /** Takes a receipt whose signature holds for proven. */
  beginBehind(receipt: Receipt): void {
    if (receipt.epoch === this.#epoch) this.#points[receipt.lane] = pointOf(receipt)
  }

  check(receipt: Receipt): ReceiptVerdict {
    const verdict = checkSignature(receipt, this.#keys)
    const { lane } = receipt
    const point = pointOf(receipt)
    const from = this.#points[lane]
    if (verdict !== 'signed' || receipt.epoch !== this.#epoch || point.seq < from.seq) return verdict
    this.#points[lane] = point
    if (point.seq - from.seq > this.#rowsAtOnceMax) return verdict
    const held = pointAt(this.#reader, lane, from, point.seq)
    return held === null ? 'signed' : samePoint(held, point) ? 'rows_match' : 'other_rows'
  }
}
