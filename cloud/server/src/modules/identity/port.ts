import type { Caller } from '../../platform/http/env.ts'

/** What other modules may ask of identity. */
export interface IdentityPort {
  /**
   * Who an access token belongs to.
   * @param beforeLook called before a signature is looked at that is not known yet; what it throws is thrown
   * @throws ProblemError `not_signed_in` when it is wrong or has ended
   */
  authenticate(accessToken: string, beforeLook?: () => Promise<void>): Promise<Caller>
}

/** What makes a tenant that people can sign in to. */
export interface TenantMaker {
  /**
   * The tenant and its first administrator, both or neither, in the database that the directory names for it.
   * @returns the password where none was given
   * @throws ProblemError `conflict` for a login that somebody has
   */
  makeTenant(request: {
    readonly tenantId: string
    readonly name: string
    readonly login: string
    readonly password: string | null
    readonly by: string
    /** Asked within the transaction, behind everything else; what it throws leaves nothing. */
    readonly mayEnd: () => void
  }): Promise<string | null>
}
