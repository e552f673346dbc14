import { rangeRows } from '@jidoka/sync-protocol'
import type { Receipt } from '@jidoka/sync-protocol'
import { expect, test } from 'vitest'
import type { KeptRangeSum } from '../ports.ts'
import type { CloudAnswer, CloudRequest } from '../uplink/cloud-line.ts'
import type { RepairQuestion } from '../uplink/range-rows.ts'
import { resendLimits, resendRanges } from './resend.ts'

const receipt: Receipt = {
  protocol: '1.2',
  edge_id: '0198f0d2-0000-7000-8000-00000000000e',
  epoch: '0198f0d2-0000-7000-8000-00000000000f',
  lane: 'readings',
  up_to_seq: 3 * rangeRows + 10,
  count_total: 3 * rangeRows + 10,
  digest: '0'.repeat(64),
  received_at_ms: 1,
  key_id: 'k',
  signature: 's',
}
const repaired: CloudAnswer = {
  kind: 'ok',
  json: { protocol: '1.2', range: { range: 0, up_to_seq: 1, count: 1, sum: '0'.repeat(16) }, replaced: 7 },
}
const refused = (kind: 'busy' | 'malformed'): CloudAnswer => ({
  kind: 'failed',
  failure: {
    kind: 'refused',
    refusal: kind === 'busy' ? { kind, retry_after_ms: 5 } : { kind, detail: 'it comes to another sum' },
  },
})

const always = () => true

function world(
  answers: CloudAnswer[],
  {
    startSeq = 1,
    isHeld = always,
    sums = [],
  }: { startSeq?: number; isHeld?: (question: RepairQuestion) => boolean; sums?: KeptRangeSum[] } = {},
) {
  const asked: RepairQuestion[] = []
  const requests: CloudRequest[] = []
  const waits: number[] = []
  const parts = {
    line: {
      request: (request: CloudRequest) => {
        requests.push(request)
        return Promise.resolve(answers[Math.min(requests.length, answers.length) - 1] as CloudAnswer)
      },
    },
    sender: { edge_id: receipt.edge_id, epoch: receipt.epoch },
    reader: {
      receipted: () => ({ readings: receipt, records: null }),
      startSeqs: () => ({ readings: startSeq, records: 1 }),
      rangeSums: (_lane: string, fromRange: number, limit: number) =>
        sums.filter(({ range }) => range >= fromRange).slice(0, limit),
    },
    repairBatch: (question: RepairQuestion) => {
      asked.push(question)
      return Promise.resolve(isHeld(question) ? new Uint8Array(8) : null)
    },
    pause: (delayMs: number) => {
      waits.push(delayMs)
      return Promise.resolve()
    },
  }
  const resend = (fromSeq: number, toSeq: number, lane: 'readings' | 'records' = 'readings') =>
    resendRanges(parts, { lane, fromSeq, toSeq })
  return {
    resend,
    requests,
    waits,
    counts: () => asked.map(({ count }) => count),
    stretches: () => asked.map(({ fromSeq, toSeq }) => [fromSeq, toSeq]),
  }
}

test('every range that holds one of the numbers is sent whole, the first from the start of the epoch, the last as far as it was receipted', async () => {
  const { resend, stretches } = world([repaired], { startSeq: 100 })
  expect(await resend(101, 4 * rangeRows)).toMatchObject({
    ranges_sent: 4,
    rows_sent: 3 * rangeRows + 10 - 99,
    rows_replaced: 28,
  })
  expect(stretches()).toEqual([
    [100, rangeRows],
    [rangeRows + 1, 2 * rangeRows],
    [2 * rangeRows + 1, 3 * rangeRows],
    [3 * rangeRows + 1, 3 * rangeRows + 10],
  ])
})

test('a range with rows that were told as dropped is sent as the rows that are left', async () => {
  const sum = { range: 1, fromSeq: rangeRows + 1, upToSeq: 2 * rangeRows, count: rangeRows - 40, sum: '0'.repeat(16) }
  const { resend, counts } = world([repaired], { sums: [sum] })
  expect(await resend(1, 2 * rangeRows)).toMatchObject({ ranges_sent: 2, rows_sent: 2 * rangeRows - 40 })
  expect(counts()).toEqual([rangeRows, rangeRows - 40])
})

test('a range that is not held any more is counted, and one that the cloud refuses is named, and the others go on', async () => {
  const { resend } = world([refused('malformed'), repaired], { isHeld: ({ fromSeq }) => fromSeq !== rangeRows + 1 })
  expect(await resend(1, 3 * rangeRows)).toEqual({
    ranges_sent: 1,
    rows_sent: rangeRows,
    rows_replaced: 7,
    ranges_not_held: 1,
    ranges_refused: 1,
    first_refusal: `1 to ${rangeRows}: it comes to another sum`,
  })
})

test('a cloud that is busy is asked again, and not for ever', async () => {
  const patient = world([refused('busy'), refused('busy'), repaired])
  expect(await patient.resend(1, 1)).toMatchObject({ ranges_sent: 1 })
  expect(patient.waits).toEqual([resendLimits.busyWaitMsMin, resendLimits.busyWaitMsMin])
  const forEver = world([refused('busy')])
  expect(await forEver.resend(1, 1)).toMatchObject({ ranges_refused: 1 })
  expect(forEver.requests).toHaveLength(resendLimits.busyTriesMax)
})

test('what cannot be sent again is refused with what to do', async () => {
  const { resend, requests } = world([{ kind: 'failed', failure: { kind: 'timeout' } }])
  await expect(resend(1, 5, 'records')).rejects.toThrow(/sync audit/)
  await expect(resend(3 * rangeRows + 11, 4 * rangeRows)).rejects.toThrow(/sent by itself/)
  expect(requests).toHaveLength(0)
  await expect(resend(1, 5)).rejects.toThrow(/when the line is back/)
})
