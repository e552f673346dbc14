import { z } from 'zod'
import { ProblemError } from './http/problem.ts'

/** Where a page ended: the next one begins behind it (keyset paging, so that new rows shift nothing). */
export interface PageKey {
  at: string
  id: string
}

const pageKeySchema = z.tuple([z.iso.datetime(), z.uuid()])

/** @throws ProblemError `invalid_input` for a cursor that is not one of ours. */
export function readCursor(cursor: string | undefined): PageKey | null {
  if (cursor === undefined) return null
  try {
    const [at, id] = pageKeySchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return { at, id }
  } catch (cause) {
    throw new ProblemError('invalid_input', 'The cursor is not one that this list gave. Begin again without it.', {
      cause,
    })
  }
}

/** Cuts the one row too many off, and says where the next page begins. */
export function pageOf<Row>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => PageKey,
): { rows: Row[]; next: string | null } {
  const last = rows[limit - 1]
  if (rows.length <= limit || last === undefined) return { rows, next: null }
  const { at, id } = keyOf(last)
  return { rows: rows.slice(0, limit), next: cursorOf({ at, id }) }
}

export const cursorOf = ({ at, id }: PageKey): string => Buffer.from(JSON.stringify([at, id])).toString('base64url')
