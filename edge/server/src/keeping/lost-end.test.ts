import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { mergeSegments } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { journalFile, meta } from '../store/database.ts'
import { writeMark } from '../store/journal-mark.ts'
import { listSegmentFiles, segmentFileName, writeSegmentFile } from '../store/segment-files.ts'
import { TestJournal } from '../pipeline/test-support.ts'
import { openJournal } from './open-journal.ts'
import { KeptJournal } from './testing/kept-journal.ts'

describe('a journal that is not what it was', () => {
  let at: KeptJournal
  beforeEach(() => {
    at = new KeptJournal()
  })
  afterEach(() => at.close())

  const log = () => `${journalFile(at.folder)}-wal`
  const epoch = () => meta(at.database, 'epoch') ?? ''
  const saved = () => join(at.folder, 'saved')
  const mark = (isLast = false) =>
    writeMark(at.folder, epoch(), { nextReadingSeq: at.next.readings, nextRecordSeq: at.next.records }, isLast)

  function open(): string | null {
    const opened = openJournal(at.folder, at.clock.nowMs())
    at.database = opened.database
    for (const { lane, next_seq } of at.all<{ lane: 'readings' | 'records'; next_seq: number }>('select * from lanes'))
      at.next[lane] = next_seq
    return opened.found
  }

  /** What lies in the database itself, without what is in its log. */
  const save = () => {
    at.database.pragma('wal_checkpoint(TRUNCATE)')
    copyFileSync(journalFile(at.folder), saved())
  }

  /** As if the log had never been, whatever it held. */
  const loseLog = () => {
    at.database.close()
    for (const suffix of ['-wal', '-shm']) rmSync(`${journalFile(at.folder)}${suffix}`, { force: true })
    copyFileSync(saved(), journalFile(at.folder))
  }

  const drops = () =>
    at
      .all<{ line: string }>("select line from records where kind = 'drop' order by seq")
      .map(({ line }) => (JSON.parse(line) as { body: { lane: string; from_seq: number; reason: string } }).body)

  function expectAccounted(): void {
    // Numbers are in the tens of millions here: what is held and what is in gaps must follow on one another instead.
    for (const [lane, held] of [
      [
        'readings',
        'select first_seq as "from", first_seq + count - 1 as "to" from reading_segments union all select first_seq, first_seq + count - 1 from segment_files',
      ],
      ['records', 'select seq as "from", seq as "to" from records'],
    ] as const) {
      let next = 1
      const ranges = [...at.all<{ from: number; to: number }>(held), ...at.gaps(lane)]
      for (const { from, to } of ranges.toSorted((left, right) => left.from - right.from)) {
        expect(from).toBe(next)
        next = to + 1
      }
      expect(next).toBe(at.next[lane])
    }
  }

  test('I2: with its log lost goes on behind every number that may have been given, and says what is missing', () => {
    at.segment(100)
    at.record({ kind: 'event', body: {} })
    save()
    at.segment(50)
    at.record({ kind: 'event', body: {} })
    at.record({ kind: 'event', body: {} })
    mark()
    at.segment(5)
    loseLog()
    const found = open()
    expect(found).toContain('lost its end')
    expect(found).toContain('readings 101 to 150 and records 2 to 3 had been committed')
    expect(at.gaps('readings')).toMatchObject([{ from: 101, reason: 'damaged' }])
    expect(at.gaps('readings')[0]?.to).toBeGreaterThan(155)
    expect(drops()).toMatchObject([
      { lane: 'readings', from_seq: 101, reason: 'damaged' },
      { lane: 'records', from_seq: 2, reason: 'damaged' },
    ])
    expectAccounted()
    at.database.close()
    expect(open()).not.toContain('lost its end')
    expectAccounted()
  })

  test('I2: with its log cut in the middle it does the same', () => {
    at.segment(100)
    save()
    for (let index = 0; index < 20; index++) at.segment(50)
    mark()
    const bytes = statSync(log()).size
    copyFileSync(log(), `${saved()}-log`)
    loseLog()
    copyFileSync(`${saved()}-log`, log())
    truncateSync(log(), Math.floor(bytes / 2))
    expect(open()).toContain('lost its end')
    expect(at.all<{ n: number }>('select sum(count) as n from reading_segments')[0]?.n).toBeGreaterThan(100)
    expectAccounted()
  })

  test('I2: behind a stop in order nothing was given: an older backup goes on where the mark says', () => {
    at.segment(100)
    save()
    at.segment(50)
    at.record({ kind: 'event', body: {} })
    mark(true)
    loseLog()
    expect(open()).not.toContain('ten seconds')
    expect(at.gaps('readings')).toMatchObject([{ from: 101, to: 150 }])
    expect(at.gaps('records')).toMatchObject([{ from: 1, to: 1 }])
    expectAccounted()
    at.segment(5)
    expectAccounted()
  })

  test('I1: finds readings of the lost end again that lie in files, also where they were merged since', () => {
    at.segment(500, 'file')
    save()
    at.segment(400, 'file')
    at.segment(300, 'file')
    // The first two have become part of a larger one since.
    const parts = [segmentFileName(1, 500), segmentFileName(501, 400)].map((name) => join(at.folder, name))
    const whole = segmentFileName(1, 900)
    writeSegmentFile(at.folder, whole, mergeSegments(parts.map((part) => readFileSync(part))))
    for (const part of parts) rmSync(part)
    mark(true)
    loseLog()
    expect(open()).toContain('All of it was found')
    expect(at.gaps('readings')).toEqual([])
    expect(at.all('select first_seq, count, file from segment_files')).toEqual([
      { first_seq: 1, count: 900, file: whole },
      { first_seq: 901, count: 300, file: segmentFileName(901, 300) },
    ])
    expectAccounted()
  })

  test('whole, with a mark behind it, of another epoch or of no sense, has lost nothing', () => {
    at.segment(100)
    mark()
    at.segment(50)
    at.database.close()
    expect(open()).toBe(
      'The appliance was not stopped in order the last time. The journal was checked; what it holds is readable.',
    )
    writeMark(at.folder, 'another', { nextReadingSeq: 1e9, nextRecordSeq: 1e9 }, true)
    at.database.close()
    expect(open()).not.toContain('lost its end')
    expect(readdirSync(at.folder)).toContain('journal-mark-another.json')
    writeFileSync(join(at.folder, 'journal-mark.json'), '')
    at.database.close()
    expect(open()).not.toContain('lost its end')
    expect(at.next.readings).toBe(151)
  })

  test('I2: that is brought back behind another one still knows how far it had come', () => {
    at.segment(100)
    save()
    at.segment(50)
    mark(true)
    at.database.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${journalFile(at.folder)}${suffix}`, { force: true })
    open()
    loseLog()
    expect(open()).toContain('readings 101 to 150')
    expect(at.next.readings).toBe(151)
  })

  test('I1: with journal.db gone, no file of readings is deleted: all are set aside and it is said', () => {
    at.segment(500, 'file')
    at.segment(400, 'file')
    at.database.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${journalFile(at.folder)}${suffix}`, { force: true })
    const found = open()
    const aside = `segments-${at.clock.nowMs()}`
    expect(found).toContain('There was no journal beside 2 files of readings')
    expect(found).toContain(`damaged/${aside}`)
    expect(readdirSync(join(at.folder, 'damaged', aside)).toSorted()).toEqual(['1-500.seg', '501-400.seg'])
    expect(listSegmentFiles(at.folder)).toEqual([])
    at.database.close()
    expect(open()).not.toContain('set aside')
  })

  test('I1: files of readings that it never gave numbers to are set aside, its own and those of a merge stay', () => {
    at.segment(500, 'file')
    at.segment(400)
    const folder = join(at.folder, 'segments', '0')
    for (const name of ['501-400.seg', '901-400.seg']) copyFileSync(join(folder, '1-500.seg'), join(folder, name))
    at.database.close()
    expect(open()).toContain('never given were in 1 file of readings')
    expect(readdirSync(folder).toSorted()).toEqual(['1-500.seg', '501-400.seg'])
    expect(existsSync(join(at.folder, 'damaged', `segments-${at.clock.nowMs()}`, '901-400.seg'))).toBe(true)
  })
})

