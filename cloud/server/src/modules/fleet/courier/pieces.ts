import { CourierError } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import type { Hold } from './hold.ts'
import { findPiece } from './repository.ts'

/** The bytes of a file from the pieces that came, one in memory at a time. @throws CourierError, WorkEndedError */
export async function* piecesOf(database: Database, hold: Hold): AsyncGenerator<Uint8Array, void, undefined> {
  const { file_id: fileId, pieces } = hold.file
  for (let no = 0; no < pieces; no++) {
    hold.goOn()
    const piece = await database.withTenant(hold.tenantId, (tx) => findPiece(tx, fileId, no))
    if (piece === null)
      throw new CourierError('torn', `Piece ${no} of the courier file is not here. Import the file again.`)
    yield piece
  }
}
