import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportPrivateKey, generateEdgeKey, keyFingerprint } from '@jidoka/sync-protocol'
import { expect, test } from 'vitest'
import { EdgeIdentity } from './identity.ts'

test('an identity of before courier files gets a key when it is read, and keeps it', () => {
  const old = mkdtempSync(join(tmpdir(), 'jidoka-courier-'))
  const { privateKey } = generateEdgeKey()
  const file = join(old, 'identity.json')
  writeFileSync(file, JSON.stringify({ version: 1, private_key: exportPrivateKey(privateKey), enrolled: null }))
  const read = EdgeIdentity.open(old)
  expect(EdgeIdentity.open(old).courierPublicKey).toBe(read.courierPublicKey)
  expect(keyFingerprint(read.courierPublicKey)).toHaveLength(22)
  expect(JSON.parse(readFileSync(file, 'utf8')).version).toBe(2)
  rmSync(old, { recursive: true })
})
