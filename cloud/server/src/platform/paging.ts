import { z } from 'zod'
import { ProblemError } from './http/problem.ts'

/** Where a page ended: the next one begins behind it (keyset paging, so that new rows shift nothing). */
export interface PageKey {
  at: string
  id: string
}

/** The same in a list that is ordered by texts: what its last row is ordered by. */
export type TextKey = readonly string[]

export interface Page<Row> {
  rows: Row[]
  next: string | null
}

const pageKeySchema = z.tuple([z.iso.datetime(), z.uuid()])

/** @throws ProblemError `invalid_input` for a cursor that is not one of ours. */
export function readCursor(cursor: string | undefined): PageKey | null {
  if (cursor === undefined) return null
  const [at, id] = read(cursor, pageKeySchema)
  return { at, id }
}

/** @throws ProblemError `invalid_input` for a cursor that is not one of a list that is ordered by so many texts. */
export function readTextCursor(cursor: string | undefined, length: number): TextKey | null {
  return cursor === undefined ? null : read(cursor, z.array(z.string()).length(length))
}

function read<Key>(cursor: string, schema: z.ZodType<Key>): Key {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new ProblemError('invalid_input', 'The cursor is not one that this list gave. Begin again without it.', {
      cause,
    })
  }
}

/** Cuts the one row too many off, and says where the next page begins. */
export function pageOf<Row>(rows: Row[], limit: number, keyOf: (row: Row) => PageKey | TextKey): Page<Row> {
  const last = rows[limit - 1]
  if (rows.length <= limit || last === undefined) return { rows, next: null }
  const key = keyOf(last)
  return { rows: rows.slice(0, limit), next: 'id' in key ? cursorOf(key) : textCursorOf(key) }
}

export const cursorOf = ({ at, id }: PageKey): string => textCursorOf([at, id])

const textCursorOf = (key: TextKey): string => Buffer.from(JSON.stringify(key)).toString('base64url')
