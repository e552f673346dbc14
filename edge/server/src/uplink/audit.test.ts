import { rangeRows } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { auditRanges } from './audit.ts'
import type { AuditReport } from './audit.ts'
import { recount, repairBatch } from './range-rows.ts'
import { LineHarness } from './testing/line-harness.ts'
import type { LineParts } from './testing/line-harness.ts'

/** Two ranges and a bit. */
const rows = 2 * rangeRows + 1_000
const perSegment = 8_000

let edge: LineHarness
let parts: LineParts
beforeEach(async () => {
  edge = await LineHarness.start()
  parts = await edge.enrolled()
})
afterEach(() => edge.stop())

async function fill(): Promise<void> {
  for (let at = 0; at < rows; at += perSegment)
    edge.journal.addReadings(Array.from({ length: Math.min(perSegment, rows - at) }, (_, index) => at + index))
  for (let count = 0; count < 10; count++) await edge.addRecord()
  const uplink = await edge.uplink(parts)
  await edge.cloud.until(edge.isEverythingThere)
  await vi.waitUntil(() => edge.journal.receipts.get('readings')?.up_to_seq === rows, { interval: 10 })
  await vi.waitUntil(() => edge.journal.receipts.get('records')?.up_to_seq === 10, { interval: 10 })
  await uplink.stop()
}

const audit = (repair = false): Promise<AuditReport> =>
  auditRanges(
    {
      line: parts.line,
      edgeId: edge.cloud.edgeId,
      reader: edge.journal,
      recount: (stretch) => Promise.resolve(recount(edge.journal, stretch)),
      repairBatch: (question) => Promise.resolve(repairBatch(edge.journal, question)),
      pause: () => Promise.resolve(),
    },
    { repair },
  )

describe('the comparison of an appliance and its cloud', () => {
  test('finds nothing where both hold the same, over several pages of the cloud', async () => {
    edge.cloud.rangesPerAnswer = 1
    await fill()
    expect(await audit()).toEqual({
      epoch: edge.journal.epoch,
      ranges: 4,
      rows: rows + 10,
      unknown: 0,
      differences: [],
      isWhole: true,
    })
  })

  test('names the range in which the cloud has lost rows, and a repair brings them back', async () => {
    await fill()
    edge.cloud.held.readings.splice(rangeRows + 10, 3)
    const found = await audit()
    expect(found.isWhole).toBe(false)
    expect(found.differences).toEqual([
      {
        lane: 'readings',
        range: 1,
        fromSeq: rangeRows + 1,
        toSeq: 2 * rangeRows,
        where: 'cloud_rows',
        edgeCount: rangeRows,
        cloudCount: rangeRows - 3,
        repair: null,
        detail: null,
      },
    ])
    const repaired = await audit(true)
    expect(repaired.differences).toMatchObject([{ repair: 'repaired', detail: '3 rows were not there' }])
    expect(repaired.isWhole).toBe(true)
    expect(await audit()).toMatchObject({ isWhole: true, differences: [] })
  })

  test('compares and repairs a range from where the cloud began to count it, and says that the rows before are unknown', async () => {
    await fill()
    edge.cloud.held.countFrom(rangeRows + 501)
    expect(await audit()).toMatchObject({ isWhole: true, differences: [], unknown: 1 })
    edge.cloud.held.readings.splice(rangeRows + 600, 3)
    const { differences } = await audit(true)
    expect(differences).toMatchObject([
      {
        range: 1,
        fromSeq: rangeRows + 501,
        toSeq: 2 * rangeRows,
        where: 'cloud_rows',
        cloudCount: rangeRows - 503,
        repair: 'repaired',
        detail: '3 rows were not there',
      },
    ])
    expect(edge.cloud.held.readings).toHaveLength(rows)
  })

  test('lists what it cannot repair, since the rows are gone here', async () => {
    await fill()
    edge.cloud.held.readings.splice(5, 1)
    edge.journal.segmentList = edge.journal.segmentList.slice(1)
    expect(await audit(true)).toMatchObject({ isWhole: false, differences: [{ range: 0, repair: 'not_held' }] })
  })

  test('sees when the two ends had counted other rows, and when the rows here have changed since', async () => {
    await fill()
    const kept = edge.journal.sums.readings.get(0)
    edge.journal.sums.readings.set(0, { count: kept?.count ?? 0, upToSeq: rangeRows, sum: '0123456789abcdef' })
    edge.journal.segmentList = edge.journal.segmentList.map((segment, index, all) =>
      // Another segment's values at the numbers of the last but one: whole, and not what was sent.
      index === all.length - 2
        ? { ...segment, body: edge.journal.encoded(segment.firstSeq, [7, ...Array<number>(segment.count - 1).fill(1)]) }
        : segment,
    )
    const { differences } = await audit()
    expect(differences.map(({ range, where }) => [range, where])).toEqual([
      [0, 'kept_sums'],
      [1, 'edge_rows'],
    ])
  })

  test('sees when the cloud knows nothing of a range that it had receipted', async () => {
    await fill()
    edge.cloud.held.ranges.readings.delete(2)
    expect((await audit()).differences).toMatchObject([
      { range: 2, where: 'cloud_range', edgeCount: 1_000, cloudCount: 0 },
    ])
  })

  test('says what to do where the cloud is older or does not answer', async () => {
    edge.cloud.protocol = '1.1'
    await expect(audit()).rejects.toThrow('knows no ranges. Upgrade it')
    await edge.cloud.stop()
    await expect(audit()).rejects.toThrow('Try again when the line is back')
    await edge.cloud.start()
  })

  test('rows that were set aside as poison are missing at neither end', async () => {
    await fill()
    edge.journal.poison.push({ lane: 'readings', fromSeq: 100, toSeq: 101, detail: 'bad' })
    expect(recount(edge.journal, { lane: 'readings', fromSeq: 1, toSeq: rangeRows })).toMatchObject({
      count: rangeRows - 2,
      missing: 0,
    })
  })
})
