import { auditEntrySchema } from '@jidoka/contract'
import type { JSONValue } from 'hono/utils/types'
import { z } from 'zod'

export const auditListSchema = z.array(auditEntrySchema)
export type AuditEntry = Omit<z.infer<typeof auditEntrySchema>, 'detail'> & { detail: Record<string, JSONValue> }
