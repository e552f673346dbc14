import { laneStart, protocolVersion } from '@jidoka/sync-protocol'
import type { Lane, Receipt } from '@jidoka/sync-protocol'
import { expect, test } from 'vitest'
import { lanesWithoutReceipt } from './end-at-rest.ts'

const receipt = (lane: Lane, seq: number): Receipt => ({
  protocol: protocolVersion,
  edge_id: '',
  epoch: '',
  lane,
  up_to_seq: seq,
  count_total: seq,
  digest: '',
  received_at_ms: 0,
  key_id: '',
  signature: '',
})
const lanes = { records: { ...laneStart, seq: 3 }, readings: { ...laneStart, seq: 9 } }

test('a judgment that the clock gave after the last look is seen as not receipted yet', () => {
  expect(lanesWithoutReceipt({ lanes, receipts: [receipt('records', 3), receipt('readings', 9)] })).toEqual([])
  expect(lanesWithoutReceipt({ lanes, receipts: [receipt('records', 2), receipt('readings', 9)] })).toEqual(['records'])
  expect(lanesWithoutReceipt({ lanes, receipts: [] })).toEqual(['records', 'readings'])
})