test('I2: a running journal marks how far it is at each checkpoint, and goes on behind it when its log is gone', () => {
  const at = new TestJournal()
  try {
    at.pass(11)
    for (let value = 0; value < 20; value++) at.send(value)
    at.pass(11)
    const { readingsSeq } = at.read((reader) => reader.lanes())
    const readMark = () =>
      JSON.parse(readFileSync(join(at.folder, 'journal-mark.json'), 'utf8')) as { readings: number }
    expect(readMark()).toMatchObject({ readings: readingsSeq + 1, isLast: false })
    // The last connection that closes writes the log back: the database as it is without it is copied before.
    const withoutLog = readFileSync(journalFile(at.folder))
    at.journal.abandon()
    writeFileSync(journalFile(at.folder), withoutLog)
    at.restart({ inOrder: false })
    expect(at.journal.found).toContain('lost its end')
    const { readings } = readMark()
    expect(readings).toBeGreaterThan(readingsSeq)
    at.send(1)
    const held = at.read((reader) => reader.segments(1, Infinity)).map(({ firstSeq }) => firstSeq)
    expect(held).toEqual([readings])
    expect(at.read((reader) => reader.gapFrom('readings', 1))).toMatchObject({ fromSeq: 1, toSeq: readings - 1 })
    at.restart()
    expect(at.journal.found).toBeNull()
    at.journal.close()
    expect(readMark()).toMatchObject({ readings: readings + 1, isLast: true })
    at.reopen()
  } finally {
    at.close()
  }
})
