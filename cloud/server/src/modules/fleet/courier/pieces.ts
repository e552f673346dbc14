import { CourierError } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import { findPiece } from './repository.ts'

/** The bytes of a file from the pieces that came, one in memory at a time. */
export async function* piecesOf(
  database: Database,
  file: { readonly tenantId: string; readonly fileId: string; readonly pieces: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let no = 0; no < file.pieces; no++) {
    const piece = await database.withTenant(file.tenantId, (tx) => findPiece(tx, file.fileId, no))
    if (piece === null)
      throw new CourierError('torn', `Piece ${no} of the courier file is not here. Import the file again.`)
    yield piece
  }
}
