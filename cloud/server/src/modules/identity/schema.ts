import { roleSchema } from '@jidoka/domain'
import type { Locale, Role } from '@jidoka/domain'
import { z } from 'zod'

/** Claims of an access token beside the registered ones (REFERENCE, Security). */
export const claimsSchema = z.object({
  sub: z.string(),
  tenant_id: z.string(),
  roles: z.array(roleSchema).min(1),
  exp: z.number(),
})

export interface UserRow {
  tenant_id: string
  login: string
  name: string
  role: Role
  /** Null where the account has said nothing: then the browser's language. */
  locale: Locale | null
  password_hash: string
  disabled: boolean
}

export interface SessionRow {
  tenant_id: string
  token_hash: string
  family_id: string
  login: string
  issued_at: string
  expires_at: string
  replaced_at: string | null
}
