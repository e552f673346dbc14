import { OperationalError } from '@jidoka/base'

/**
 * Why a courier file is not taken. `torn`: it ends before its end. `tampered`: something in it is not what its sender wrote. `not_courier`:
 * it is another kind of file. `recipient`: it is for somebody else. `sender`: who signed it is not who may. `too_large`: beyond `courierLimits`.
 * `version`: a newer program wrote it.
 */
export type CourierFault =
  | 'not_courier'
  | 'version'
  | 'torn'
  | 'tampered'
  | 'recipient'
  | 'sender'
  | 'too_large'
  | 'older'

/** A courier file that is refused as a whole. The message says what to do. */
export class CourierError extends OperationalError {
  override name = 'CourierError'
  readonly fault: CourierFault

  constructor(fault: CourierFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

export const torn = (): CourierError =>
  new CourierError(
    'torn',
    'The courier file ends before its end: it was copied in part. Nothing of it was taken. Copy it once more and import it again.',
  )
export const tampered = (detail: string, cause?: unknown): CourierError =>
  new CourierError(
    'tampered',
    `The courier file is not as its sender wrote it (${detail}). Nothing of it was taken. Copy it once more from where it was made; if it stays so, export it again.`,
    cause === undefined ? undefined : { cause },
  )
export const tooLarge = (detail: string): CourierError =>
  new CourierError('too_large', `The courier file is too large: ${detail}. Export it again in smaller files.`)
