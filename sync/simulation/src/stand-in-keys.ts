import { protocolVersion } from '@jidoka/sync-protocol'
import type { Lane, LanePoint, Receipt, ReceiptKey, ReceiptVerdict, TrustList } from '@jidoka/sync-protocol'

/*
 * Signatures that cost nothing: in worlds of this size Ed25519 was a third of the time, and is not what they try (receipt.test.ts and key-teller.test.ts
 * do). Whoever knows the name of a key can sign with it here; the world's forger signs with a name that nobody believes.
 */

export const standInKey = (name: string): ReceiptKey => ({ key_id: name, public_key: name.padEnd(43, 'A') })

export function signReceiptAs(
  name: string,
  {
    edgeId,
    epoch,
    lane,
    point,
    receivedAtMs,
  }: {
    readonly edgeId: string
    readonly epoch: string
    readonly lane: Lane
    readonly point: LanePoint
    readonly receivedAtMs: number
  },
): Receipt {
  const unsigned = {
    protocol: protocolVersion,
    edge_id: edgeId,
    epoch,
    lane,
    up_to_seq: point.seq,
    count_total: point.count,
    digest: point.digest,
    received_at_ms: receivedAtMs,
    key_id: name,
  }
  return { ...unsigned, signature: signatureOf(unsigned) }
}

export function verifyStandIn(receipt: Receipt, believed: readonly ReceiptKey[]): ReceiptVerdict {
  if (!believed.some(({ key_id }) => key_id === receipt.key_id)) return { kind: 'unknown_key' }
  return receipt.signature === signatureOf(receipt) ? { kind: 'ok' } : { kind: 'bad_signature' }
}

/** A list of keys, of which `signedBy` vouches for the others. */
export const trustOf = (version: number, names: readonly string[], signedBy: string): TrustList => ({
  version,
  receipt_keys: names.map(standInKey),
  courier_key: ''.padEnd(43, 'A'),
  signed_by: signedBy,
  signature: `${signedBy}:${version}:${names.join(',')}`,
})

export const isTrusted = (list: TrustList, believed: readonly ReceiptKey[]): boolean =>
  believed.some(({ key_id }) => key_id === list.signed_by) &&
  list.signature === `${list.signed_by}:${list.version}:${list.receipt_keys.map(({ key_id }) => key_id).join(',')}`

const signatureOf = (receipt: Omit<Receipt, 'signature'>): string =>
  `${receipt.key_id}:${receipt.edge_id}:${receipt.epoch}:${receipt.lane}:${receipt.up_to_seq}:${receipt.count_total}:${receipt.digest}:${receipt.received_at_ms}`
