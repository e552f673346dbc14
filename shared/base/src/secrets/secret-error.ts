import { OperationalError } from '../errors.ts'

/**
 * `unknown_key`: the master key is not among those that can be read. `not_authentic`: the bytes were changed, or belong to another tenant,
 * purpose or row. `unavailable`: who keeps the key does not answer now. `refused`: it answers and does not let us. `misconfigured`: a person
 * must mend the settings.
 */
export type SecretErrorKind = 'unknown_key' | 'not_authentic' | 'unavailable' | 'refused' | 'misconfigured'

/** Never holds a key, a token or a value. */
export class SecretError extends OperationalError {
  override name = 'SecretError'
  readonly kind: SecretErrorKind

  constructor(kind: SecretErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}
