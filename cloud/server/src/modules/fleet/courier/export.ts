import type { Clock } from '@jidoka/base'
import { courierLimits, CourierWriter, lanes } from '@jidoka/sync-protocol'
import type { CourierDown, Receipt, TrustList } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import { storableJson } from '../../../platform/db/storable.ts'
import { ProblemError } from '../../../platform/http/problem.ts'
import type { CloudKeys } from '../../../platform/keys.ts'
import type { AuditPort } from '../../audit/port.ts'
import { listDesired, shapePoint } from '../desired-repository.ts'
import { newestReceipt } from '../lane-repository.ts'
import type { DesiredRecord } from '../schema.ts'
import { findCourierEdge } from './repository.ts'

export interface ExportParts {
  readonly database: Database
  readonly clock: Clock
  readonly keys: Pick<CloudKeys, 'receipts'>
  readonly audit: AuditPort
  /** The lists of this cloud's keys, oldest first. */
  readonly trust: () => readonly TrustList[]
}

/** A file for one edge, ready to be sent. */
export interface DownFile {
  readonly fileId: string
  readonly edgeName: string
  readonly bytes: Generator<Buffer>
}

/**
 * What an edge shall be, and the receipts of what has come from it, as a file to carry there: what it would learn over the line.
 * @throws ProblemError `not_found`, `conflict`, `too_large`
 */
export async function exportDown(parts: ExportParts, tenantId: string, edgeId: string, by: string): Promise<DownFile> {
  const { database, clock, keys, audit, trust } = parts
  return database.withTenant(tenantId, async (tx) => {
    const edge = await findCourierEdge(tx, edgeId)
    const point = await shapePoint(tx, edgeId)
    if (edge === null || point === null)
      throw new ProblemError('not_found', 'There is no such edge. Go back to the list of edges.')
    if (edge.revoked_at !== null)
      throw new ProblemError('conflict', `"${edge.name}" was revoked: it gets nothing any more. Enrol it again first.`)
    if (edge.courier_key === null)
      throw new ProblemError(
        'conflict',
        `"${edge.name}" has not told its courier key yet. It does so by itself the first time that it reaches the cloud with a program of version 1.2 of the protocol.`,
      )
    const rows = await listDesired(tx, [edgeId], null)
    const receipts: Receipt[] = []
    for (const lane of lanes) {
      const receipt = edge.epoch === null ? null : await newestReceipt(tx, edgeId, edge.epoch, lane)
      if (receipt !== null) receipts.push(receipt)
    }
    const writer = new CourierWriter(
      {
        direction: 'down',
        tenant_id: tenantId,
        edge_id: edgeId,
        epoch: edge.epoch,
        created_at_ms: clock.nowMs(),
        signed_by: keys.receipts.keyId,
        trust: [...trust()],
      },
      keys.receipts.privateKey,
      edge.courier_key,
    )
    const fileId = writer.header.file_id
    await audit.append(tx, {
      actor: by,
      action: 'courier.export',
      subject: edgeId,
      detail: { file_id: fileId, items: rows.length },
    })
    const state: CourierDown = { kind: 'state', desired_seq: point.seq, history: point.handle, rows: rows.length }
    const chunks = [
      JSON.stringify(state),
      ...rows.map((row) => JSON.stringify({ kind: 'desired', row: shapeRow(row) } satisfies CourierDown)),
      ...receipts.map((receipt) => JSON.stringify({ kind: 'receipt', receipt } satisfies CourierDown)),
    ]
    const bytes = chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0)
    if (bytes > courierLimits.downFileBytesMax / 2)
      throw new ProblemError(
        'too_large',
        `What "${edge.name}" shall be takes ${bytes} bytes, more than a courier file downwards may hold. Take back items that it does not need.`,
      )
    return { fileId, edgeName: edge.name, bytes: written(writer, chunks) }
  })
}

function* written(writer: CourierWriter, chunks: readonly string[]): Generator<Buffer> {
  yield writer.head()
  for (const chunk of chunks) yield writer.chunk(Buffer.from(chunk))
  yield writer.end({ lanes: null, has_more: false })
}

/** As the shape carries it. */
const shapeRow = ({ id, edge_id, kind, key, version, body }: DesiredRecord): Record<string, unknown> => ({
  id,
  edge_id,
  kind,
  key,
  version: String(version),
  body: storableJson(body),
})
