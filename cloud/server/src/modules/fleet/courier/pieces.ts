import { courierPieceBytes } from '@jidoka/contract'
import { CourierError } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import type { Hold } from './hold.ts'
import { courierDeskLimits } from './limits.ts'
import { sliceOfPiece } from './repository.ts'

const { sliceBytes } = courierDeskLimits

/** The bytes of a file from the pieces that came, a slice of one in memory at a time. @throws CourierError, WorkEndedError */
export async function* piecesOf(database: Database, hold: Hold): AsyncGenerator<Uint8Array, void, undefined> {
  const { file_id: fileId, pieces, bytes } = hold.file
  for (let no = 0; no < pieces; no++) {
    const pieceBytes = Math.min(courierPieceBytes, bytes - no * courierPieceBytes)
    for (let at = 0; at < pieceBytes; at += sliceBytes) {
      hold.goOn()
      const slice = await database.withTenant(hold.tenantId, (tx) => sliceOfPiece(tx, { fileId, no }, at, sliceBytes))
      if (slice?.length !== Math.min(sliceBytes, pieceBytes - at))
        throw new CourierError('torn', `Piece ${no} of the courier file is not here. Import the file again.`)
      yield slice
    }
  }
}
