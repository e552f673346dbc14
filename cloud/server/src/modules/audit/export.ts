import { z } from 'zod'
import type { Clock } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import type { AuditKey } from './audit-key.ts'
import { checkpointsAt, headOf, linksAfter } from './chain-repository.ts'
import { checkpointSchema } from './checkpoint.ts'
import { sealedEntrySchema } from './entry-form.ts'
import type { Sealer } from './sealer.ts'

/** Links in one transaction, and so in one piece of the answer. */
const batchRows = 500

/** The lines of an export: a head, then links, each checkpoint behind the link that it is of. */
export const exportLineSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('audit_export'),
    version: z.literal(1),
    tenant_id: z.string(),
    exported_at: z.string(),
    positions: z.number().int().min(0),
    /** For people to see which it is; whoever checks the file has the key from elsewhere. */
    key_id: z.string(),
  }),
  z.strictObject({
    kind: z.literal('link'),
    position: z.number().int().min(1),
    sealed_at: z.string(),
    entry_id: z.string(),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    entry: sealedEntrySchema.nullable(),
  }),
  checkpointSchema.extend({ kind: z.literal('checkpoint') }),
])
export type ExportLine = z.infer<typeof exportLineSchema>

export interface ExportParts {
  readonly database: Database
  readonly clock: Clock
  readonly key: AuditKey
  readonly sealer: Sealer
}

/** A tenant's whole log as JSON lines, signed at its end: what it says can be checked without the database, by `audit check`. */
export async function* exportLog({ database, clock, key, sealer }: ExportParts, tenantId: string) {
  await sealer.seal(tenantId, true)
  const upTo = (await database.withTenant(tenantId, headOf))?.position ?? 0
  yield textOf([
    {
      kind: 'audit_export',
      version: 1,
      tenant_id: tenantId,
      exported_at: new Date(clock.nowMs()).toISOString(),
      positions: upTo,
      key_id: key.keyId,
    },
  ])
  for (let after = 0; after < upTo;) {
    const batch = await database.withTenant(tenantId, async (tx) => {
      const links = await linksAfter(tx, { after, upTo, limit: batchRows })
      const end = links.at(-1)?.position ?? upTo
      return { links, end, checkpoints: await checkpointsAt(tx, { after, upTo: end }) }
    })
    const lines: ExportLine[] = []
    let nextCheckpoint = 0
    for (const { position, sealed_at, entry_id, hash, entry } of batch.links) {
      lines.push({ kind: 'link', position, sealed_at, entry_id, hash: hash.toString('hex'), entry })
      for (;;) {
        const checkpoint = batch.checkpoints[nextCheckpoint]
        if (checkpoint === undefined || checkpoint.position > position) break
        lines.push({ kind: 'checkpoint', ...checkpoint })
        nextCheckpoint++
      }
    }
    yield textOf(lines)
    after = batch.end
  }
}

const textOf = (lines: readonly ExportLine[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
