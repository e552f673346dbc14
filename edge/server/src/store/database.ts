import { randomUUID } from 'node:crypto'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, isErrno } from '@jidoka/base'
import Sqlite from 'better-sqlite3'
import { JournalDamagedError, JournalFullError, JournalOpenError } from './errors.ts'
import { migrations, newestVersion } from './migrations.ts'

export type Database = Sqlite.Database

export const journalFile = (dataFolder: string): string => join(dataFolder, 'journal.db')

export interface OpenedDatabase {
  readonly database: Database
  readonly epoch: string
  /** What opening found worth telling: an unclean stop and the outcome of its check; null after a clean one. */
  readonly found: string | null
}

/**
 * Opens the journal for its one writer, making or migrating it as needed.
 * @throws JournalDamagedError when it is damaged; JournalOpenError when the folder is of a newer program, full or not writable.
 */
export function openForWriting(dataFolder: string, nowMs: number): OpenedDatabase {
  const file = journalFile(dataFolder)
  let database: Database | null = null
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
    makePrivate(file)
    database = new Sqlite(file)
    // Acknowledged means on disk (I1): in WAL mode only FULL syncs the log at each commit. NORMAL loses the last commits with the power.
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    // 4 MiB of pages: the b-tree tops, the dictionary tables and what a commit changes; a page that is not there lies in the system's cache.
    // With less, a large commit writes to the log before its end; with 16, rows that were written once and are never read take 12 more.
    database.pragma('cache_size = -4096')
    // 1,000 pages (SQLite's default) would checkpoint every 40 commits at full load; 4,000 (16 MiB of log) costs a reader nothing and quarters the stalls.
    database.pragma('wal_autocheckpoint = 4000')
    migrate(database, dataFolder, newestVersion)
    const epoch = epochOf(database)
    const found = checkAfterUncleanStop(database, dataFolder)
    setMeta(database, 'closed_in_order', '0')
    setMeta(database, 'opened_at_ms', String(nowMs))
    return { database, epoch, found }
  } catch (error) {
    database?.close()
    throw toOpenError(error, dataFolder)
  }
}

/** For this user alone, as readings and hashes of passwords lie in it. SQLite gives its log and index the mode of the database. */
export function makePrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
  // One of an older program, or one that was copied back from a backup.
  if ((statSync(file).mode & 0o077) === 0) return
  try {
    chmodSync(file, 0o600)
  } catch (error) {
    // It belongs to another user, who may share it; SQLite says whether it can be written.
    if (!isErrno(error, 'EPERM')) throw error
  }
}

/** Writes the log back into the database and marks the folder as closed in order. */
export function closeInOrder(database: Database): void {
  setMeta(database, 'closed_in_order', '1')
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
}

/**
 * A read-only connection of its own beside the writer's.
 * @throws JournalOpenError when there is no journal yet or it is of another version.
 */
export function openForReading(dataFolder: string): Database {
  const file = journalFile(dataFolder)
  if (!existsSync(file))
    throw new JournalOpenError(
      dataFolder,
      `There is no journal in ${dataFolder}. Start the appliance once, or name the right folder.`,
    )
  try {
    const database = new Sqlite(file, { readonly: true, fileMustExist: true })
    // 1 MiB in place of 2: there are up to five readers, and what they read are bodies of segments, each once.
    database.pragma('cache_size = -1024')
    const version = versionOf(database)
    if (version !== newestVersion) {
      database.close()
      throw new JournalOpenError(dataFolder, wrongVersion(dataFolder, version))
    }
    return database
  } catch (error) {
    throw toOpenError(error, dataFolder)
  }
}

export function setMeta(database: Database, name: string, value: string): void {
  database
    .prepare('insert into meta (name, value) values (?, ?) on conflict (name) do update set value = excluded.value')
    .run(name, value)
}

export function meta(database: Database, name: string): string | null {
  return database.prepare<[string], { value: string }>('select value from meta where name = ?').get(name)?.value ?? null
}

export function versionOf(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }))
}

