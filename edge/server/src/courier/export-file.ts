import {
  chunkFileBytes,
  courierLimits,
  CourierWriter,
  encodeDropBatch,
  keyFingerprint,
  lanes,
} from '@jidoka/sync-protocol'
import type { BatchSender, CourierTrailer, Lane, LanePoint } from '@jidoka/sync-protocol'
import type { Pipeline } from '../ports.ts'
import type { EdgeIdentity, Enrolled } from '../uplink/identity.ts'
import type { BatchSource } from '../uplink/uplink.ts'

/** A point of a lane; where somebody asked to begin in the middle, only its number is known. */
export interface LanePlace {
  readonly point: LanePoint
  readonly isKnown: boolean
}

/** Where each lane of a file begins, and how far the journal goes. */
export interface ExportPlan {
  readonly after: Readonly<Record<Lane, LanePlace>>
  readonly lastSeq: Readonly<Record<Lane, number>>
  readonly bytesMax: number
}

export interface ExportParts {
  readonly identity: Pick<EdgeIdentity, 'privateKey' | 'publicKey'>
  readonly enrolled: Enrolled
  /** The cloud's X25519 key. */
  readonly recipientKey: string
  readonly epoch: string
  /** First number of each lane in it. */
  readonly startSeqs: Readonly<Record<Lane, number>>
  readonly batches: Pick<BatchSource, 'build'>
  readonly pipeline: Pick<Pipeline, 'noteSent'>
  /** Rows up to here are noted and leave now. */
  readonly onLeft: (lane: Lane, toSeq: number) => void
  readonly nowMs: number
  readonly fileId: string
}

export interface ExportedFile extends Pick<CourierTrailer, 'lanes' | 'has_more'> {
  readonly bytes: number
}

/** What head and end of a file take at most beside its chunks. */
const frameBytes = 8 * 1024

/**
 * Writes what waits for the cloud into one file, records first, as the line would send it. Each stretch of readings is noted as sent before it
 * leaves, so that what is merged later is merged on either side of it.
 */
export async function* exportFile(
  parts: ExportParts,
  plan: ExportPlan,
): AsyncGenerator<Buffer, ExportedFile, undefined> {
  const { identity, enrolled, epoch } = parts
  const writer = new CourierWriter(
    {
      direction: 'up',
      tenant_id: enrolled.tenant_id,
      edge_id: enrolled.edge_id,
      epoch,
      created_at_ms: parts.nowMs,
      signed_by: keyFingerprint(identity.publicKey),
      file_id: parts.fileId,
    },
    identity.privateKey,
    parts.recipientKey,
  )
  yield writer.head()
  const held: Record<Lane, { from_seq: number; to_seq: number } | null> = { records: null, readings: null }
  let isFull = false
  for (const lane of lanes) {
    const { point, isKnown } = plan.after[lane]
    let after = point
    while (!isFull && after.seq < plan.lastSeq[lane]) {
      const batch = await nextBatch(parts, lane, { point: after, isKnown }, plan.lastSeq[lane])
      const isFirst = held.records === null && held.readings === null
      isFull = !isFirst && writer.bytes + chunkFileBytes(batch.body.length) + frameBytes > plan.bytesMax
      if (isFull) break
      parts.onLeft(lane, batch.point.seq)
      yield writer.chunk(batch.body)
      held[lane] = { from_seq: held[lane]?.from_seq ?? batch.fromSeq, to_seq: batch.point.seq }
      after = batch.point
    }
  }
  yield writer.end({ lanes: held, has_more: isFull })
  return { lanes: held, has_more: isFull, bytes: writer.bytes }
}

async function nextBatch(
  { enrolled, epoch, startSeqs, batches, pipeline }: ExportParts,
  lane: Lane,
  { point: after, isKnown }: LanePlace,
  lastSeq: number,
): Promise<{ readonly body: Uint8Array; readonly fromSeq: number; readonly point: LanePoint }> {
  const sender: BatchSender = {
    edge_id: enrolled.edge_id,
    epoch,
    ...(startSeqs[lane] > 1 ? { start_seq: startSeqs[lane] } : {}),
    ...(isKnown ? { base: after } : {}),
  }
  const built = await batches.build({ sender, lane, after, lastSeq, bytesMax: courierLimits.batchBytesAimed })
  const { fromSeq, toSeq } = built
  if (built.kind === 'gone')
    return {
      body: encodeDropBatch(sender, { lane, fromSeq, toSeq, reason: built.reason }),
      fromSeq,
      point: { ...after, seq: toSeq },
    }
  if (lane === 'readings') await pipeline.noteSent(toSeq)
  return { body: built.body, fromSeq, point: built.point }
}
