import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from '../../store/database.ts'

/** Flips one bit of a file. */
export function flipBit(file: string, offset: number): void {
  const handle = openSync(file, 'r+')
  const byte = Buffer.alloc(1)
  readSync(handle, byte, 0, 1, offset)
  writeSync(handle, Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, offset)
  closeSync(handle)
}

export const pageBytes = 4_096

/** Pages of a table or index in the file, those of rows first; numbers begin with 1. */
export function pagesOf(database: Database, name: string, kind: 'leaf' | 'internal' | 'overflow' = 'leaf'): number[] {
  return database
    .prepare<[string, string], { pageno: number }>(
      'select pageno from dbstat where name = ? and pagetype = ? order by path',
    )
    .all(name, kind)
    .map(({ pageno }) => pageno)
}

/** What a dying disk makes of pages. */
export function ruinPages(folder: string, pages: readonly number[]): void {
  const handle = openSync(join(folder, 'journal.db'), 'r+')
  for (const page of pages) writeSync(handle, Buffer.alloc(pageBytes, 0x5a), 0, pageBytes, (page - 1) * pageBytes)
  closeSync(handle)
}
