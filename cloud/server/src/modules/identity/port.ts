import type { Caller } from '../../platform/http/env.ts'

/** What other modules may ask of identity. */
export interface IdentityPort {
  /** Who an access token belongs to. @throws ProblemError `not_signed_in` when it is wrong or has ended. */
  authenticate(accessToken: string): Promise<Caller>
}
