import type { Receipt } from '@jidoka/sync-protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextEpochStart } from './epoch-start.ts'

const digest = '0123456789abcdef'
const receipt = (seq: number, part: Partial<Receipt> = {}): Receipt => ({
  protocol: '1.2',
  edge_id: '0193a1b2-0000-7000-8000-000000000001',
  epoch: '0193a1b2-0000-7000-8000-0000000000e1',
  lane: 'readings',
  up_to_seq: seq,
  count_total: seq,
  digest,
  received_at_ms: 1,
  key_id: 'k1',
  signature: 'A'.repeat(86),
  ...part,
})
const newestFirst = [receipt(30), receipt(20), receipt(10)]
const asked = { receipts: newestFirst, startSeq: 1, lastSeq: 50, cloud: null, differsAtSeq: null }

describe('the first number of a new epoch', () => {
  test.each([
    ['lies behind the newest stored receipt where the cloud cannot be asked', {}, 31],
    ['or has more', { cloud: { seq: 99, count: 99, digest } }, 31],
    ['or stands there with the same rows', { cloud: { seq: 30, count: 30, digest } }, 31],
    [
      'lies behind an older one where the cloud stands there with others',
      { cloud: { seq: 30, count: 29, digest } },
      21,
    ],
    ['or was set back behind it', { cloud: { seq: 25, count: 25, digest } }, 21],
    ['or the two were found to differ there', { differsAtSeq: 20 }, 11],
    ['or it is of rows that are not here', { lastSeq: 15 }, 11],
    ['is the first one where none agrees', { differsAtSeq: 5 }, 1],
    ['or there is none', { receipts: [] }, 1],
    ['and that of the present epoch where that began later', { receipts: [], startSeq: 40 }, 40],
  ])('%s', (_, part, start) => {
    expect(nextEpochStart({ ...asked, ...part })).toBe(start)
  })

  test('I2: never leaves out a row behind a receipt, and never goes before the present epoch', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        fc.option(fc.integer({ min: 0, max: 120 }), { nil: null }),
        fc.option(fc.integer({ min: 1, max: 100 }), { nil: null }),
        (seqs, startSeq, lastSeq, cloudSeq, differsAtSeq) => {
          const receipts = seqs.toSorted((left, right) => right - left).map((seq) => receipt(seq))
          const cloud = cloudSeq === null ? null : { seq: cloudSeq, count: cloudSeq, digest }
          const start = nextEpochStart({ receipts, startSeq, lastSeq, cloud, differsAtSeq })
          expect(start).toBeGreaterThanOrEqual(startSeq)
          if (start === startSeq) return
          expect(seqs).toContain(start - 1)
          expect(start - 1).toBeLessThanOrEqual(Math.min(lastSeq, cloudSeq ?? Infinity, (differsAtSeq ?? Infinity) - 1))
        },
      ),
    )
  })
})
