import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
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

test('a program that died while it looked at the lock keeps nobody out', () => {
  mkdirSync(join(folder, 'lock.turn'))
  lockFolder(folder)
  expect(readdirSync(folder)).toEqual(['lock'])
})

test('of two that find the lock of a dead process at once one has the folder', async () => {
  const release = lockFolder(folder)
  const living = readFileSync(join(folder, 'lock'), 'utf8')
  release()
  // The other has its turn, and writes its lock when this one has begun.
  const other = `
    const { parentPort, workerData: { folder, living, begun } } = require('node:worker_threads')
    const { mkdirSync, rmdirSync, writeFileSync } = require('node:fs')
    mkdirSync(folder + '/lock.turn')
    writeFileSync(folder + '/lock', '4194305 1\\n')
    parentPort.postMessage('in its turn')
    Atomics.wait(begun, 0, 0)
    Atomics.wait(begun, 0, 1, 20)
    writeFileSync(folder + '/lock', living)
    rmdirSync(folder + '/lock.turn')`
  const begun = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(other, { eval: true, workerData: { folder, living, begun } })
  await once(worker, 'message')
  const ended = once(worker, 'exit')
  Atomics.store(begun, 0, 1)
  Atomics.notify(begun, 0)
  expect(() => lockFolder(folder)).toThrow(FolderInUseError)
  await ended
})

test('a folder is made with those above it, and one that cannot be made is an error and no endless loop', () => {
  expect(lockFolder(join(folder, 'a', 'b'))).not.toThrow()
  writeFileSync(join(folder, 'file'), '')
  expect(() => lockFolder(join(folder, 'file', 'below'))).toThrow(/ENOTDIR|EEXIST|ENOENT/)
  expect(() => lockFolder('/proc/nope')).toThrow(/ENOENT|EACCES|EPERM/)
})
