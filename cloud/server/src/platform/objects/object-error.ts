import { OperationalError } from '@jidoka/base'

/**
 * `refused`: it may not be stored as it is. `full`: there is no room for it. `damaged`: what is stored is not what was handed in. `unavailable`: the bucket or the folder
 * cannot be used now; it is worth trying again.
 */
export type ObjectErrorKind = 'refused' | 'full' | 'damaged' | 'unavailable'

export class ObjectError extends OperationalError {
  override name = 'ObjectError'
  readonly kind: ObjectErrorKind

  constructor(kind: ObjectErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

export const damaged = (why: string, cause?: unknown) =>
  new ObjectError(
    'damaged',
    `The stored object is damaged: ${why}. Restore the bucket or the folder from a backup.`,
    cause === undefined ? {} : { cause },
  )
