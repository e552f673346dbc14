import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { laneStart, samePoint } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fullError } from '../store/errors.ts'
import { pointAt } from './batch-builder.ts'
import { EdgeIdentity } from './identity.ts'
import { hurriedClock, LineHarness } from './testing/line-harness.ts'

let edge: LineHarness
beforeEach(async () => {
  edge = await LineHarness.start()
})
afterEach(() => edge.stop())

describe('enrolment', () => {
  test('keeps key and answer in a file that only its owner reads, and the next start needs no token', async () => {
    await edge.enrolled()
    const file = join(edge.folder, 'identity.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const again = EdgeIdentity.open(edge.folder)
    expect(again.enrolled?.edge_id).toBe(edge.cloud.edgeId)
    expect(again.isNewToken(edge.cloud.token)).toBe(false)
    expect(again.isNewToken('another')).toBe(true)
    expect(readFileSync(file, 'utf8')).not.toContain(edge.cloud.token)
  })

  test('a wrong token is tried once and the sentence says what to do', async () => {
    const { made, problems } = edge.enroller(edge.parts(), 'a token that was used before')
    expect(await made.run()).toBe(false)
    expect(problems.at(-1)).toContain('Make a new one in the console')
    expect(edge.cloud.requests).toHaveLength(1)
  })

  test('a cloud that cannot be reached is tried until it is back', async () => {
    const parts = edge.parts()
    await edge.cloud.stop()
    const { made, problems } = edge.enroller(parts)
    const done = made.run()
    await vi.waitUntil(() => problems.length >= 2)
    await edge.cloud.start()
    expect(await done).toBe(true)
  })

  test('a damaged identity is named without showing what is in it', () => {
    writeFileSync(join(edge.folder, 'identity.json'), '{"private_key":"the secret"')
    expect(() => EdgeIdentity.open(edge.folder)).toThrow(/cannot be read/)
    try {
      EdgeIdentity.open(edge.folder)
    } catch (error) {
      expect(String(error) + String((error as Error).cause)).not.toContain('the secret')
    }
  })
})

describe('the uplink', () => {
  test('I2: how far readings leave is on disk before they do', async () => {
    const noted: number[] = []
    const noteSent = edge.journal.noteSent.bind(edge.journal)
    edge.journal.noteSent = async (upToSeq) => {
      // What has been asked of the cloud by now: everything that was noted so far, and not this.
      noted.push(edge.cloud.points.readings.seq)
      await noteSent(upToSeq)
    }
    const parts = await edge.enrolled()
    edge.journal.addReadings([1, 2, 3])
    await edge.uplink(parts)
    await edge.cloud.until(edge.isEverythingThere)
    edge.journal.addReadings([4, 5])
    await edge.cloud.until(edge.isEverythingThere)
    expect({ noted, sent: edge.journal.sent }).toEqual({ noted: [0, 3], sent: [3, 5] })
  })

  test('I2: every record and reading arrives once, in order, and receipts are kept', async () => {
    for (let count = 0; count < 50; count++) await edge.addRecord()
    edge.journal.addReadings([1, 2, 3.5, -0])
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(edge.isEverythingThere)
    for (let count = 0; count < 25; count++) await edge.addRecord()
    edge.journal.addReadings([5, 6])
    await edge.cloud.until(edge.isEverythingThere)
    expect(edge.cloud.lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(
      Array.from({ length: 75 }, (_, index) => index + 1),
    )
    await vi.waitUntil(() => edge.journal.receipts.get('readings')?.up_to_seq === 6)
    expect(edge.view()).toMatchObject({
      state: 'online',
      problem: null,
      lanes: [{ waiting_rows: 0 }, { waiting_rows: 0, receipted_seq: 6 }],
    })
    expect(edge.view().last_receipt?.key_id).toBe('k1')
  })

  test('I2: a lost answer makes nothing twice', async () => {
    edge.cloud.loseNextAnswer = true
    for (let count = 0; count < 10; count++) await edge.addRecord()
    await edge.uplink(await edge.enrolled())
    await vi.waitUntil(() => edge.journal.receipts.get('records')?.up_to_seq === 10)
    expect(edge.cloud.lines).toHaveLength(10)
  })

  test('I2: the line is cut for a while: rows wait, the outage is recorded, and the counts are equal afterwards', async () => {
    await edge.addRecord()
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(edge.isEverythingThere)
    await edge.cloud.stop()
    for (let count = 0; count < 20; count++) await edge.addRecord()
    edge.journal.addReadings([1, 2, 3])
    await vi.waitUntil(() => edge.view().state === 'offline')
    expect(edge.view().problem).toContain('Everything is kept here')
    await vi.waitUntil(() => edge.journal.outages(1)[0]?.toMs === null)
    await edge.cloud.start()
    await vi.waitUntil(() => edge.journal.outages(1)[0]?.toMs !== null)
    await edge.cloud.until(edge.isEverythingThere)
    await vi.waitUntil(() => edge.view().state === 'online')
    expect(edge.cloud.points.readings.count).toBe(3)
  })

  test('after a restart it asks where the cloud stands and goes on from there', async () => {
    const parts = await edge.enrolled()
    for (let count = 0; count < 5; count++) await edge.addRecord()
    const first = await edge.uplink(parts)
    await edge.cloud.until(edge.isEverythingThere)
    await first.stop()
    // The process died before it had stored the receipt.
    edge.journal.receipts.clear()
    for (let count = 0; count < 5; count++) await edge.addRecord()
    await edge.uplink(edge.parts())
    await edge.cloud.until(edge.isEverythingThere)
    expect(edge.cloud.lines).toHaveLength(10)
  })

  test('nothing is asked of the cloud while nothing happens', async () => {
    await edge.addRecord()
    await edge.uplink(await edge.enrolled())
    await vi.waitUntil(() => edge.journal.receipts.get('records') !== undefined)
    const before = edge.cloud.requests.length
    await new Promise<void>((resolve) => hurriedClock.after(10_000, resolve))
    expect(edge.cloud.requests.length).toBe(before)
  })

  test('a clock that is an hour wrong does not stop it', async () => {
    edge.cloud.clockAheadMs = 3_600_000
    await edge.addRecord()
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(edge.isEverythingThere)
  })

  test('I2: a full disk does not end it: nothing leaves that could not be noted, and it goes on when there is space', async () => {
    const noteSent = edge.journal.noteSent.bind(edge.journal)
    let tries = 0
    let isFull = true
    edge.journal.noteSent = async (upToSeq) => {
      tries++
      if (isFull) throw fullError(0)
      await noteSent(upToSeq)
    }
    const parts = await edge.enrolled()
    edge.journal.addReadings([1, 2, 3])
    await edge.addRecord()
    await edge.uplink(parts)
    await vi.waitUntil(() => tries >= 3)
    // The lane of the records, which notes nothing, is not held up by it.
    await edge.cloud.until(() => edge.cloud.points.records.seq === 1)
    expect(edge.cloud.points.readings.seq).toBe(0)
    expect(edge.view().state).toBe('online')
    isFull = false
    await edge.cloud.until(edge.isEverythingThere)
    expect(edge.journal.sent).toEqual([3])
  })

  test('I2: a cloud that was set back to nothing voids the stored receipt, also where the disk is full at first', async () => {
    const parts = await edge.enrolled()
    edge.journal.addReadings([1, 2, 3])
    const first = await edge.uplink(parts)
    await vi.waitUntil(() => edge.journal.receipts.get('readings')?.up_to_seq === 3)
    await first.stop()
    edge.cloud.points.readings = laneStart
    edge.cloud.receipts.readings = null
    const forgetReceipt = edge.journal.forgetReceipt.bind(edge.journal)
    let tries = 0
    edge.journal.forgetReceipt = async (lane) => {
      if (++tries < 3) throw fullError(0)
      await forgetReceipt(lane)
    }
    // The readings cannot leave again yet, so that no new receipt takes the place of the old one.
    let isFull = true
    const noteSent = edge.journal.noteSent.bind(edge.journal)
    edge.journal.noteSent = (upToSeq) => (isFull ? Promise.reject(fullError(0)) : noteSent(upToSeq))
    await edge.uplink(edge.parts())
    await vi.waitUntil(() => tries === 3 && edge.journal.receipts.get('readings') === undefined)
    isFull = false
    await vi.waitUntil(() => edge.journal.receipts.get('readings')?.up_to_seq === 3)
    expect(edge.cloud.points.readings.count).toBe(3)
  })

  test('a busy cloud is given its time, a revoked appliance says so and loses nothing', async () => {
    const parts = await edge.enrolled()
    edge.cloud.refuseNext.push({ kind: 'busy', retry_after_ms: 100 }, { kind: 'revoked' })
    await edge.addRecord()
    await edge.uplink(parts)
    await vi.waitUntil(() => edge.view().problem?.includes('revoked') === true)
    expect(edge.view().state).toBe('offline')
    await edge.cloud.until(edge.isEverythingThere)
  })

  test('a segment that the disk has damaged is told as gone by its numbers, and the lane goes on', async () => {
    edge.journal.addReadings([1, 2])
    edge.journal.addReadings([3, 4])
    edge.journal.addReadings([5])
    const damaged = edge.journal.segmentList[1]
    if (damaged) damaged.body[damaged.body.length - 6] = (damaged.body[damaged.body.length - 6] ?? 0) ^ 0xff
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(() => edge.cloud.points.readings.seq === 5)
    expect(edge.cloud.points.readings.count).toBe(3)
    await vi.waitUntil(() => edge.journal.receipts.get('readings')?.up_to_seq === 5)
  })

  test('a point in the journal is the same however far it is walked', async () => {
    for (let count = 0; count < 30; count++) edge.journal.addReadings([count, count + 1])
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(edge.isEverythingThere)
    const walked = pointAt(edge.journal, 'readings', laneStart, 60)
    expect(walked !== null && samePoint(walked, edge.cloud.points.readings)).toBe(true)
    // Also inside a segment: a cloud may stand where merging has left no boundary.
    expect(pointAt(edge.journal, 'readings', laneStart, 59)).toMatchObject({ seq: 59, count: 59 })
    expect(pointAt(edge.journal, 'readings', laneStart, 61)).toBeNull()
  })
})
