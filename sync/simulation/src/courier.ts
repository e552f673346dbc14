import type { Lane } from '@jidoka/sync-protocol'
import type { EdgeLine } from './edge-line.ts'
import type { Life } from './life.ts'

/** Bytes of rows in one batch of a file: small, as all is here. */
const batchBytesMax = 600

export interface CourierBatch {
  readonly bytes: Uint8Array
  /** Among those of its lane. */
  readonly place: 'first' | 'later'
}

/** Everything of a lane behind its last receipt as ready batches for a courier's file; that it left is noted on the disk. */
export function batchesForCourier(life: Life, lane: Lane, line: EdgeLine): { batches: CourierBatch[]; toSeq: number } {
  const batches: CourierBatch[] = []
  const journal = life.journal[lane]
  let base = journal.point
  while (base.seq < journal.lastSeq) {
    const read = journal.read(base, batchBytesMax, { single: false, noticesDamage: true })
    const { fromSeq, toSeq } = read
    const drop = read.kind === 'gone' ? read.reason : null
    const waiting = { lane, fromSeq, toSeq, drop, base, startSeq: life.startSeqs[lane] }
    const place = batches.length === 0 ? 'first' : 'later'
    batches.push({ bytes: line.encode(life.epoch, waiting, read, { isCourier: true }), place })
    const after = read.kind === 'gone' ? { ...base, seq: toSeq } : read.after
    if (after === null) break
    base = after
  }
  journal.sentSeq = Math.max(journal.sentSeq, base.seq)
  return { batches, toSeq: base.seq }
}
