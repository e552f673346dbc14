import { loginSchema, passwordSchema, tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'
import { instantSchema } from './paging.ts'

// Tenants as administrators of the platform's own tenant see them: which there are, where they are, and moves between databases.

const databaseSchema = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'a database has 1 to 41 small letters, digits or "-"')

export const newTenantSchema = z.strictObject({
  id: tenantIdSchema,
  name: z.string().trim().min(1).max(200),
  /** One login is one person on the whole cloud. */
  admin_login: loginSchema,
  /** Absent: one is made up and shown in the answer, this once. */
  admin_password: passwordSchema.optional(),
  /** Absent: the one that its id falls to. */
  database: databaseSchema.optional(),
})
export type NewTenant = z.infer<typeof newTenantSchema>

export const madeTenantSchema = z.object({
  id: z.string(),
  database: z.string(),
  admin_login: z.string(),
  /** Null where it was given. */
  admin_password: z.string().nullable(),
})

export const tenantMoveStepSchema = z.enum(['copying', 'following', 'verifying', 'switched', 'dropped', 'cancelled'])
export type TenantMoveStep = z.infer<typeof tenantMoveStepSchema>

export const tenantMoveSchema = z.object({
  id: z.uuid(),
  tenant: z.string(),
  from: z.string(),
  to: z.string(),
  /** Switched: served by the new database; what it has left behind is kept until it is dropped. */
  step: tenantMoveStepSchema,
  /** Whether a program works on it now; one that is not over and not worked on waits for somebody to go on with it. */
  worked_on: z.boolean(),
  cancel_asked: z.boolean(),
  /** Copied; once it verifies, verified. */
  tables_done: z.number().int(),
  tables_total: z.number().int(),
  rows_copied: z.number().int(),
  /** About so many there are, as the planner of the database that is left expects; null before the first step. */
  rows_expected: z.number().int().nullable(),
  rows_verified: z.number().int().nullable(),
  /** For how long writes have waited at the switch; null before it, and where the program was killed at it. */
  pause_ms: z.number().int().nullable(),
  problem: z.string().nullable(),
  begun_at: instantSchema,
  begun_by: z.string(),
  switched_at: instantSchema.nullable(),
  /** When what it has left behind is dropped; null before the switch. */
  dropped_from: instantSchema.nullable(),
  ended_at: instantSchema.nullable(),
})
export type TenantMove = z.infer<typeof tenantMoveSchema>

export const tenantListSchema = z.object({
  databases: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['main', 'shard', 'own']),
      /** False: it did not answer, and its tenants are not in the list. */
      answers: z.boolean(),
      /** Of everything in it; null where it did not answer. */
      bytes: z.number().int().nullable(),
    }),
  ),
  tenants: z.array(z.object({ id: z.string(), database: z.string(), move: tenantMoveSchema.nullable() })),
})
export type TenantList = z.infer<typeof tenantListSchema>

export const moveTenantSchema = z.strictObject({ to: databaseSchema })

/** Early: before the week is over in which what was left behind is kept. */
export const dropOldSchema = z.strictObject({ early: z.boolean().default(false) })
