import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FolderInUseError, lockFolder } from './folder-lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a folder that is held is refused with the pid of its holder, and free again after release', () => {
  const release = lockFolder(folder)
  expect(() => lockFolder(folder)).toThrow(FolderInUseError)
  expect(() => lockFolder(folder)).toThrow(String(process.pid))
  release()
  const releaseSecond = lockFolder(folder)
  releaseSecond()
})

test('the lock of a dead process is taken over', () => {
  // Above the kernel's highest pid, so that it can never live.
  writeFileSync(join(folder, 'lock'), '4194305 1\n')
  expect(lockFolder(folder)).not.toThrow()
})

test('the lock of a process whose pid was given to another is taken over', () => {
  writeFileSync(join(folder, 'lock'), `${process.pid} 1\n`)
  expect(lockFolder(folder)).not.toThrow()
})

test('a folder is made with those above it, and one that cannot be made is an error and no endless loop', () => {
  expect(lockFolder(join(folder, 'a', 'b'))).not.toThrow()
  writeFileSync(join(folder, 'file'), '')
  expect(() => lockFolder(join(folder, 'file', 'below'))).toThrow(/ENOTDIR|EEXIST|ENOENT/)
  expect(() => lockFolder('/proc/nope')).toThrow(/ENOENT|EACCES|EPERM/)
})
