import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { retryDelayMs } from '@jidoka/sync-engine'
import type { UplinkEffect } from '@jidoka/sync-engine'
import type { Lane } from '@jidoka/sync-protocol'
import type { CountedRanges, Pipeline } from '../ports.ts'

type EffectOf<Kind extends UplinkEffect['kind']> = Extract<UplinkEffect, { kind: Kind }>

export interface ReceiptKeeperParts {
  readonly pipeline: Pick<Pipeline, 'storeReceipt' | 'forgetReceipt'>
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/** Carries to the disk what the engine says of receipts: each under the lane's newest, the last word of the engine standing in the end. */
export class ReceiptKeeper {
  readonly #parts: ReceiptKeeperParts
  /** Counts what was asked of the journal about each lane's receipt: a repeat must not undo what came after it. */
  readonly #changes: Record<Lane, number> = { records: 0, readings: 0 }
  /** The last receipt of each lane on its way to the disk. */
  readonly #storing: Record<Lane, Promise<void>> = { records: Promise.resolve(), readings: Promise.resolve() }
  /** How far back each lane was set where that is not on disk, whose sums still count what lies behind it. */
  readonly #unwritten: Record<Lane, EffectOf<'adopt_cursor'> | null> = { records: null, readings: null }
  #isStopped = false

  constructor(parts: ReceiptKeeperParts) {
    this.#parts = parts
  }

  /** Nothing is tried again. */
  stop(): void {
    this.#isStopped = true
  }

  /** How often something was asked about this lane. */
  changes(lane: Lane): number {
    return this.#changes[lane]
  }

  /** @throws what kept the lane's last receipt from the disk */
  stored(lane: Lane): Promise<void> {
    return this.#storing[lane]
  }

  /** A receipt that cannot be stored comes again with the cursor of the next start. */
  store({ lane, receipt }: EffectOf<'store_receipt'>, counted: CountedRanges | undefined): void {
    this.#changes[lane]++
    this.#writeSetBack(lane)
    this.#storing[lane] = this.#parts.pipeline.storeReceipt(receipt, counted)
    this.#storing[lane].catch((error: unknown) =>
      this.#parts.log.error({ action: 'store_receipt', lane, err: error }, `store_receipt: ${describeError(error)}`),
    )
  }

  /**
   * Puts the cloud's receipt, or none, in the place of ours. Until that is on disk, rows may go that the cloud has lost, so it is
   * tried until it holds, or until a later receipt of the lane takes its place.
   */
  adopt(effect: EffectOf<'adopt_cursor'>): void {
    const { lane, point } = effect
    this.#parts.log.warn(
      { action: 'adopt_cursor', lane, seq: point.seq },
      'the cloud holds less than it had receipted, perhaps restored from a backup; sending again from there',
    )
    this.#writeSetBack(lane)
    if (point.seq <= (this.#unwritten[lane]?.point.seq ?? Number.POSITIVE_INFINITY)) this.#unwritten[lane] = effect
    this.#tryAdopt(effect, ++this.#changes[lane], 0)
  }

  /** Whatever takes the place of an unwritten set-back comes behind it, and finds nothing in the sums that the cloud may have lost (S18). */
  #writeSetBack(lane: Lane): void {
    const setBack = this.#unwritten[lane]
    if (setBack === null) return
    this.#writeAdopted(setBack).catch((error: unknown) =>
      this.#parts.log.error({ action: 'adopt_cursor', lane, err: error }, `adopt_cursor: ${describeError(error)}`),
    )
  }

  async #writeAdopted(effect: EffectOf<'adopt_cursor'>): Promise<void> {
    const { pipeline } = this.#parts
    const { lane, receipt } = effect
    await (receipt === null ? pipeline.forgetReceipt(lane) : pipeline.storeReceipt(receipt))
    if (this.#unwritten[lane] === effect) this.#unwritten[lane] = null
  }

  #tryAdopt(effect: EffectOf<'adopt_cursor'>, change: number, tries: number): void {
    const { clock, log, random } = this.#parts
    const { lane } = effect
    this.#writeAdopted(effect).catch((error: unknown) => {
      log.error({ action: 'adopt_cursor', lane, err: error }, `adopt_cursor: ${describeError(error)}`)
      clock.after(retryDelayMs(tries, random()), () => {
        if (!this.#isStopped && this.#changes[lane] === change) this.#tryAdopt(effect, change, tries + 1)
      })
    })
  }
}
