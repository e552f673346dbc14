import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readKey, writeFirstKey } from './key-file.ts'
import { openKeys } from './keys.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('of keys that are made at once for one file the first stays, private and whole, and nothing is left beside it', async () => {
  const file = join(folder, 'service.pem')
  const keys = [1, 2].map(() => generateKeyPairSync('ed25519').privateKey)
  for (const key of keys) writeFirstKey(file, key)
  const { privateKey } = await readKey(file, 'ed25519')
  expect(privateKey.equals(keys[0] as (typeof keys)[0])).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['service.pem'])
})

it('a process that has the public half of the key of sessions alone reads them, and cannot make one', async () => {
  const [all, reader] = [join(folder, 'all'), join(folder, 'reader')]
  const whole = await openKeys(all)
  mkdirSync(reader)
  copyFileSync(join(all, 'access-token.public.pem'), join(reader, 'access-token.public.pem'))
  const { accessToken } = await openKeys(reader)
  expect([accessToken.privateKey, accessToken.keyId]).toEqual([null, whole.accessToken.keyId])
  expect(readdirSync(reader)).not.toContain('access-token.pem')
})
