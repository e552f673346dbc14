import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { readKey, writeFirstKey } from './key-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'jidoka-keys-'))
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
