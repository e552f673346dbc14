/**
 * How often what may be asked for, all in one table (I10). `by` says whose attempts are counted together. REFERENCE names the figures of `auth`, `ai` and
 * `estimates`; those of the API hold for a person's console with ten open pages, a program that reads everything, and a plant behind one address.
 */
export const ratePolicies = {
  /** Sign-ins; a session is gone on with by its refresh token, which is exempt, so that a plant behind one address is not locked out. */
  auth: { max: 20, windowMs: 15 * 60_000, by: 'account and address' },
  /** Wrong sign-ins of one address over all accounts: without it one password is tried on every name. */
  auth_address: { max: 100, windowMs: 15 * 60_000, by: 'address' },
  /** Wrong enrolment tokens: 256 random bits need no more than that to be unguessable. */
  enrolment: { max: 60, windowMs: 15 * 60_000, by: 'address' },
  ai: { max: 50, windowMs: 15 * 60_000, by: 'user' },
  estimates: { max: 100, windowMs: 15 * 60_000, by: 'user' },
  api_user: { max: 1_000, windowMs: 10_000, by: 'user' },
  api_tenant: { max: 5_000, windowMs: 10_000, by: 'tenant' },
  /** Requests under a key: the answer of each is kept for a day, of at most 16 KB. */
  idempotency: { max: 10_000, windowMs: 24 * 3_600_000, by: 'user' },
  /** Requests whose token is none: a hundred signatures a second are looked at for one address, and no more. */
  api_stranger: { max: 1_000, windowMs: 10_000, by: 'address' },
} as const satisfies Record<string, RatePolicy>

export interface RatePolicy {
  readonly max: number
  readonly windowMs: number
  readonly by: 'account and address' | 'address' | 'user' | 'tenant'
}
export type RatePolicyName = keyof typeof ratePolicies
