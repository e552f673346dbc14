import { courierPieceBytes, type CourierFile } from '@jidoka/contract'
import { backoffMs, ConnectionError, ProblemError } from '@jidoka/ui'
import type { FleetApi } from './fleet-api.ts'

export interface UploadParts {
  readonly api: Pick<FleetApi, 'beginCourierFile' | 'sendCourierPiece'>
  readonly signal: AbortSignal
  readonly onProgress: (file: CourierFile, sent: number) => void
  readonly wait: (ms: number) => Promise<void>
  readonly random: () => number
}

/** Tries of one piece: about a minute of a line that comes and goes. Behind that a person looks, and the same file goes on where it was. */
const triesMax = 6

/**
 * Sends a courier file piece by piece; the pieces that the cloud has already are not sent again.
 * @throws ProblemError, ConnectionError, AbortError
 */
export async function sendCourierFile(file: Blob, parts: UploadParts): Promise<CourierFile> {
  const { api, signal, onProgress } = parts
  const pieceOf = (no: number) => file.slice(no * courierPieceBytes, (no + 1) * courierPieceBytes)
  let told = await again(parts, () => api.beginCourierFile(file.size, pieceOf(0), signal))
  // An answer names at most a thousand pieces, and each of its names is sent once before another answer is asked.
  let missing: readonly number[] = told.pieces_missing
  const sent = () => told.pieces - told.pieces_missing.length
  onProgress(told, sent())
  while (told.state === 'receiving' && missing.length > 0) {
    for (const no of missing) {
      signal.throwIfAborted()
      told = await again(parts, () => api.sendCourierPiece(told.file_id, no, pieceOf(no), signal))
      onProgress(told, sent())
    }
    missing = told.pieces_missing
  }
  return told
}

/** Only what a line does is tried again; what the cloud says about the file stays. */
async function again<Value>({ wait, random, signal }: UploadParts, attempt: () => Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const isPassing =
        error instanceof ConnectionError ||
        (error instanceof ProblemError && (error.is('unavailable') || error.is('too_many_requests')))
      if (!isPassing || tries >= triesMax || signal.aborted) throw error
      await wait(backoffMs(tries, random))
    }
  }
}
