import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { journalFile } from '../store/database.ts'
import type { Database } from '../store/database.ts'

/*
 * The first page of the database and those of its list of tables are written most and are few; without them nothing else
 * can be found. They change with the version of the store alone, so that a copy beside the database is all it takes.
 */

const copyFile = (dataFolder: string): string => join(dataFolder, 'journal-schema.json')
const mendedFile = (dataFolder: string): string => join(dataFolder, 'journal-mended.db')
const pageBytes = 4_096
/** Where the first page says how many pages there are: as of the copy, and pages behind it would be out of bounds. */
const pageCountAt = 28

const copySchema = z.strictObject({
  schemaVersion: z.number().int().nonnegative(),
  pages: z.array(z.strictObject({ number: z.number().int().positive(), bytes: z.string().max(8_192) })).max(1_000),
})

/** Copies the pages where the list of tables has changed since. To be called by the writer, before readers come. */
export function keepSchemaCopy(database: Database, dataFolder: string): void {
  const schemaVersion = Number(database.pragma('schema_version', { simple: true }))
  if (readCopy(dataFolder)?.schemaVersion === schemaVersion) return
  try {
    writeCopy(database, dataFolder, schemaVersion)
  } catch (error) {
    // A full disk must not keep the appliance from its start; the next one copies.
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!/^(ENOSPC|EDQUOT|EFBIG|EIO|EROFS|SQLITE_FULL|SQLITE_IOERR.*)$/.test(code)) throw error
  }
}

function writeCopy(database: Database, dataFolder: string, schemaVersion: number): void {
  database.pragma('wal_checkpoint(TRUNCATE)')
  const numbers = database
    .prepare<[], { pageno: number }>("select pageno from dbstat where name = 'sqlite_schema'")
    .all()
    .map(({ pageno }) => pageno)
  const source = openSync(journalFile(dataFolder), 'r')
  const target = openSync(`${copyFile(dataFolder)}.tmp`, 'w', 0o600)
  try {
    const pages = numbers.map((number) => {
      const page = Buffer.alloc(pageBytes)
      readSync(source, page, 0, pageBytes, (number - 1) * pageBytes)
      return { number, bytes: page.toString('base64') }
    })
    writeSync(target, JSON.stringify({ schemaVersion, pages } satisfies z.infer<typeof copySchema>))
    fsyncSync(target)
  } finally {
    closeSync(source)
    closeSync(target)
  }
  renameSync(`${copyFile(dataFolder)}.tmp`, copyFile(dataFolder))
}

/** A copy of the damaged database with its first pages mended, for looking; null where there are none to mend it with. */
export function mendCopy(dataFolder: string): string | null {
  const copy = readCopy(dataFolder)
  if (copy === null) return null
  const mended = mendedFile(dataFolder)
  for (const suffix of ['', '-wal']) {
    rmSync(`${mended}${suffix}`, { force: true })
    const file = `${journalFile(dataFolder)}${suffix}`
    if (existsSync(file)) copyFileSync(file, `${mended}${suffix}`, constants.COPYFILE_FICLONE)
  }
  const handle = openSync(mended, 'r+')
  try {
    for (const { number, bytes } of copy.pages) {
      const page = Buffer.from(bytes, 'base64')
      if (number === 1) page.writeUInt32BE(Math.floor(statSync(mended).size / pageBytes), pageCountAt)
      writeSync(handle, page, 0, page.length, (number - 1) * pageBytes)
    }
  } finally {
    closeSync(handle)
  }
  return mended
}

export function removeMendedCopy(dataFolder: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${mendedFile(dataFolder)}${suffix}`, { force: true })
}

function readCopy(dataFolder: string): z.infer<typeof copySchema> | null {
  if (!existsSync(copyFile(dataFolder))) return null
  try {
    return copySchema.parse(JSON.parse(readFileSync(copyFile(dataFolder), 'utf8')))
  } catch (error) {
    // Damaged itself: made anew at the next start, and of no use until then.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null
    throw error
  }
}
