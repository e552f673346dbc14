import type { Clock } from '@jidoka/base'
import { BatchError, lanes, readBatchHeader, readCourier, refusals } from '@jidoka/sync-protocol'
import type { BatchHeader, CourierReaderOptions, Lane, RefusalKind } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import { RefusalError } from '../../../platform/http/problem.ts'
import type { Ingestion } from '../ingestion.ts'
import { busyRetryMs } from '../ingestion.ts'
import { findCursors } from '../lane-repository.ts'
import { courierDeskLimits } from './limits.ts'
import { piecesOf } from './pieces.ts'
import type { CourierFileRow } from './repository.ts'
import { noteProgress } from './repository.ts'

export interface ApplyParts {
  readonly database: Database
  readonly clock: Clock
  readonly ingestion: Pick<Ingestion, 'receive'>
  readonly reader: CourierReaderOptions
  /** The program stops: what has been applied stays, the rest is for the next start. */
  readonly isStopping: () => boolean
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
  | { readonly kind: 'stopped' }

/**
 * Gives the batches of a checked file to the same intake that the line uses, in order: what is here already is passed over, and a lane whose
 * rows before it are missing is left where it is. Each batch is its own transaction, so that the file can stop anywhere and begin again.
 */
export async function applyFile(parts: ApplyParts, tenantId: string, file: CourierFileRow): Promise<Applied> {
  const { database, reader, isStopping } = parts
  const { file_id: fileId, edge_id: edgeId, epoch, pieces } = file
  const cursors = await database.withTenant(tenantId, (tx) => findCursors(tx, edgeId, epoch))
  const seqOf = (lane: Lane): number => cursors.find((cursor) => cursor.lane === lane)?.received_seq ?? 0
  const received: Record<Lane, number> = { records: seqOf('records'), readings: seqOf('readings') }
  const missing = new Map<Lane, MissingRows>()
  const progress = new Progress(parts, tenantId, fileId)
  let no = 0
  for await (const batch of readCourier(piecesOf(database, { tenantId, fileId, pieces }), reader)) {
    if (isStopping()) return { kind: 'stopped' }
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
    if (missing.has(lane)) continue
    if (header.to_seq <= received[lane]) {
      await progress.note(no, 0)
      continue
    }
    const taken = await take(parts, { tenantId, edgeId }, batch)
    // What it expects lies within this batch: the rows that the batch shares with the lane are others than those that are here.
    if (taken.kind === 'gap' && taken.expectedSeq >= header.from_seq)
      return refused(no, 'digest', refusals.digest.sentence)
    if (taken.kind === 'gap') {
      missing.set(lane, { lane, fromSeq: taken.expectedSeq, toSeq: header.from_seq - 1 })
      continue
    }
    if (taken.kind === 'refused') return refused(no, taken.refusal, taken.detail)
    if (taken.kind === 'stopped') return taken
    await progress.note(no, Math.max(0, header.to_seq - Math.max(received[lane], header.from_seq - 1)))
    received[lane] = Math.max(received[lane], taken.upToSeq)
  }
  await progress.flush()
  return missing.size === 0
    ? { kind: 'done' }
    : { kind: 'waiting', missing: lanes.flatMap((lane) => missing.get(lane) ?? []) }
}

type Taken =
  | { readonly kind: 'taken'; readonly upToSeq: number }
  | { readonly kind: 'gap'; readonly expectedSeq: number }
  | { readonly kind: 'refused'; readonly refusal: RefusalKind; readonly detail: string }
  | { readonly kind: 'stopped' }

async function take(
  { ingestion, clock, isStopping }: ApplyParts,
  identity: { readonly tenantId: string; readonly edgeId: string },
  batch: Uint8Array,
): Promise<Taken> {
  for (;;) {
    try {
      return { kind: 'taken', upToSeq: (await ingestion.receive(identity, batch)).up_to_seq }
    } catch (error) {
      if (error instanceof BatchError) return { kind: 'refused', refusal: error.refusal.kind, detail: error.message }
      if (!(error instanceof RefusalError)) throw error
      const { refusal } = error
      if (refusal.kind === 'gap') return { kind: 'gap', expectedSeq: refusal.expected_seq }
      if (refusal.kind !== 'busy') return { kind: 'refused', refusal: refusal.kind, detail: error.message }
      // The line's edges come first: they give up after a while, a file does not.
      await new Promise<void>((resolve) => clock.after(busyRetryMs, resolve))
      if (isStopping()) return { kind: 'stopped' }
    }
  }
}

const refused = (no: number, kind: RefusalKind, detail: string): Applied => ({
  kind: 'refused',
  problem: `Batch ${no} of the file was refused (${kind}): ${detail} Those before it are in.`,
})

/** Writes how far a file has come now and then, and with it that somebody works on it. */
class Progress {
  readonly #parts: ApplyParts
  readonly #tenantId: string
  readonly #fileId: string
  #batches = 0
  #rows = 0
  #writtenMs: number

  constructor(parts: ApplyParts, tenantId: string, fileId: string) {
    this.#parts = parts
    this.#tenantId = tenantId
    this.#fileId = fileId
    this.#writtenMs = parts.clock.monotonicMs()
  }

  async note(batches: number, rows: number): Promise<void> {
    this.#batches = batches
    this.#rows += rows
    if (this.#parts.clock.monotonicMs() - this.#writtenMs >= courierDeskLimits.progressEveryMs) await this.flush()
  }

  async flush(): Promise<void> {
    const { database, clock } = this.#parts
    const rowsNew = this.#rows
    this.#rows = 0
    this.#writtenMs = clock.monotonicMs()
    const leasedUntil = new Date(clock.nowMs() + courierDeskLimits.leaseMs).toISOString()
    await database.withTenant(this.#tenantId, (tx) =>
      noteProgress(tx, this.#fileId, { batchesApplied: this.#batches, rowsNew, leasedUntil }),
    )
  }
}
