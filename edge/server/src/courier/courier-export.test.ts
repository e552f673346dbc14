import { randomBytes } from 'node:crypto'
import { noDoubt } from '@jidoka/sync-engine'
import type { DecodedBatch } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CourierBusyError } from './courier-desk.ts'
import { CourierHarness, edgeId, enrolment, tenant } from './testing/courier-harness.ts'

let at: CourierHarness
beforeEach(async () => {
  at = await CourierHarness.open()
})
afterEach(() => at.close())

describe('courier files to the cloud', () => {
  test('I2: a file holds every row that waits, records first, gapless, and notes what has left', async () => {
    await at.store(500)
    await at.record('one')
    const { batches, header } = await at.opened(await at.exported())
    expect(header).toMatchObject({ direction: 'up', tenant_id: tenant, edge_id: edgeId, epoch: at.reader.epoch })
    expect(batches[0]?.header.lane).toBe('records')
    const { recordsSeq, readingsSeq } = at.reader.lanes()
    expect(at.receiptFor(batches, 'readings')).toMatchObject({ up_to_seq: 500, count_total: 500 })
    expect(at.receiptFor(batches, 'records')).toMatchObject({ up_to_seq: recordsSeq })
    expect(readingsSeq).toBe(500)
    // Who took data away, and when, is a record of its own.
    expect(
      at.reader
        .recordLines(recordsSeq, 1_000)
        .map(({ line }) => line)
        .join(),
    ).toContain('courier.export')
  })

  test('I2: a receipt that a file brings is held against the rows, stored, and the next export begins behind it', async () => {
    await at.store(300)
    const { batches } = await at.opened(await at.exported())
    const receipts = [at.receiptFor(batches, 'records'), at.receiptFor(batches, 'readings')]
    const imported = await at.desk.import([at.downFile({ receipts })], 'kim')
    expect(imported.receipts.map(({ lane, outcome }) => [lane, outcome])).toEqual([
      ['records', 'stored'],
      ['readings', 'stored'],
    ])
    expect(at.reader.receipted().readings).toEqual(receipts[1])
    await at.store(20)
    const next = await at.opened(await at.exported())
    expect(at.receiptFor(next.batches, 'readings')).toMatchObject({ count_total: 20 })
    expect(next.batches.find(({ header }) => header.lane === 'readings')?.header.from_seq).toBe(301)
    expect((await at.desk.import([at.downFile({ receipts })], 'kim')).receipts.map(({ outcome }) => outcome)).toEqual([
      'known',
      'known',
    ])
  })

  test('splits what is larger than asked for into files that together hold every row once', async () => {
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        Array.from(
          { length: 1_500 },
          (_, index) =>
            new Promise<void>((resolve) =>
              at.pipeline.ingest(
                {
                  topic: 'sensor/LINE-A/note',
                  payload: Buffer.from(JSON.stringify(`${round} ${index} ${randomBytes(525).toString('base64')}`)),
                  source: 'x',
                  qos: 1,
                },
                () => resolve(),
              ),
            ),
        ),
      )
    }
    const files: Buffer[] = []
    let from: { records: number | undefined; readings: number | undefined } = {
      records: undefined,
      readings: undefined,
    }
    for (let more = true; more;) {
      files.push(await at.exported({ bytesMax: 1, from }))
      const [newest] = at.desk.exports()
      expect(newest?.bytes).toBe(files.at(-1)?.length)
      more = newest?.has_more ?? false
      from = {
        records: newest?.records === null ? from.records : (newest?.records.to_seq ?? 0) + 1,
        readings: newest?.readings === null ? from.readings : (newest?.readings.to_seq ?? 0) + 1,
      }
    }
    expect(files.length).toBeGreaterThan(1)
    const batches: DecodedBatch[] = []
    for (const file of files) batches.push(...(await at.opened(file)).batches)
    const readings = batches.filter(({ header }) => header.lane === 'readings')
    expect(readings.map(({ header }) => header.from_seq)).toEqual([
      1,
      ...readings.slice(0, -1).map(({ header }) => header.to_seq + 1),
    ])
    expect(at.receiptFor(batches, 'readings')).toMatchObject({
      up_to_seq: at.reader.lanes().readingsSeq,
      count_total: 6_000,
    })
  })

  test('one file at a time, and one that is broken off leaves the desk free', async () => {
    await at.store(10)
    const { bytes } = await at.desk.export({}, 'kim')
    await expect(at.desk.export({}, 'kim')).rejects.toThrow(CourierBusyError)
    await bytes.next()
    await bytes.return(undefined)
    expect(at.desk.exports()).toEqual([])
    await at.exported()
    expect(at.desk.exports()).toHaveLength(1)
  })

  test('says what is missing where it does not know the cloud yet, or is asked for rows that are not there', async () => {
    await expect(at.desk.export({ from: { readings: 99 } }, 'kim')).rejects.toThrow('there is nothing from 99 on')
    at.identity.enrol(enrolment, 'other')
    await expect(at.desk.export({}, 'kim')).rejects.toThrow("does not know the cloud's courier key yet")
  })

  test('tells the line how far each lane has left before the bytes do, so that a receipt for rows that are gone since is not taken for a copy', async () => {
    await at.store(30)
    await at.record('one')
    const { bytes } = await at.desk.export({}, 'kim')
    await bytes.next()
    expect(at.line.left).toEqual([])
    await bytes.next()
    expect(at.line.left).toEqual([['records', at.reader.lanes().recordsSeq]])
    while ((await bytes.next()).done !== true);
    expect(at.line.left.at(-1)).toEqual(['readings', 30])
  })

  test('a receipt that a file brings is handed to a line that runs, and stored here where none does', async () => {
    await at.store(300)
    const { batches } = await at.opened(await at.exported())
    const file = at.downFile({ receipts: [at.receiptFor(batches, 'readings')] })
    for (const answer of ['at_work', 'stored'] as const) {
      at.line.answer = answer
      expect((await at.desk.import([file], 'kim')).receipts).toMatchObject([{ lane: 'readings', outcome: answer }])
      expect(at.reader.receipted().readings).toBeNull()
    }
    at.line.answer = 'stopped'
    expect((await at.desk.import([file], 'kim')).receipts).toMatchObject([{ outcome: 'stored' }])
    expect(at.reader.receipted().readings?.up_to_seq).toBe(300)
    expect(at.line.brought).toEqual(Array.from({ length: 3 }, () => [300, 'verified']))
  })

  test('S20: without a line a receipt of rows that are gone here is stored where they had left and nobody knows of two histories, and else not', async () => {
    await at.store(300)
    at.areRowsGone = true
    const receipt = at.receiptFor([], 'readings', { seq: 300, count: 300, digest: '0123456789abcdef' })
    const outcomes = async () =>
      (await at.desk.import([at.downFile({ receipts: [receipt] })], 'kim')).receipts.map(({ outcome }) => outcome)
    // What the cloud has of it came from another copy.
    expect([at.reader.sentReadingsSeq(), await outcomes()]).toEqual([0, ['in_doubt']])
    await at.pipeline.noteSent(300)
    const doubt = (seesTwo: boolean) =>
      at.pipeline.saveSetting(
        'lanes_in_doubt',
        JSON.stringify({ epoch: at.reader.epoch, records: noDoubt, readings: { ...noDoubt, seesTwo } }),
      )
    await doubt(true)
    expect(await outcomes()).toEqual(['in_doubt'])
    expect(at.reader.receipted().readings).toBeNull()
    await doubt(false)
    expect(await outcomes()).toEqual(['stored'])
  })
})
