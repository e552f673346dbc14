import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Draws } from '../random.ts'
import { buildShim, noShim, shimEnvironment } from './build.ts'
import { Disk } from './disk.ts'
import type { NamesModel } from './disk.ts'
import type { Entry } from './log.ts'
import { readLog } from './log.ts'

/*
 * The model of a disk is what the power cuts stand on, so it is held against programs whose promise is known: what was
 * synced is always there, and what was not is there, or not, or in part.
 */
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'jidoka-disk-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const data = (text: string) => Buffer.from(text)
const opened = (fd: number, path: string, created = true): Entry => ({
  kind: 'opened',
  fd,
  path: `/data${path}`,
  created,
  emptied: false,
})
const written = (fd: number, text: string, offset = 0): Entry => ({
  kind: 'written',
  fd,
  offset,
  data: data(text),
  synced: false,
})
const synced = (fd: number): Entry[] => [
  { kind: 'sync_begun', fd },
  { kind: 'sync_ended', fd },
]
const folderSynced: Entry[] = [opened(99, '', false), ...synced(99), { kind: 'closed', fd: 99 }]

/** Every outcome that 200 cuts behind the same entries have: the files with their contents. */
function outcomes(entries: readonly Entry[], names: NamesModel): Set<string> {
  const seen = new Set<string>()
  const base = join(root, 'base')
  mkdirSync(base, { recursive: true })
  for (let seed = 0; seed < 200; seed++) {
    const disk = new Disk(base, '/data', names)
    for (const entry of entries) disk.apply(entry)
    const into = join(root, `cut-${seed}`)
    disk.cut(into, { draws: new Draws(seed), dropped: 0.5, torn: 0.5 })
    seen.add(
      readdirSync(into)
        .sort()
        .map((name) => `${name}=${readFileSync(join(into, name), 'utf8').replaceAll('\0', '.')}`)
        .join(' '),
    )
    rmSync(into, { recursive: true })
  }
  return seen
}

describe.each<NamesModel>(['strict', 'journaled'])('a disk whose names are %s', (names) => {
  test('keeps what was synced together with its name, whatever comes behind it', () => {
    const safe = [opened(1, '/a'), written(1, 'old'), ...synced(1), ...folderSynced]
    expect(outcomes(safe, names)).toEqual(new Set(['a=old']))
    expect(outcomes([...safe, written(1, 'new')], names)).toEqual(new Set(['a=old', 'a=new']))
  })

  test('keeps nothing for certain that was written and not synced', () => {
    const seen = outcomes([opened(1, '/a'), ...folderSynced, written(1, 'data')], names)
    expect(seen).toContain('a=')
    expect(seen).toContain('a=data')
    // The file had been made longer, and its bytes never came.
    expect(seen).toContain('a=....')
  })

  test('has not synced what was written while the sync was under way', () => {
    const entries: Entry[] = [
      opened(1, '/a'),
      ...folderSynced,
      { kind: 'sync_begun', fd: 1 },
      written(1, 'data'),
      { kind: 'sync_ended', fd: 1 },
    ]
    expect(outcomes(entries, names)).toContain('a=')
  })

  test('tears a write at its sectors', () => {
    const seen = outcomes([opened(1, '/a'), ...folderSynced, written(1, 'x'.repeat(1_024))], names)
    expect(seen).toContain(`a=${'.'.repeat(512)}${'x'.repeat(512)}`)
    expect(seen).toContain(`a=${'x'.repeat(512)}`)
  })

  test('swaps a file for another one at once, or has not yet', () => {
    const seen = outcomes(
      [
        opened(1, '/a'),
        written(1, 'old'),
        ...synced(1),
        opened(2, '/tmp'),
        written(2, 'new'),
        ...synced(2),
        ...folderSynced,
        { kind: 'renamed', path: '/data/tmp', to: '/data/a' },
      ],
      names,
    )
    expect(seen).toEqual(new Set(['a=old tmp=new', 'a=new']))
  })
})

test('a strict disk loses the name of a synced file whose folder was not, and a journaled one keeps it', () => {
  const entries = [opened(1, '/a'), written(1, 'data'), ...synced(1)]
  expect(outcomes(entries, 'strict')).toEqual(new Set(['', 'a=data']))
  expect(outcomes(entries, 'journaled')).toEqual(new Set(['a=data']))
})

test('a run that changed a file in an unknown way proves nothing, and says so', () => {
  const disk = new Disk(root, '/data', 'strict')
  expect(() => disk.apply({ kind: 'unsupported', what: 'copy_file_range' })).toThrow('copy_file_range')
})

test.skipIf(noShim !== null)(
  `the shim writes down what a program does to its folder, and nothing else${noShim === null ? '' : ` (skipped: ${noShim})`}`,
  () => {
    const folder = join(root, 'watched')
    const log = join(root, 'log')
    mkdirSync(folder)
    const program = `
      const fs = require('node:fs')
      const file = fs.openSync('${folder}/tmp', 'w')
      fs.writeSync(file, 'hello')
      fs.writeSync(file, 'J', 0)
      fs.fdatasyncSync(file)
      fs.ftruncateSync(file, 4)
      fs.closeSync(file)
      fs.renameSync('${folder}/tmp', '${folder}/a')
      fs.mkdirSync('${folder}/below')
      fs.writeFileSync('${folder}/x-shm', 'memory')
      fs.writeFileSync('${root}/elsewhere', 'nobody asked')
      fs.unlinkSync('${folder}/a')`
    execFileSync(process.execPath, ['-e', program], {
      env: { ...process.env, ...shimEnvironment(buildShim(root), { folder, log }) },
    })
    const entries = readLog(readFileSync(log))
    // libuv closes a file by a system call, past the C library; nothing depends on it.
    const seen = entries.filter(({ kind }) => kind !== 'closed')
    expect(
      seen.map((entry) => (entry.kind === 'written' ? `${entry.offset}:${entry.data.toString()}` : entry.kind)),
    ).toEqual(['opened', '0:hello', '0:J', 'sync_begun', 'sync_ended', 'resized', 'renamed', 'folder_made', 'unlinked'])
    expect(existsSync(join(folder, 'a'))).toBe(false)
  },
)

test('a log that ends in the middle of an entry is read up to it', () => {
  const whole = Buffer.alloc(24)
  whole[0] = 2
  whole.writeInt32LE(7, 4)
  expect(readLog(Buffer.concat([whole, whole.subarray(0, 20)]))).toEqual([{ kind: 'closed', fd: 7 }])
  expect(readLog(Buffer.alloc(0))).toEqual([])
})
