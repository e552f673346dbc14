import { OperationalError } from '@jidoka/base'
import type { Refusal } from './refusal.ts'

/** A batch that cannot be read; the cloud answers with its `refusal`, the edge can only have met a bug of its own. */
export class BatchError extends OperationalError {
  override name = 'BatchError'
  readonly refusal: Extract<Refusal, { kind: 'malformed' | 'too_large' | 'protocol_version' }>

  constructor(refusal: BatchError['refusal'], detail: string, options?: ErrorOptions) {
    super(`The batch cannot be read: ${detail}.`, options)
    this.refusal = refusal
  }
}

/** The detail goes to the sender and to its log: a sentence about the shape of the data, never the data. */
export const malformed = (detail: string, cause?: unknown) =>
  new BatchError({ kind: 'malformed', detail }, detail, cause === undefined ? undefined : { cause })
export const tooLarge = (detail: string, cause?: unknown) =>
  new BatchError({ kind: 'too_large', detail }, detail, cause === undefined ? undefined : { cause })
