import { OperationalError } from '@jidoka/base'

/**
 * `magic`: these bytes never were a segment. `version`: a newer program wrote it. `checksum`: they were one and have changed.
 * `bounds`: a length or number in it points outside. `shape`: it contradicts itself.
 */
export type SegmentFault = 'magic' | 'version' | 'checksum' | 'bounds' | 'shape'

/** Bytes that cannot be read as a segment. On the edge: list the range as `damaged`. In the cloud: refuse the batch as malformed. */
export class SegmentError extends OperationalError {
  override name = 'SegmentError'
  readonly reason: SegmentFault

  constructor(reason: SegmentFault, detail: string) {
    super(`This is not a readable segment (${reason}): ${detail}.`)
    this.reason = reason
  }
}
