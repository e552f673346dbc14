import type { LaneState, UplinkInput, UplinkState } from '@jidoka/sync-engine'
import type { Lane, Receipt, ReceiptJudgement } from '@jidoka/sync-protocol'
import type { ReceiptKeeper } from './receipt-keeper.ts'

/**
 * A receipt of a courier's file: on disk; passed over by a lane that will hear the same on the line; passed over because nobody here can tell whose its rows
 * are (S16, S20), which only a person ends; or nobody is there to take it.
 */
export type Brought = 'stored' | 'at_work' | 'in_doubt' | 'stopped'

/** A lane in one of these waits for an answer of its own and takes no receipt that was brought. */
const atWork: ReadonlySet<LaneState> = new Set(['reading', 'sending', 'setting_aside'])

export interface BroughtReceiptsParts {
  readonly state: () => UplinkState
  readonly isStopped: () => boolean
  readonly give: (input: UplinkInput) => void
  readonly receipts: Pick<ReceiptKeeper, 'changes' | 'stored'>
}

/** Hands the engine receipts that a courier brought, each when the flight of its lane is over. */
export class BroughtReceipts {
  readonly #parts: BroughtReceiptsParts
  readonly #waiting = new Set<() => void>()

  constructor(parts: BroughtReceiptsParts) {
    this.#parts = parts
  }

  /** To be called after every step, and at the end. */
  look(): void {
    for (const look of this.#waiting) look()
  }

  /**
   * On a line that hangs, whose flight ends without an answer, it is all that the lane hears.
   * @throws when the store cannot keep it
   */
  async take(receipt: Receipt, judgement: ReceiptJudgement): Promise<Brought> {
    const { isStopped, give, receipts } = this.#parts
    const { lane } = receipt
    await this.#flightOver(lane)
    if (isStopped()) return 'stopped'
    const before = receipts.changes(lane)
    give({ kind: 'receipt_brought', lane, receipt, judgement })
    if (receipts.changes(lane) === before) return this.#whyPassedOver(receipt, judgement)
    await receipts.stored(lane)
    return 'stored'
  }

  #whyPassedOver({ lane, up_to_seq: seq }: Receipt, judgement: ReceiptJudgement): Brought {
    const { state, confirmed } = this.#parts.state().lanes[lane]
    return judgement === 'verified' || atWork.has(state) || seq <= confirmed.seq ? 'at_work' : 'in_doubt'
  }

  #flightOver(lane: Lane): Promise<void> {
    const { state, isStopped } = this.#parts
    const { flight } = state().lanes[lane]
    const isOver = (): boolean => {
      const now = state().lanes[lane]
      return isStopped() || !atWork.has(now.state) || now.flight !== flight
    }
    if (isOver()) return Promise.resolve()
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isOver()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
    })
  }
}
