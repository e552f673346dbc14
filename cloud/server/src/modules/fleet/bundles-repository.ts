import type { Transaction } from '../../platform/db/database.ts'

/** 1 MB: a statement with a larger value holds it three times over on its way. */
const pieceBytes = 1024 * 1024

export interface BundleName {
  readonly edgeId: string
  readonly commandId: string
}

/** Takes the place of one that came before. */
export async function writeBundle(tx: Transaction, name: BundleName, body: Uint8Array, at: string): Promise<void> {
  const { edgeId, commandId } = name
  await tx.run('delete from fleet.bundles where edge_id = $1 and command_id = $2', [edgeId, commandId])
  await tx.run(
    'insert into fleet.bundles (tenant_id, edge_id, command_id, bytes, received_at) values ($1, $2, $3, $4, $5)',
    [tx.tenantId, edgeId, commandId, body.length, at],
  )
  for (let no = 0; no * pieceBytes < body.length; no++) {
    const piece = body.subarray(no * pieceBytes, (no + 1) * pieceBytes)
    await tx.run(
      'insert into fleet.bundle_pieces (tenant_id, edge_id, command_id, no, body) values ($1, $2, $3, $4, $5)',
      [tx.tenantId, edgeId, commandId, no, Buffer.from(piece.buffer, piece.byteOffset, piece.length)],
    )
  }
}

/** Null where there is none, or none any more. */
export async function readBundle(tx: Transaction, { edgeId, commandId }: BundleName): Promise<Buffer | null> {
  const [bundle] = await tx.query<{ bytes: number }>(
    'select bytes from fleet.bundles where edge_id = $1 and command_id = $2',
    [edgeId, commandId],
  )
  if (bundle === undefined) return null
  const body = Buffer.allocUnsafe(bundle.bytes)
  for (let no = 0; no * pieceBytes < bundle.bytes; no++) {
    const [piece] = await tx.query<{ body: Buffer }>(
      'select body from fleet.bundle_pieces where edge_id = $1 and command_id = $2 and no = $3',
      [edgeId, commandId, no],
    )
    if (piece === undefined) throw new Error(`piece ${no} of bundle ${commandId} is missing`)
    body.set(piece.body, no * pieceBytes)
  }
  return body
}

export async function listBundles(
  tx: Transaction,
  edgeId: string,
): Promise<{ command_id: string; bytes: number; received_at: string }[]> {
  return tx.query('select command_id, bytes, received_at from fleet.bundles where edge_id = $1', [edgeId])
}

export async function dropBundlesBefore(tx: Transaction, at: string): Promise<void> {
  await tx.run('delete from fleet.bundles where received_at < $1', [at])
}