/** Brings the tables to a version. @throws JournalOpenError when they are of a newer program. */
export function migrate(database: Database, dataFolder: string, toVersion: number): void {
  const from = versionOf(database)
  if (from > newestVersion) throw new JournalOpenError(dataFolder, wrongVersion(dataFolder, from))
  for (const step of migrations) {
    if (step.version <= from || step.version > toVersion) continue
    database.transaction(() => {
      database.exec(step.sql)
      database.pragma(`user_version = ${step.version}`)
    })()
  }
}

const wrongVersion = (folder: string, version: number): string =>
  version > newestVersion
    ? `The data folder ${folder} was written by a newer program (version ${version} of the store; this one knows up to ${newestVersion}). Install that program again, or give this one a new folder.`
    : `The journal in ${folder} is of version ${version} of the store and this program needs ${newestVersion}. Start the appliance once, which brings it up to date.`

function epochOf(database: Database): string {
  const known = meta(database, 'epoch')
  if (known !== null) return known
  const epoch = randomUUID()
  setMeta(database, 'epoch', epoch)
  setMeta(database, 'closed_in_order', '1')
  return epoch
}

function checkAfterUncleanStop(database: Database, dataFolder: string): string | null {
  if (meta(database, 'closed_in_order') === '1') return null
  const { answer, what } = quickCheck(database)
  if (answer !== 'ok') {
    throw new JournalDamagedError(
      dataFolder,
      `The journal in ${dataFolder} is damaged after an unclean stop (${answer}). Start the appliance, which takes what can be read into a new one.`,
    )
  }
  return `The appliance was not stopped in order the last time. ${what} checked; what it holds is readable.`
}

/** Above it a whole check of a cold card (50 MB/s) would hold the start up for more than ten seconds. */
const wholeCheckBytesMax = 512 * 1024 * 1024

/** Tables whose rows have checksums of their own, which are looked at when they are read and by the scrub. */
const checkedByRow = new Set(['reading_segments', 'records', 'judgments'])

/** SQLite's look at the structure of the database, in bounded time. `answer` is "ok" or the first fault. */
function quickCheck(database: Database): { readonly answer: string; readonly what: string } {
  const check = (of: string) => String(database.pragma(`quick_check(${of})`, { simple: true }))
  const bytes =
    Number(database.pragma('page_count', { simple: true })) * Number(database.pragma('page_size', { simple: true }))
  if (bytes <= wholeCheckBytesMax) return { answer: check('1'), what: 'The journal was' }
  const tables = database
    .prepare<[], { name: string }>("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    .all()
    .filter(({ name }) => !checkedByRow.has(name))
  const answer = tables.map(({ name }) => check(name)).find((each) => each !== 'ok') ?? 'ok'
  return { answer, what: 'All of the journal but its readings and records, which are checked as they are read, was' }
}

/** One sentence for whatever keeps a folder from being opened. */
export function toOpenError(error: unknown, folder: string): JournalOpenError {
  if (error instanceof JournalOpenError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const say = (sentence: string) => new JournalOpenError(folder, sentence, { cause: error })
  if (code === 'SQLITE_FULL' || isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG'))
    return new JournalFullError(
      folder,
      `The disk of the data folder ${folder} is full. Free some space, then start again; nothing is lost.`,
      { cause: error },
    )
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return new JournalDamagedError(
      folder,
      `The file ${journalFile(folder)} is not a whole journal. Start the appliance, which takes what can be read into a new one.`,
      { cause: error },
    )
  if (code === 'SQLITE_BUSY') return say(`The journal in ${folder} is in use by another program. Stop that one first.`)
  if (
    code === 'SQLITE_CANTOPEN' ||
    code === 'SQLITE_READONLY' ||
    isErrno(error, 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST')
  ) {
    return say(`The data folder ${folder} cannot be written. Give this user the right to it, or name another folder.`)
  }
  if (code.startsWith('SQLITE_IOERR'))
    return say(
      `The disk of the data folder ${folder} answers with errors or is full (${describeError(error)}). Check its free space and health, then start again.`,
    )
  return say(`The data folder ${folder} cannot be opened: ${describeError(error)}.`)
}

/** Bytes of the database and its log. */
export function journalBytes(dataFolder: string): number {
  return ['', '-wal', '-shm'].reduce((sum, suffix) => sum + fileBytes(`${journalFile(dataFolder)}${suffix}`), 0)
}

function fileBytes(file: string): number {
  try {
    return statSync(file).size
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}
