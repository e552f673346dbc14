import { z } from 'zod'
import { instantSchema } from './paging.ts'

/** Tables whose old months can be kept as files when they leave the database. */
export const archivableTables = ['core.judgment_executions', 'core.reading_segments'] as const
export const archivableTableSchema = z.enum(archivableTables)
export type ArchivableTable = z.infer<typeof archivableTableSchema>

/** More is looked at in the file itself: read back, this many take some gigabytes of the database. */
export const restoredRowsMax = 5_000_000

/**
 * What is in the database of an archive's rows; null: nothing. `stopped`: not all, and no job goes on with it: it was cancelled or has failed for good.
 * `ending`: they are being taken away.
 */
const restorationSchema = z.object({
  state: z.enum(['restoring', 'stopped', 'restored', 'ending']),
  by: z.string(),
  /** They are taken away again then. */
  until: instantSchema,
})

/** A month (or a quarter) of a table that has left the database, as a Parquet file whose rows were counted and compared. */
export const archiveSchema = z.object({
  id: z.uuid(),
  table: archivableTableSchema,
  /** The name that it had in the database, such as `judgment_executions_y2024m10`. */
  partition: z.string(),
  from: instantSchema,
  /** The first instant behind. */
  to: instantSchema,
  rows: z.number().int(),
  bytes: z.number().int(),
  /** Of the rows, whatever the file looks like. */
  digest: z.string(),
  archived_at: instantSchema,
  restoration: restorationSchema.nullable(),
})
export type Archive = z.infer<typeof archiveSchema>

export const archiveSettingsSchema = z.object({
  /** The tables that are archived before they go. What is not named here goes for good when its time is over. */
  tables: z.array(archivableTableSchema).max(archivableTables.length),
})
export type ArchiveSettings = z.infer<typeof archiveSettingsSchema>

/** Gives the file to whoever has it, until it expires. */
export const objectLinkSchema = z.object({ path: z.string(), expires_at: instantSchema })
export type ObjectLinkAnswer = z.infer<typeof objectLinkSchema>

export const archiveRowsQuerySchema = z.object({
  /** The number of the last row of the page before. */
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
})

export const archiveRowSchema = z.object({
  no: z.number().int(),
  row: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})
export type ArchiveRow = z.infer<typeof archiveRowSchema>
