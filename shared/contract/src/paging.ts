import { z } from 'zod'

/** 200 rows: what a dense table shows without lag; more only makes each answer slower. */
export const pageSizeMax = 200

/** Of an edge: its site's code and its name, in which each character may take six of JSON and each byte a third more. */
export const cursorCharactersMax = 1_000

export const pageQuerySchema = z.object({
  /** From `meta.next_cursor` of the page before; opaque. */
  cursor: z.string().max(cursorCharactersMax).optional(),
  limit: z.coerce.number().int().min(1).max(pageSizeMax).default(50),
})

/** Instants on HTTP are ISO 8601 in UTC with milliseconds; in the journal and on the sync line they are epoch milliseconds (`_ms`). */
export const instantSchema = z.iso.datetime({ offset: true })
