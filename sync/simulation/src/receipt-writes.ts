import type { Lane, LanePoint } from '@jidoka/sync-protocol'
import type { DiskWrites } from './disk-writes.ts'
import type { JournalLane, SetBack } from './journal.ts'

export interface ReceiptWritesParts {
  readonly disk: DiskWrites
  readonly lane: (lane: Lane) => JournalLane
}

/** On disk after a moment; a crash before it forgets the receipt, and the cursor brings it again. */
const writeMs = 3

/** Brings receipts and set-back points to the disk, of each lane the newest; what takes the place of an unwritten set-back carries that out first. */
export class ReceiptWrites {
  readonly #parts: ReceiptWritesParts
  /** How far back a lane was set since its last write that held: the rows behind it are in the sums on disk. */
  readonly #unwritten = new Map<Lane, SetBack>()

  constructor(parts: ReceiptWritesParts) {
    this.#parts = parts
  }

  /** The program has ended: what was not written is forgotten. */
  forget(): void {
    this.#unwritten.clear()
  }

  store(lane: Lane, point: LanePoint): void {
    this.#write(lane, (journal) => journal.keepReceipt(point, this.#unwritten.get(lane) ?? null))
  }

  adopt(lane: Lane, setBack: SetBack): void {
    const before = this.#unwritten.get(lane)
    const isFurther = before === undefined || setBack.point.seq <= before.point.seq
    if (isFurther) this.#unwritten.set(lane, setBack)
    this.#write(lane, (journal) => {
      if (!isFurther) journal.keepReceipt(setBack.point, before)
      journal.adopt(setBack)
    })
  }

  #write(lane: Lane, write: (journal: JournalLane) => void): void {
    this.#parts.disk.keep(`receipt ${lane}`, writeMs, () => {
      write(this.#parts.lane(lane))
      this.#unwritten.delete(lane)
    })
  }
}
