import type { UplinkEffect } from '@jidoka/sync-engine'
import { encodeDropBatch, encodeReadingsBatch, encodeRecordsBatch } from '@jidoka/sync-protocol'
import type { BatchSender } from '@jidoka/sync-protocol'
import { lineOf } from './journal.ts'
import type { ReadResult } from './journal.ts'

/** What is to leave, on the line or in a courier's file. */
export type Waiting = Pick<
  Extract<UplinkEffect, { kind: 'send' }>,
  'lane' | 'fromSeq' | 'toSeq' | 'drop' | 'base' | 'startSeq'
>

/** @param losesTail a planted bug: the last record of a batch is lost, and nobody is told */
export function encodeRead(
  sender: BatchSender,
  { lane, fromSeq, toSeq, drop }: Waiting,
  read: ReadResult | null,
  losesTail: boolean,
): Uint8Array {
  if (drop !== null) return encodeDropBatch(sender, { lane, fromSeq, toSeq, reason: drop })
  if (read?.kind !== 'rows') throw new Error('nothing was read for this flight')
  if (lane === 'readings')
    return encodeReadingsBatch(
      sender,
      read.items.map(({ bytes }) => bytes),
    )
  const lines = read.items.map(lineOf)
  if (losesTail && lines.length > 2) lines[lines.length - 1] = (lines[0] ?? '').replace(/"seq":\d+/, `"seq":${toSeq}`)
  return encodeRecordsBatch({ ...sender, from_seq: fromSeq }, lines)
}
