import type { Clock } from '@jidoka/base'
import { BatchError, lanes, readBatchHeader, readCourier, refusals } from '@jidoka/sync-protocol'
import type { BaseOrigin } from '@jidoka/sync-engine'
import type { BatchHeader, CourierReaderOptions, Lane, RefusalKind } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import { RefusalError } from '../../../platform/http/problem.ts'
import { busyRetryMs } from '../busy.ts'
import type { Ingestion } from '../ingestion.ts'
import { findCursors } from '../lane-repository.ts'
import type { Hold } from './hold.ts'
import { courierDeskLimits } from './limits.ts'
import { piecesOf } from './pieces.ts'
import { noteProgress } from './work-repository.ts'

export interface ApplyParts {
  readonly database: Database
  readonly clock: Clock
  readonly ingestion: Pick<Ingestion, 'receiveInParts'>
  readonly reader: CourierReaderOptions
}

/** Numbers that must come before a lane of a file can go on. */
export interface MissingRows {
  readonly lane: Lane
  readonly fromSeq: number
  readonly toSeq: number
}

export type Applied =
  | { readonly kind: 'done' }
  | { readonly kind: 'waiting'; readonly missing: readonly MissingRows[] }
  | { readonly kind: 'refused'; readonly problem: string }

/**
 * Gives the batches of a checked file to the same intake that the line uses, in order: what is here already is passed over, and a lane whose
 * rows before it are missing is left where it is. Each batch is its own transaction, so that the file can stop anywhere and begin again.
 * @throws CourierError, WorkEndedError
 */
export async function applyFile(parts: ApplyParts, hold: Hold): Promise<Applied> {
  const progress = new Progress(parts.clock, hold)
  try {
    return await applyBatches(parts, hold, progress)
  } finally {
    // Also of a file that ends in the middle: what was taken of it is in.
    await progress.flush()
  }
}

async function applyBatches(parts: ApplyParts, hold: Hold, progress: Progress): Promise<Applied> {
  const { database, reader } = parts
  const { tenantId, file } = hold
  const { edge_id: edgeId, epoch } = file
  const cursors = await database.withTenant(tenantId, (tx) => findCursors(tx, edgeId, epoch))
  const seqOf = (lane: Lane): number => cursors.find((cursor) => cursor.lane === lane)?.received_seq ?? 0
  const received: Record<Lane, number> = { records: seqOf('records'), readings: seqOf('readings') }
  const missing = new Map<Lane, MissingRows>()
  const begun = new Set<Lane>()
  let no = 0
  for await (const batch of readCourier(piecesOf(database, hold), reader)) {
    hold.goOn()
    no++
    let header: BatchHeader
    try {
      header = readBatchHeader(batch)
    } catch (error) {
      if (error instanceof BatchError) return refused(no, error.refusal.kind, error.message)
      throw error
    }
    if (header.edge_id !== edgeId || header.epoch !== epoch)
      return {
        kind: 'refused',
        problem: `Batch ${no} of the file is of another appliance or epoch than the file. Export it again.`,
      }
    const { lane } = header
    // Only the first of a lane builds upon a receipt; the others upon where those before them would have led.
    const baseOrigin = begun.has(lane) ? 'expected' : 'receipted'
    begun.add(lane)
    if (missing.has(lane)) continue
    if (header.to_seq <= received[lane]) {
      await progress.note(no, 0)
      continue
    }
    const taken = await take(parts, hold, { batch, baseOrigin })
    if (taken.kind === 'refused') return refused(no, taken.refusal, taken.detail)
    if (taken.kind === 'gap') {
      // A batch whose first segment begins before its base builds upon rows up to there.
      const missingTo = Math.max(header.from_seq - 1, header.base?.seq ?? 0)
      // None is missing: what the file builds upon is another point than the lane's, as where rows that it lists as dropped had arrived. Rows behind a
      // receipt can only be others than those that are here, as of a copy.
      const areOthers = baseOrigin === 'receipted' && header.dropped === null
      if (taken.expectedSeq > missingTo)
        return refused(no, 'digest', areOthers ? refusals.digest.sentence : receiptsMissing)
      missing.set(lane, { lane, fromSeq: taken.expectedSeq, toSeq: missingTo })
      continue
    }
    await progress.note(no, taken.rowsNew)
    received[lane] = Math.max(received[lane], taken.upToSeq)
  }
  return missing.size === 0
    ? { kind: 'done' }
    : { kind: 'waiting', missing: lanes.flatMap((lane) => missing.get(lane) ?? []) }
}

type Taken =
  | { readonly kind: 'taken'; readonly upToSeq: number; readonly rowsNew: number }
  | { readonly kind: 'gap'; readonly expectedSeq: number }
  | { readonly kind: 'refused'; readonly refusal: RefusalKind; readonly detail: string }

async function take(
  { ingestion, clock }: Pick<ApplyParts, 'ingestion' | 'clock'>,
  hold: Hold,
  { batch, baseOrigin }: { batch: Uint8Array; baseOrigin: BaseOrigin },
): Promise<Taken> {
  const identity = { tenantId: hold.tenantId, edgeId: hold.file.edge_id }
  for (;;) {
    try {
      const { receipt, rowsNew } = await ingestion.receiveInParts(identity, batch, baseOrigin)
      return { kind: 'taken', upToSeq: receipt.up_to_seq, rowsNew }
    } catch (error) {
      if (error instanceof BatchError) return { kind: 'refused', refusal: error.refusal.kind, detail: error.message }
      if (!(error instanceof RefusalError)) throw error
      const { refusal } = error
      if (refusal.kind === 'gap') return { kind: 'gap', expectedSeq: refusal.expected_seq }
      if (refusal.kind !== 'busy') return { kind: 'refused', refusal: refusal.kind, detail: error.message }
      // The line's edges come first: they give up after a while, a file does not.
      await new Promise<void>((resolve) => clock.after(busyRetryMs, resolve))
      hold.goOn()
    }
  }
}

const receiptsMissing =
  'The appliance did not know how far its rows had come when it wrote the file. Bring the receipts of this cloud to it, then export again.'

const refused = (no: number, kind: RefusalKind, detail: string): Applied => ({
  kind: 'refused',
  problem: `Batch ${no} of the file was refused (${kind}): ${detail} Those before it are in.`,
})

/** Writes how far a file has come now and then. */
class Progress {
  readonly #clock: Clock
  readonly #hold: Hold
  #batches = 0
  #rowsNew = 0
  #writtenMs: number

  constructor(clock: Clock, hold: Hold) {
    this.#clock = clock
    this.#hold = hold
    this.#writtenMs = clock.monotonicMs()
  }

  async note(batches: number, rowsNew: number): Promise<void> {
    this.#batches = batches
    this.#rowsNew += rowsNew
    if (this.#clock.monotonicMs() - this.#writtenMs >= courierDeskLimits.progressEveryMs) await this.flush()
  }

  async flush(): Promise<void> {
    const [batchesApplied, rowsNew] = [this.#batches, this.#rowsNew]
    this.#rowsNew = 0
    this.#writtenMs = this.#clock.monotonicMs()
    await this.#hold.write((tx, holder) => noteProgress(tx, holder, { batchesApplied, rowsNew }))
  }
}
