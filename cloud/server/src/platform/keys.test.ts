import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readKey, writeFirstKey } from './key-file.ts'
import { demandSigningKey, KeyError, openKeys } from './keys.ts'

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

it('a process that signs people in does not start with the public half alone, and says what to do', async () => {
  const [all, reader] = [join(folder, 'all'), join(folder, 'reader')]
  demandSigningKey(await openKeys(all), all)
  mkdirSync(reader)
  copyFileSync(join(all, 'access-token.public.pem'), join(reader, 'access-token.public.pem'))
  const keys = await openKeys(reader)
  expect(() => demandSigningKey(keys, reader)).toThrow(KeyError)
  expect(() => demandSigningKey(keys, reader)).toThrow(/backup.*remove access-token\.public\.pem/)
})

it('the public half of the key of sessions follows the secret one', async () => {
  const [file, other] = [join(folder, 'access-token.public.pem'), join(folder, 'other')]
  await openKeys(folder)
  await openKeys(other)
  const [mine, theirs] = [readFileSync(file, 'utf8'), readFileSync(join(other, 'access-token.public.pem'), 'utf8')]
  copyFileSync(join(other, 'access-token.pem'), join(folder, 'access-token.pem'))
  await openKeys(folder)
  expect([mine === theirs, readFileSync(file, 'utf8') === theirs]).toEqual([false, true])
})
