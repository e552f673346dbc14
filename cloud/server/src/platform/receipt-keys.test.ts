import { createPrivateKey } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signReceipt, verifyReceipt, verifyTrustList } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openKeys } from './keys.ts'

// Rotation as an edge lives it: it believes what it was told when it enrolled, and takes a newer list only by a key that it believes.

const day = 24 * 3_600_000
const fields = {
  edgeId: '0193a1b2-0000-7000-8000-000000000001',
  epoch: '0193a1b2-0000-7000-8000-0000000000e1',
  lane: 'records' as const,
  point: { seq: 1, count: 1, digest: '0123456789abcdef' },
  receivedAtMs: 1,
}

describe('keys for receipts', () => {
  let folder: string
  let nowMs: number
  const open = async () => (await openKeys(folder, () => nowMs)).receipts
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jidoka-keys-'))
    nowMs = Date.UTC(2026, 10, 21)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('a new key signs only after the grace, and edges believe it from the first day on', async () => {
    const keys = await open()
    const enrolled = [...keys.all]
    const before = keys.keyId
    expect(keys.trust.version).toBe(1)
    expect(verifyTrustList(keys.trust, enrolled)).toBe(true)
    const { keyId, signsFrom } = await keys.rotate(14 * day)
    expect(signsFrom).toBe('2026-12-05T00:00:00Z')
    expect(keys.keyId).toBe(before)
    expect(keys.trust.version).toBe(2)
    expect(keys.trust.receipt_keys.map((key) => key.key_id)).toEqual([before, keyId])
    expect(verifyTrustList(keys.trust, enrolled)).toBe(true)
    nowMs += 14 * day - 1
    await keys.reload()
    expect(keys.keyId).toBe(before)
    nowMs += 1
    await keys.reload()
    expect(keys.keyId).toBe(keyId)
    expect(verifyReceipt(signReceipt(fields, keys), keys.trust.receipt_keys)).toEqual({ kind: 'ok' })
  })

  test('an edge that was away for two rotations takes the newest list by the key that it enrolled with', async () => {
    const keys = await open()
    const enrolled = [...keys.all]
    for (const _ of [1, 2]) {
      await keys.rotate(day)
      nowMs += day
    }
    await keys.reload()
    expect(keys.trust.receipt_keys).toHaveLength(3)
    expect(keys.trust.version).toBe(3)
    expect(verifyTrustList(keys.trust, enrolled)).toBe(true)
    expect(verifyReceipt(signReceipt(fields, keys), enrolled)).toEqual({ kind: 'unknown_key' })
  })

  test('the version is the same in every process of the folder and grows when a key is taken out', async () => {
    const first = await open()
    await first.rotate(day)
    nowMs += day
    const second = await open()
    expect([second.trust, second.keyId]).toEqual([first.trust, second.keyId])
    rmSync(join(folder, 'receipts.pem'))
    await second.reload()
    expect(second.trust.version).toBe(3)
    expect(second.trust.receipt_keys.map((key) => key.key_id)).toEqual([second.keyId])
    await first.reload()
    expect(first.trust).toEqual(second.trust)
  })

  test('refuses a second rotation while a key waits, a key that others can read, and a list that cannot be read', async () => {
    const keys = await open()
    await keys.rotate(day)
    await expect(keys.rotate(day)).rejects.toThrow('does not sign yet; it will from 2026-11-22T00:00:00.000Z on')
    chmodSync(join(folder, 'receipts-20261122T000000Z.pem'), 0o644)
    await expect(keys.reload()).rejects.toThrow('can be read by others than its owner')
    expect(keys.trust.version).toBe(2)
    chmodSync(join(folder, 'receipts-20261122T000000Z.pem'), 0o600)
    writeFileSync(join(folder, 'trust.json'), 'nothing')
    await expect(open()).rejects.toThrow('cannot be read')
  })

  test('a folder with the one key of before keeps its key and needs no list', async () => {
    const { keyId } = await open()
    const text = readFileSync(join(folder, 'receipts.pem'), 'utf8')
    expect(createPrivateKey(text).asymmetricKeyType).toBe('ed25519')
    expect((await open()).keyId).toBe(keyId)
    expect(() => readFileSync(join(folder, 'trust.json'))).toThrow('ENOENT')
  })
})
