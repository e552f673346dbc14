import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockFolder } from '@jidoka/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { reset } from './reset.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-reset-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const fill = (...names: string[]) => {
  for (const name of names) {
    if (name.includes('.')) writeFileSync(join(folder, name), '{}')
    else mkdirSync(join(folder, name))
  }
}

test('the folder of a plant is cleared when the answer is yes', async () => {
  fill('edge', 'cloud', 'logs', 'sign-in.json', 'devices.json')
  expect(await reset(folder, { yes: true })).toBe(true)
  expect(readdirSync(folder)).toEqual([])
})

test('the folder of a plant that was killed as it took the lock is cleared too', async () => {
  fill('edge', 'sign-in.json')
  mkdirSync(join(folder, 'lock.turn'))
  writeFileSync(join(folder, 'lock.turn', '4194305 1 0'), '4194305 1')
  expect(await reset(folder, { yes: true })).toBe(true)
  expect(readdirSync(folder)).toEqual([])
})

test.each([
  ['a home directory', ['Documents', 'edge', 'sign-in.json']],
  ['a folder that only looks alike', ['edge', 'cloud']],
])('%s is not cleared, whatever the answer', async (_what, names) => {
  fill(...names)
  await expect(reset(folder, { yes: true })).rejects.toThrow('is not cleared')
  expect(readdirSync(folder).sort()).toEqual([...names].sort())
})

test('nothing is cleared while a plant runs on it, or where nobody can answer', async () => {
  fill('edge', 'sign-in.json')
  const release = lockFolder(folder)
  await expect(reset(folder, { yes: true })).rejects.toThrow('is in use')
  release()
  expect(await reset(folder, { yes: false })).toBe(false)
  expect(existsSync(join(folder, 'edge'))).toBe(true)
})
