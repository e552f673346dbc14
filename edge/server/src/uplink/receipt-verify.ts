import type { ReceiptVerdict } from '@jidoka/contract'
import type { ReceiptKey } from '@jidoka/sync-protocol'
import type { JournalReader, KeptReceipt } from '../ports.ts'
import { checkSignature, isWrong, ReceiptChecker } from './receipt-check.ts'
import type { ProvenPoints } from './receipt-check.ts'

type Source = Pick<
  JournalReader,
  'epoch' | 'startSeqs' | 'segments' | 'recordLines' | 'poisonFrom' | 'receiptHistory' | 'receiptsAfter'
>

const verifyLimits = {
  /** Two million readings are decoded in a second or two: more lies between two receipts only where those between were not kept. */
  rowsAtOnceMax: 2_000_000,
  /** Receipts before one that are looked through for one that is signed. */
  beforeMax: 100,
  /** An answer comes so often, that a verification can be stopped and be seen to get on. */
  timeMsMax: 500,
  receiptsMax: 1_000,
} as const

/** One receipt, with the rows behind the one before it that is signed; null where it is not kept any more. */
export function verifyOne(reader: Source, { id, keys }: VerifyOneQuestion): ReceiptVerdict | null {
  const [kept] = reader.receiptsAfter(id - 1, 1)
  if (kept?.id !== id) return null
  const { receipt } = kept
  const { rowsAtOnceMax, beforeMax } = verifyLimits
  const before = reader
    .receiptHistory({ lane: receipt.lane, beforeId: id, limit: beforeMax })
    .find((each) => each.receipt.epoch === receipt.epoch && checkSignature(each.receipt, keys) === 'signed')
  const checker = new ReceiptChecker(reader, keys, { rowsAtOnceMax })
  if (before !== undefined) checker.beginBehind(before.receipt)
  return checker.check(receipt)
}

export interface VerifyOneQuestion {
  readonly id: number
  readonly keys: readonly ReceiptKey[]
}

export interface VerifyMoreQuestion {
  readonly keys: readonly ReceiptKey[]
  /** Of the answer before; null at the beginning. */
  readonly place: VerifyPlace | null
}

export interface VerifyPlace {
  readonly lastId: number
  readonly proven: ProvenPoints
}

export interface VerifiedStretch {
  readonly place: VerifyPlace
  readonly counts: Readonly<Partial<Record<ReceiptVerdict, number>>>
  readonly wrong: readonly (KeptReceipt & { readonly verdict: ReceiptVerdict })[]
  readonly isEnd: boolean
}

/** The next receipts of all that are kept, the oldest first, until its time is over. */
export function verifyMore(
  reader: Source,
  { keys, place }: VerifyMoreQuestion,
  elapsedMs: () => number,
): VerifiedStretch {
  const { rowsAtOnceMax, receiptsMax, timeMsMax } = verifyLimits
  const checker = new ReceiptChecker(reader, keys, { rowsAtOnceMax, proven: place?.proven ?? null })
  const counts: Partial<Record<ReceiptVerdict, number>> = {}
  const wrong: (KeptReceipt & { readonly verdict: ReceiptVerdict })[] = []
  let lastId = place?.lastId ?? 0
  const page = reader.receiptsAfter(lastId, receiptsMax)
  let checked = 0
  for (const kept of page) {
    // At least one, or a slow disk would get nowhere.
    if (checked > 0 && elapsedMs() > timeMsMax) break
    const verdict = checker.check(kept.receipt)
    counts[verdict] = (counts[verdict] ?? 0) + 1
    if (isWrong[verdict]) wrong.push({ ...kept, verdict })
    lastId = kept.id
    checked++
  }
  return {
    place: { lastId, proven: checker.proven },
    counts,
    wrong,
    isEnd: checked === page.length && page.length < receiptsMax,
  }
}
