import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordSchema } from '@jidoka/domain'
import type { JournalRecord } from '@jidoka/domain'
import {
  advanceReadings,
  advanceRecords,
  laneStart,
  RangeSum,
  rangesOfReadings,
  rangesOfRecords,
  receiptKeySchema,
  trustListSchema,
} from '@jidoka/sync-protocol'
import type { Lane, LanePoint, RangeTally, Receipt, ReceiptKey, Segment } from '@jidoka/sync-protocol'
import { z } from 'zod'
import { StoreView } from '../compare/store-view.ts'

const identitySchema = z.object({
  enrolled: z.object({ receipt_keys: z.array(receiptKeySchema), trust: trustListSchema.optional() }),
})

/** What an appliance that has ended holds of its lanes, and what it can show for it. */
export interface EdgeView {
  readonly epoch: string
  readonly lanes: Readonly<Record<Lane, LanePoint>>
  readonly ranges: Readonly<Record<Lane, ReadonlyMap<number, RangeTally>>>
  /** Over all readings, without regard to ranges. */
  readonly readingsSum: string
  readonly records: readonly JournalRecord[]
  readonly receipts: readonly Receipt[]
  readonly trusted: readonly ReceiptKey[]
}

/** @throws RangeError when rows are missing: nothing of what happens here may cost the appliance any. */
export function viewEdge(dataFolder: string): EdgeView {
  const view = new StoreView(dataFolder)
  try {
    const segments: Segment[] = []
    for (const each of view.readings()) {
      if ('gap' in each) throw new RangeError(`the appliance has dropped readings: ${JSON.stringify(each.gap)}`)
      segments.push(each.segment)
    }
    const lines: string[] = []
    for (const each of view.records()) {
      if ('gap' in each) throw new RangeError(`the appliance has dropped records: ${JSON.stringify(each.gap)}`)
      lines.push(each.line)
    }
    const readings = rangesOfReadings(segments, 1)
    const sum = new RangeSum()
    for (const tally of readings.values()) sum.merge(new RangeSum(tally.sum))
    const { enrolled } = identitySchema.parse(JSON.parse(readFileSync(join(dataFolder, 'identity.json'), 'utf8')))
    const receipted = view.reader.receipted()
    return {
      epoch: view.reader.epoch,
      lanes: { readings: advanceReadings(laneStart, segments), records: advanceRecords(laneStart, 1, lines) },
      ranges: { readings, records: rangesOfRecords(1, lines) },
      readingsSum: sum.hex(),
      records: lines.map((line) => recordSchema.parse(JSON.parse(line))),
      receipts: [receipted.records, receipted.readings].filter((receipt) => receipt !== null),
      trusted: [...enrolled.receipt_keys, ...(enrolled.trust?.receipt_keys ?? [])],
    }
  } finally {
    view.close()
  }
}
