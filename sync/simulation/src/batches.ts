import type { UplinkEffect, UplinkState } from '@jidoka/sync-engine'
import { encodeDropBatch, encodeReadingsBatch, encodeRecordsBatch } from '@jidoka/sync-protocol'
import type { BatchSender, Lane, Waiting as WaitingRows } from '@jidoka/sync-protocol'
import { lineOf } from './journal.ts'
import type { ReadResult } from './journal.ts'

/** What is to leave, on the line or in a courier's file. */
export type Waiting = Pick<
  Extract<UplinkEffect, { kind: 'send' }>,
  'lane' | 'fromSeq' | 'toSeq' | 'drop' | 'base' | 'startSeq'
>

/** What the cloud will not have of each lane once it has this batch; how old that is nobody here asks. */
export function waitingBeside({ lanes }: UplinkState, { lane, toSeq }: Pick<Waiting, 'lane' | 'toSeq'>): WaitingRows {
  const of = (name: Lane) => {
    const { confirmed, lastSeq } = lanes[name]
    return { rows: Math.max(0, lastSeq - Math.max(confirmed.seq, name === lane ? toSeq : 0)), oldest_ms: null }
  }
  return { records: of('records'), readings: of('readings') }
}

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
