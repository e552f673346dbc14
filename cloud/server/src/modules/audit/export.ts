import { z } from 'zod'
import type { Clock } from '@jidoka/base'
import type { Database, Reading } from '../../platform/db/database.ts'
import { keyListSchema } from './audit-keys.ts'
import type { AuditKeys } from './audit-keys.ts'
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
    version: z.literal(2),
    tenant_id: z.string(),
    exported_at: z.string(),
    positions: z.number().int().min(0),
    /** Whoever checks the file has one of them from elsewhere. */
    key_list: keyListSchema,
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
  readonly keys: AuditKeys
  readonly sealer: Sealer
}

/** A tenant's whole log as JSON lines, signed at its end: what it says can be checked without the database, by `audit check`. */
export async function* exportLog({ database, clock, keys, sealer }: ExportParts, tenantId: string) {
  await sealer.seal(tenantId, true)
  const upTo = (await database.withTenant(tenantId, headOf))?.position ?? 0
  yield textOf([
    {
      kind: 'audit_export',
      version: 2,
      tenant_id: tenantId,
      exported_at: new Date(clock.nowMs()).toISOString(),
      positions: upTo,
      key_list: keys.list(),
    },
  ])
  for (let after = 0; after < upTo;) {
    const batch = await batchAfter(database, tenantId, { after, upTo })
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

/**
 * On the replica as long as it has a link behind the batch: every checkpoint of a position is there before the next link is, so the batch is whole. The end, which
 * was sealed a moment ago, is read where it was sealed.
 */
async function batchAfter(database: Database, tenantId: string, { after, upTo }: { after: number; upTo: number }) {
  const read = async (tx: Reading) => {
    const found = await linksAfter(tx, { after, upTo, limit: batchRows + 1 })
    const links = found.slice(0, batchRows)
    const end = links.at(-1)?.position ?? upTo
    const isWhole = found.length > batchRows
    return { links, end, isWhole, checkpoints: await checkpointsAt(tx, { after, upTo: end }) }
  }
  if (upTo - after > batchRows) {
    const batch = await database.reading(tenantId, read)
    if (batch.isWhole) return batch
  }
  return database.withTenant(tenantId, read)
}

const textOf = (lines: readonly ExportLine[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
