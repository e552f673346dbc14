import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { SegmentFile, segmentFileName, sweepSegmentFiles, writeSegmentFile } from './segment-files.ts'

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

test('a file is written whole and read in places', () => {
  const name = segmentFileName(65_537, 3)
  writeSegmentFile(folder, name, Buffer.from('abcdefgh'))
  expect(readFileSync(join(folder, name), 'utf8')).toBe('abcdefgh')
  const file = SegmentFile.open(folder, name)
  expect(file?.bytes).toBe(8)
  expect(Buffer.from(file?.read(2, 3) ?? []).toString()).toBe('cde')
  expect(Buffer.from(file?.read(6, 100) ?? []).toString()).toBe('gh')
  expect(file?.read(100, 1)).toHaveLength(0)
  file?.close()
  expect(SegmentFile.open(folder, segmentFileName(1, 1))).toBeNull()
})

test('no sub-folder takes more than 1,024 full files', () => {
  const folders = new Map<string, number>()
  for (let file = 0; file < 5_000; file++) {
    const path = segmentFileName(1 + file * 65_536, 65_536)
      .split('/')
      .slice(0, 2)
      .join('/')
    folders.set(path, (folders.get(path) ?? 0) + 1)
  }
  expect(Math.max(...folders.values())).toBeLessThanOrEqual(1_024)
})

test('what a crash left is swept: the unfinished and what no row names', () => {
  const [kept, orphan] = [segmentFileName(1, 10), segmentFileName(11, 10)]
  writeSegmentFile(folder, kept, Buffer.from('kept'))
  writeSegmentFile(folder, orphan, Buffer.from('orphan'))
  writeFileSync(join(folder, 'segments', 'tmp-half'), 'hal')
  expect(sweepSegmentFiles(folder, (name) => name === kept)).toEqual(
    expect.arrayContaining([orphan, 'segments/tmp-half']),
  )
  expect([kept, orphan, 'segments/tmp-half'].map((name) => existsSync(join(folder, name)))).toEqual([
    true,
    false,
    false,
  ])
})

test('a write that fails leaves nothing behind', () => {
  const name = segmentFileName(1, 10)
  mkdirSync(join(folder, name), { recursive: true })
  expect(() => writeSegmentFile(folder, name, Buffer.from('x'))).toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
  expect(sweepSegmentFiles(folder, () => true)).toEqual([])
  expect(existsSync(join(folder, 'segments', 'tmp-segments-0-1-10.seg'))).toBe(false)
})

test('a folder without merged segments has nothing to sweep', () => {
  expect(sweepSegmentFiles(folder, () => false)).toEqual([])
})
