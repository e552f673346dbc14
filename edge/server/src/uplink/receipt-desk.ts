import type { Clock, Log } from '@jidoka/base'
import { describeError, OperationalError } from '@jidoka/base'
import type { KeptReceiptView, ReceiptsVerification, ReceiptVerdict } from '@jidoka/contract'
import type { Lane, ReceiptKey } from '@jidoka/sync-protocol'
import type { JournalReader, KeptReceipt } from '../ports.ts'
import { instant } from '../board/views.ts'
import type { EdgeIdentity } from './identity.ts'
import { keysEverBelieved } from './identity.ts'
import type { VerifiedStretch, VerifyMoreQuestion, VerifyOneQuestion } from './receipt-verify.ts'

export interface ReceiptDeskOptions {
  readonly reader: Pick<JournalReader, 'epoch' | 'receiptHistory'>
  readonly identity: Pick<EdgeIdentity, 'enrolled'>
  /** Both run beside the main thread; see receipt-worker.ts. */
  readonly verifyOne: (question: VerifyOneQuestion) => Promise<ReceiptVerdict | null>
  readonly verifyMore: (question: VerifyMoreQuestion) => Promise<VerifiedStretch>
  readonly clock: Clock
  readonly log: Log
}

export interface ReceiptsQuestion {
  readonly lane?: Lane | undefined
  readonly upToSeq?: number | undefined
  readonly beforeId?: number | undefined
  readonly limit: number
}

/** It cannot be done now; the sentence says why. */
export class ReceiptDeskError extends OperationalError {
  override name = 'ReceiptDeskError'
}

/** What is wrong is rare, or it is all: beyond a page of it only the number says more. */
const wrongNamedMax = 100

const nothing: ReceiptsVerification = {
  state: 'none',
  started_at: null,
  ended_at: null,
  problem: null,
  counts: {},
  wrong: [],
}

/** The receipts that are kept here, and whether they hold: by the keys of the cloud that were ever believed and the rows of this appliance, without a line. */
export class ReceiptDesk {
  readonly #options: ReceiptDeskOptions
  #verification: ReceiptsVerification = nothing
  #isStopping = false

  constructor(options: ReceiptDeskOptions) {
    this.#options = options
  }

  /** A verification that runs is given up. */
  stop(): void {
    this.#isStopping = true
  }

  /** Newest first; `next` goes into `beforeId` for the page behind it. */
  list({ lane, upToSeq, beforeId, limit }: ReceiptsQuestion): {
    readonly receipts: readonly KeptReceiptView[]
    readonly next: number | null
  } {
    const page = this.#options.reader.receiptHistory({
      limit,
      ...(lane === undefined ? {} : { lane }),
      ...(upToSeq === undefined ? {} : { upToSeq }),
      ...(beforeId === undefined ? {} : { beforeId }),
    })
    const last = page.at(-1)
    return {
      receipts: page.map((kept) => this.#view(kept)),
      next: last === undefined || page.length < limit ? null : last.id,
    }
  }

  /** Null where it is not kept any more. @throws ReceiptDeskError, OperationalError */
  verify(id: number): Promise<ReceiptVerdict | null> {
    return this.#options.verifyOne({ id, keys: this.#keys() })
  }

  /** The verification that runs, or the last one of this start. */
  verification(): ReceiptsVerification {
    return this.#verification
  }

  /** Begins to verify all, which takes minutes where the rows of weeks are held. @throws ReceiptDeskError */
  beginVerification(): ReceiptsVerification {
    if (this.#verification.state === 'running')
      throw new ReceiptDeskError('The receipts are being verified already. Wait until that is done.')
    const keys = this.#keys()
    this.#verification = { ...nothing, state: 'running', started_at: instant(this.#options.clock.nowMs()) }
    void this.#run(keys)
    return this.#verification
  }

  async #run(keys: readonly ReceiptKey[]): Promise<void> {
    const { verifyMore, clock, log } = this.#options
    const ended = (part: Pick<ReceiptsVerification, 'state' | 'problem'>) => {
      this.#verification = { ...this.#verification, ...part, ended_at: instant(clock.nowMs()) }
    }
    try {
      for (let place: VerifyMoreQuestion['place'] = null; ;) {
        const stretch: VerifiedStretch = await verifyMore({ keys, place })
        if (this.#isStopping) return
        this.#add(stretch)
        if (stretch.isEnd) break
        place = stretch.place
      }
      ended({ state: 'done', problem: null })
    } catch (error) {
      if (this.#isStopping) return
      if (!(error instanceof OperationalError))
        log.error({ action: 'receipts_verify', err: error }, describeError(error))
      ended({ state: 'failed', problem: describeError(error) })
    }
  }

  #add({ counts: more, wrong }: VerifiedStretch): void {
    const counts = { ...this.#verification.counts }
    for (const [verdict, count] of Object.entries(more) as [ReceiptVerdict, number][])
      counts[verdict] = (counts[verdict] ?? 0) + count
    const named = wrong.map(({ verdict, ...kept }) => ({ ...nameOf(kept), verdict }))
    this.#verification = {
      ...this.#verification,
      counts,
      wrong: [...this.#verification.wrong, ...named].slice(0, wrongNamedMax),
    }
    const [first] = wrong
    if (first !== undefined)
      this.#options.log.error(
        { action: 'receipts_verify', lane: first.receipt.lane, seq: first.receipt.up_to_seq, verdict: first.verdict },
        `${wrong.length} receipts do not hold, the first of them ${first.receipt.lane} up to ${first.receipt.up_to_seq}: ${first.verdict}`,
      )
  }

  #view(kept: KeptReceipt): KeptReceiptView {
    const { reader } = this.#options
    const { receipt } = kept
    const [before] = reader.receiptHistory({ lane: receipt.lane, beforeId: kept.id, limit: 1 })
    const isPresent = receipt.epoch === reader.epoch
    const isContinued =
      before?.receipt.epoch === receipt.epoch &&
      before.receipt.up_to_seq < receipt.up_to_seq &&
      before.receipt.count_total <= receipt.count_total
    const { digest, count_total: rowsTotal } = receipt
    return {
      ...nameOf(kept),
      is_present_epoch: isPresent,
      from_seq: isContinued ? before.receipt.up_to_seq + 1 : null,
      rows: isContinued ? rowsTotal - before.receipt.count_total : null,
      rows_total: rowsTotal,
      digest,
    }
  }

  #keys(): readonly ReceiptKey[] {
    const { enrolled } = this.#options.identity
    if (enrolled === null)
      throw new ReceiptDeskError(
        'This appliance was never enrolled: there are no receipts, and no keys to hold them against.',
      )
    return keysEverBelieved(enrolled)
  }
}

/** The greatest instant that a date can say; what a forger wrote may be any number. */
const instantMsMax = 8_640_000_000_000_000

const nameOf = ({ id, receipt }: KeptReceipt) => ({
  id,
  lane: receipt.lane,
  epoch: receipt.epoch,
  up_to_seq: receipt.up_to_seq,
  received_at: instant(Math.min(receipt.received_at_ms, instantMsMax)),
  key_id: receipt.key_id,
})
