import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestJournal } from '../pipeline/test-support.ts'
import { StoreProblemError } from '../store/errors.ts'
import { pagesOf, ruinPages } from './testing/damage.ts'

describe('damage that a running journal meets', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  test('I2: a segment that a reader reports is set aside in a commit of its own, and ingest goes on behind it', () => {
    at.send(1, 2, 3)
    at.send(4)
    const sqlite = at.edit()
    sqlite.exec('update reading_segments set body = zeroblob(length(body)) where first_seq = 1')
    sqlite.close()
    expect(at.command({ kind: 'set_aside', damage: { lane: 'readings', firstSeq: 1 } })).toBe(true)
    expect(at.command({ kind: 'set_aside', damage: { lane: 'readings', firstSeq: 1 } })).toBe(false)
    expect(at.command({ kind: 'set_aside', damage: { lane: 'readings', firstSeq: 4 } })).toBe(false)
    expect(at.read((reader) => reader.gapFrom('readings', 2))).toEqual({
      fromSeq: 1,
      toSeq: 3,
      reason: 'damaged',
    })
    expect(at.records().filter(({ kind }) => kind === 'drop')).toMatchObject([{ body: { from_seq: 1, to_seq: 3 } }])
    expect(at.send(5).readingsSeq).toBe(5)
  })

  test('I2: a record whose checksum does not fit never leaves, those around it do', () => {
    at.send(1)
    at.command({ kind: 'save_setting', name: 'a', value: 'x' })
    for (const key of ['b', 'c']) at.send({ topic: `sensor/LINE-A/${key}`, payload: Buffer.from('{"value":1}') })
    const before = at.records().map(({ seq }) => seq)
    const sqlite = at.edit()
    sqlite.exec("update records set line = replace(line, 'LINE-A', 'LINE-X') where seq = 2")
    sqlite.close()
    expect(at.records().map(({ seq }) => seq)).toEqual(before.filter((seq) => seq !== 2))
  })

  test('I1: ends it with a sentence, and the next start goes on with all that was acknowledged', () => {
    at.send(1, 2, 3)
    at.command({ kind: 'save_setting', name: 'a', value: 'x' })
    at.journal.close()
    const sqlite = at.edit()
    const pages = pagesOf(sqlite, 'settings')
    sqlite.close()
    ruinPages(at.folder, pages)
    at.restart({ inOrder: false })
    // The stop was in order, so that nothing was checked; the first commit that needs the page finds it.
    expect(at.journal.found).toBeNull()
    let problem: unknown
    try {
      at.command({ kind: 'save_setting', name: 'b', value: 'y' })
    } catch (error) {
      problem = error
    }
    expect(problem).toBeInstanceOf(StoreProblemError)
    expect(problem).toMatchObject({ problem: 'damaged', message: expect.stringContaining('its next start') as string })
    expect(existsSync(join(at.folder, 'salvage-wanted'))).toBe(true)
    at.restart({ inOrder: false })
    expect(at.journal.found).toContain('settings')
    expect(existsSync(join(at.folder, 'salvage-wanted'))).toBe(false)
    expect(at.read((reader) => reader.lanes().readingsSeq)).toBe(3)
    expect(at.read((reader) => reader.lastValues())).toMatchObject([{ value: 3 }])
    expect(at.send(4).readingsSeq).toBe(4)
  })
})
