import { mkdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { segmentFileName, writeSegmentFile } from './segment-files.ts'

const synced = vi.hoisted((): string[] => [])
vi.mock(import('./sync-folder.ts'), async (importOriginal) => {
  const { syncFolder } = await importOriginal()
  return {
    syncFolder: (folder: string) => {
      synced.push(folder)
      syncFolder(folder)
    },
  }
})

let folder: string
beforeEach(() => {
  folder = newFolder()
  synced.length = 0
})
afterEach(() => removeFolder(folder))

const take = () => synced.splice(0).map((each) => relative(folder, each))

test('the names of new folders are on disk before a file lies in them', () => {
  writeSegmentFile(folder, segmentFileName(1, 10), Buffer.from('x'))
  expect(take()).toEqual(['segments', '', 'segments/0'])
  writeSegmentFile(folder, segmentFileName(11, 10), Buffer.from('x'))
  expect(take()).toEqual(['segments/0'])
})

test('a folder that a killed start has made and not synced is synced with its first file', () => {
  mkdirSync(join(folder, dirname(segmentFileName(1, 10))), { recursive: true })
  writeSegmentFile(folder, segmentFileName(1, 10), Buffer.from('x'))
  expect(take()).toEqual(['segments', '', 'segments/0'])
})
