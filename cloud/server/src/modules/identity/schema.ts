import { roleSchema } from '@jidoka/domain'
import type { Locale, Role } from '@jidoka/domain'
import { z } from 'zod'

/** Claims of an access token beside the registered ones (REFERENCE, Security). */
export const claimsSchema = z.object({
  sub: z.string(),
  tenant_id: z.string(),
  roles: z.array(roleSchema).min(1),
  iat: z.number(),
  exp: z.number(),
  /** The sign-in that it is of. */
  sid: z.string(),
  /** Which state of the person it was handed out for. */
  ver: z.number(),
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
  access_version: number
  /** By the program, and shown to somebody. */
  password_made_up: boolean
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
