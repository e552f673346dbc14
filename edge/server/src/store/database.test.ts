import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { closeInOrder, journalFile, openForReading, openForWriting } from './database.ts'
import { JournalOpenError } from './errors.ts'
import { migrations, newestVersion } from './migrations.ts'

describe('the journal file', () => {
  let folder: string
  beforeEach(() => {
    folder = newFolder()
  })
  afterEach(() => removeFolder(folder))

  test('I1: is made with an epoch that stays, write-ahead log and synchronous=FULL', () => {
    const first = openForWriting(folder, 0)
    expect(first.database.pragma('synchronous', { simple: true })).toBe(2)
    expect(first.database.pragma('journal_mode', { simple: true })).toBe('wal')
    closeInOrder(first.database)
    const second = openForWriting(folder, 0)
    expect(second.epoch).toBe(first.epoch)
    expect(second.found).toBeNull()
    closeInOrder(second.database)
  })

  test('says that it was checked after a stop that was not in order', () => {
    openForWriting(folder, 0).database.close()
    const opened = openForWriting(folder, 0)
    expect(opened.found).toContain('was checked; what it holds is readable')
    closeInOrder(opened.database)
  })

  test('is readable by its own user alone, with its log, also when it was copied back by another program', () => {
    const mode = (suffix: string) => statSync(`${journalFile(folder)}${suffix}`).mode & 0o777
    const { database } = openForWriting(folder, 0)
    expect(['', '-wal', '-shm'].map(mode)).toEqual([0o600, 0o600, 0o600])
    closeInOrder(database)
    chmodSync(journalFile(folder), 0o644)
    closeInOrder(openForWriting(folder, 0).database)
    expect(mode('')).toBe(0o600)
  })

  test('of a newer program is refused with both versions', () => {
    const { database } = openForWriting(folder, 0)
    database.pragma(`user_version = ${newestVersion + 1}`)
    closeInOrder(database)
    expect(() => openForWriting(folder, 0)).toThrow(
      new RegExp(`written by a newer program \\(version ${newestVersion + 1}`),
    )
    expect(() => openForReading(folder)).toThrow(JournalOpenError)
  })

  test('that is no database is refused with a sentence', () => {
    writeFileSync(
      journalFile(folder),
      'this is a shopping list, and long enough to be read as a header of a database'.repeat(20),
    )
    expect(() => openForWriting(folder, 0)).toThrow(/is not a whole journal/)
  })

  test('with a damaged page is refused after an unclean stop', () => {
    const { database } = openForWriting(folder, 0)
    const insert = database.prepare('insert into settings (name, value) values (?, ?)')
    for (let index = 0; index < 2_000; index++) insert.run(`name-${index}`, 'value'.repeat(20))
    database.pragma('wal_checkpoint(TRUNCATE)')
    database.close()
    const raw = new Sqlite(journalFile(folder))
    const pages = Number(raw.pragma('page_count', { simple: true }))
    raw.close()
    const fs = process.getBuiltinModule('node:fs')
    const file = fs.openSync(journalFile(folder), 'r+')
    fs.writeSync(file, Buffer.alloc(4_096, 0x5a), 0, 4_096, Math.floor(pages / 2) * 4_096)
    fs.closeSync(file)
    expect(() => openForWriting(folder, 0)).toThrow(/damaged after an unclean stop/)
  })

  test('cannot lie where a file is already', () => {
    const file = join(folder, 'taken')
    writeFileSync(file, '')
    expect(() => openForWriting(file, 0)).toThrow(JournalOpenError)
  })

  test('is not made by looking for it', () => {
    mkdirSync(join(folder, 'empty'))
    expect(() => openForReading(join(folder, 'empty'))).toThrow(/There is no journal/)
  })

  test('has migrations that count up from 1 without a gap', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1))
  })
})
