import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSegment } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { journalFile } from '../store/database.ts'
import { JournalOpenError } from '../store/errors.ts'
import { openJournal } from './open-journal.ts'
import { askForSalvage, salvageFile } from './salvage-files.ts'
import { keepSchemaCopy } from './schema-copy.ts'
import { pagesOf, ruinPages } from './testing/damage.ts'
import { KeptJournal } from './testing/kept-journal.ts'

/*
 * A database is filled, pages of its file are overwritten as a dying disk does, and it is opened again. Whatever is hit:
 * it opens, every row that is left is whole, and every number of both lanes is either held or in a gap (I2).
 */
describe('a damaged database', () => {
  let at: KeptJournal
  beforeEach(() => {
    at = new KeptJournal()
    at.database.exec('begin')
    for (let index = 0; index < 300; index++) {
      at.segment(100)
      at.judgment(index % 3 > 0)
      at.record({ kind: 'event', body: { text: 'x'.repeat(300) } })
    }
    at.database.prepare("insert into meta values ('last_values_seq', '29000')").run()
    for (let index = 0; index < 200; index++)
      at.database.prepare('insert into settings values (?, ?)').run(`name-${index}`, 'v'.repeat(100))
    at.database.exec('commit')
  })
  afterEach(() => at.close())

  /** As after a power cut: not marked as closed in order. */
  function crash(): void {
    at.database.pragma('wal_checkpoint(TRUNCATE)')
    at.database.close()
  }

  function reopen(): string {
    const opened = openJournal(at.folder, at.clock.nowMs())
    at.database = opened.database
    for (const { lane, next_seq } of at.all<{ lane: 'readings' | 'records'; next_seq: number }>('select * from lanes'))
      at.next[lane] = next_seq
    return opened.found ?? ''
  }

  function expectWhole(): void {
    expect(at.database.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(at.unaccounted('readings')).toEqual([])
    expect(at.unaccounted('records')).toEqual([])
    for (const { body, first_seq } of at.all<{ body: Buffer; first_seq: number }>('select * from reading_segments'))
      expect(decodeSegment(body).firstSeq).toBe(first_seq)
  }

  const drops = () =>
    at
      .all<{ line: string }>("select line from records where kind = 'drop' order by seq")
      .map(({ line }) => (JSON.parse(line) as { body: { lane: string; reason: string; count: number } }).body)

  test('I2: a lost page of readings becomes a gap and a drop record, and all else goes on', () => {
    const [page = 0] = pagesOf(at.database, 'reading_segments').slice(20)
    const epoch = at.all<{ value: string }>("select value from meta where name = 'epoch'")
    crash()
    ruinPages(at.folder, [page])
    const found = reopen()
    expect(found).toMatch(/^The journal was damaged .* \d+ readings are missing; they are recorded as gaps\./)
    expectWhole()
    expect(at.gaps('readings')).toMatchObject([{ reason: 'damaged' }])
    expect(drops()).toMatchObject([{ lane: 'readings', reason: 'damaged', count: at.gaps('readings')[0]?.count }])
    expect(at.gaps('readings')[0]?.count).toBeLessThan(1_000)
    expect(at.next.readings).toBe(30_001)
    expect(at.all("select value from meta where name = 'epoch'")).toEqual(epoch)
    expect(at.all('select count(*) as n from settings')).toEqual([{ n: 200 }])
    expect(readdirSync(join(at.folder, 'damaged'))).toContain(`journal-${at.clock.nowMs()}.db`)
  })

  test('I2: several lost pages of records become gaps, and their judgments go with them', () => {
    const pages = pagesOf(at.database, 'records')
    crash()
    ruinPages(at.folder, [pages[0] ?? 0, pages[5] ?? 0, pages.at(-1) ?? 0])
    expect(reopen()).toContain('records are missing')
    expectWhole()
    expect(at.gaps('records').length).toBe(3)
    expect(at.next.records).toBeGreaterThan(600)
    expect(at.all('select * from judgments where seq not in (select seq from records)')).toEqual([])
  })

  test.each(['reading_segments', 'records', 'lanes', 'meta', 'settings', 'judgments', 'gaps', 'receipts'])(
    'I2: with all of the table %s lost it opens, and no number comes twice',
    (table) => {
      at.receipt('readings', 12_000)
      const pages = [...pagesOf(at.database, table, 'internal'), ...pagesOf(at.database, table)]
      crash()
      ruinPages(at.folder, pages)
      const found = reopen()
      expect(found).toContain('was damaged')
      expectWhole()
      expect(at.next.readings).toBeGreaterThanOrEqual(table === 'reading_segments' ? 29_001 : 30_001)
      expect(at.next.records).toBeGreaterThan(600)
      expect(at.all<{ value: string }>("select value from meta where name = 'epoch'")[0]?.value).toBeDefined()
      if (table === 'judgments') expect(at.all('select count(*) as n from judgments')).toEqual([{ n: 300 }])
    },
  )

  test('with its name lost it goes on under the one that a receipt knows', () => {
    at.receipt('readings', 12_000)
    const pages = pagesOf(at.database, 'meta')
    crash()
    ruinPages(at.folder, pages)
    expect(reopen()).not.toContain('new epoch')
    expect(at.all("select value from meta where name = 'epoch'")).toEqual([{ value: 'epoch-of-the-receipt' }])
  })

  test('a catalogue that is lost is made again from the files', () => {
    at.segment(500, 'file')
    at.segment(500, 'file')
    const before = at.all('select first_seq, count, bytes, file from segment_files')
    const pages = pagesOf(at.database, 'segment_files')
    crash()
    ruinPages(at.folder, pages)
    reopen()
    expectWhole()
    expect(at.all('select first_seq, count, bytes, file from segment_files')).toEqual(before)
    expect(at.gaps('readings')).toEqual([])
  })

  test('with its first page or its list of tables lost nothing is missing: a copy of them lies beside it', () => {
    at.database.pragma('wal_checkpoint(TRUNCATE)')
    keepSchemaCopy(at.database, at.folder)
    for (let index = 0; index < 300; index++) at.segment(100)
    const pages = [...pagesOf(at.database, 'sqlite_schema'), ...pagesOf(at.database, 'sqlite_schema', 'internal')]
    expect(pages).toContain(1)
    crash()
    ruinPages(at.folder, pages)
    expect(reopen()).toContain('No reading and no record is missing')
    expect(at.next.readings).toBe(60_001)
    expectWhole()
    expect(readdirSync(at.folder).filter((name) => name.includes('mended'))).toEqual([])
  })

  test('of which nothing can be read is put away whole and a new epoch begins', () => {
    at.segment(500, 'file')
    const epoch = at.all<{ value: string }>("select value from meta where name = 'epoch'")
    crash()
    ruinPages(at.folder, [1])
    expect(reopen()).toContain('nothing of it could be read')
    expect(at.all("select value from meta where name = 'epoch'")).not.toEqual(epoch)
    expect(readdirSync(join(at.folder, 'damaged')).toSorted()).toEqual([
      `journal-${at.clock.nowMs()}-segments`,
      `journal-${at.clock.nowMs()}.db`,
    ])
    expectWhole()
  })

  test('is salvaged when a commit has met the damage, though the stop looked in order', () => {
    at.database.prepare("update meta set value = '1' where name = 'closed_in_order'").run()
    crash()
    askForSalvage(at.folder)
    expect(reopen()).toContain('No reading and no record is missing')
    expectWhole()
    at.database.close()
    expect(reopen()).toContain('was checked; what it holds is readable')
  })

  test('is salvaged once, whenever a crash interrupts it', () => {
    const [page = 0] = pagesOf(at.database, 'reading_segments').slice(20)
    crash()
    ruinPages(at.folder, [page])
    // While it is being built.
    writeFileSync(salvageFile(at.folder), 'half of it')
    copyFileSync(journalFile(at.folder), join(at.folder, 'kept.db'))
    reopen()
    const gaps = at.gaps('readings')
    at.database.pragma('wal_checkpoint(TRUNCATE)')
    at.database.close()
    // Between the renames: the damaged one has gone, its log has not, the new one is not yet in place.
    renameSync(journalFile(at.folder), salvageFile(at.folder))
    writeFileSync(`${journalFile(at.folder)}-wal`, 'the log of the damaged one')
    at.clock.advance(1)
    reopen()
    expect(at.gaps('readings')).toEqual(gaps)
    expectWhole()
    expect(existsSync(salvageFile(at.folder))).toBe(false)
    rmSync(join(at.folder, 'kept.db'))
  })

  test('is refused where it is no journal at all', () => {
    crash()
    writeFileSync(journalFile(at.folder), 'this is a shopping list, and long enough to be read as a header'.repeat(20))
    for (const suffix of ['-wal', '-shm']) rmSync(`${journalFile(at.folder)}${suffix}`, { force: true })
    expect(() => openJournal(at.folder, 0)).toThrow(JournalOpenError)
    rmSync(journalFile(at.folder))
    reopen()
  })
})
