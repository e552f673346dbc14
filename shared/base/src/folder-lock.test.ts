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

test.each([
  ['before it had said its name', []],
  ['and others with it', ['4194305 1 0', '4194306 1 0']],
])('a program that died in its turn, %s, keeps nobody out, and nothing of it is left', (_when, names) => {
  const turn = join(folder, 'lock.turn')
  mkdirSync(turn)
  for (const name of names) writeFileSync(join(turn, name), name)
  lockFolder(folder)
  expect(readdirSync(folder)).toEqual(['lock'])
})

// Of a name before and behind that of this one.
test.each(['-', '~'])(
  'a program that stands still in its turn is not passed by, however long it does (%s)',
  (thread) => {
    const release = lockFolder(folder)
    const living = readFileSync(join(folder, 'lock'), 'utf8').trim()
    release()
    const turn = join(folder, 'lock.turn')
    mkdirSync(turn)
    const other = `${living} ${thread}`
    writeFileSync(join(turn, other), '')
    expect(() => lockFolder(folder)).toThrow(FolderInUseError)
    expect([readdirSync(folder), readdirSync(turn)]).toEqual([['lock.turn'], [other]])
  },
)

test('of many that find the lock of a dead process at the same moment one has the folder, each time', async () => {
  const [threads, rounds] = [3, 40]
  for (let round = 0; round < rounds; round++) {
    mkdirSync(join(folder, String(round)))
    writeFileSync(join(folder, String(round), 'lock'), '4194305 1\n')
  }
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const one = `
    const { parentPort, workerData: { module, folder, gate, threads, rounds } } = require('node:worker_threads')
    import(module).then(({ lockFolder }) => {
      const had = []
      for (let round = 0; round < rounds; round++) {
        Atomics.add(gate, 0, 1)
        while (Atomics.load(gate, 0) < threads * (round + 1));
        try {
          lockFolder(folder + '/' + round)
          had.push(round)
        } catch (error) {
          // Thrown, the others would wait for this one for ever.
          if (error.name !== 'FolderInUseError') had.push(error.message)
        }
      }
      parentPort.postMessage(had)
    })`
  const module = new URL('./folder-lock.ts', import.meta.url).href
  const had = await Promise.all(
    Array.from({ length: threads }, async () => {
      const workerData = { module, folder, gate, threads, rounds }
      const [message] = await once(new Worker(one, { eval: true, workerData }), 'message')
      return message as (number | string)[]
    }),
  )
  expect(had.flat().toSorted((left, right) => Number(left) - Number(right))).toEqual(
    Array.from({ length: rounds }, (_, round) => round),
  )
  expect(readdirSync(join(folder, '0'))).toEqual(['lock'])
})

test('of two that find the lock of a dead process at once one has the folder', async () => {
  const release = lockFolder(folder)
  const living = readFileSync(join(folder, 'lock'), 'utf8')
  release()
  // The other has its turn, and writes its lock when this one has begun.
  const other = `
    const { parentPort, workerData: { folder, living, begun } } = require('node:worker_threads')
    const { mkdirSync, renameSync, writeFileSync } = require('node:fs')
    const name = folder + '/lock.turn/' + living.trim() + ' other'
    mkdirSync(folder + '/lock.turn')
    writeFileSync(name, living)
    writeFileSync(folder + '/lock', '4194305 1\\n')
    parentPort.postMessage('in its turn')
    Atomics.wait(begun, 0, 0)
    Atomics.wait(begun, 0, 1, 20)
    renameSync(name, folder + '/lock')`
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
