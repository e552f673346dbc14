import { expect, test } from 'vitest'
import { exportPrivateKey, exportPublicKey, generateEdgeKey, importPrivateKey, publicKeySchema } from './keys.ts'
import { receiptSchema, signReceipt, verifyReceipt } from './receipt.ts'

const key = generateEdgeKey()
const signer = { keyId: 'k1', privateKey: key.privateKey }
const trustList = [{ key_id: 'k1', public_key: key.publicKey }]
const receipt = signReceipt(
  {
    edgeId: '0193a1b2-0000-7000-8000-000000000001',
    epoch: '0193a1b2-0000-7000-8000-0000000000e1',
    lane: 'readings',
    point: { seq: 500, count: 480, digest: '0123456789abcdef' },
    receivedAtMs: 1_790_000_000_000,
  },
  signer,
)

test('a receipt fits its schema and verifies after a way through JSON', () => {
  const arrived = receiptSchema.parse(JSON.parse(JSON.stringify(receipt)))
  expect(verifyReceipt(arrived, trustList)).toEqual({ kind: 'ok' })
})

test('a receipt with any member changed does not verify', () => {
  const changes = {
    protocol: '9.9',
    edge_id: '0193a1b2-0000-7000-8000-000000000002',
    epoch: '0193a1b2-0000-7000-8000-0000000000e2',
    lane: 'records',
    up_to_seq: 501,
    count_total: 481,
    digest: '0123456789abcdee',
    received_at_ms: 1_790_000_000_001,
    signature: `${receipt.signature.startsWith('A') ? 'B' : 'A'}${receipt.signature.slice(1)}`,
  } as const
  for (const [member, value] of Object.entries(changes)) {
    expect([member, verifyReceipt({ ...receipt, [member]: value }, trustList).kind]).toEqual([member, 'bad_signature'])
  }
})

test('a receipt of a key outside the trust list, or of another key under its name, does not verify', () => {
  expect(verifyReceipt({ ...receipt, key_id: 'k2' }, trustList)).toEqual({ kind: 'unknown_key' })
  expect(verifyReceipt(receipt, [{ key_id: 'k1', public_key: generateEdgeKey().publicKey }])).toEqual({
    kind: 'bad_signature',
  })
})

test('keys survive export and import', () => {
  const again = importPrivateKey(exportPrivateKey(key.privateKey))
  expect(exportPublicKey(again)).toBe(key.publicKey)
  expect(publicKeySchema.safeParse(key.publicKey).success).toBe(true)
  expect(
    verifyReceipt(
      signReceipt(
        {
          edgeId: receipt.edge_id,
          epoch: receipt.epoch,
          lane: 'records',
          point: { seq: 1, count: 1, digest: receipt.digest },
          receivedAtMs: 0,
        },
        { keyId: 'k1', privateKey: again },
      ),
      trustList,
    ),
  ).toEqual({ kind: 'ok' })
})
