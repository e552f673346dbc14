import { decodeBatch, protocolVersion } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { someJudgment } from '../http/testing/memory-journal.ts'
import { buildBatch, pointAt } from './batch-builder.ts'
import { hurriedClock, LineHarness } from './testing/line-harness.ts'

let edge: LineHarness
beforeEach(async () => {
  edge = await LineHarness.start()
})
afterEach(() => edge.stop())

const waits = { interval: 10 }

describe('a cloud of protocol 1.2', () => {
  test('is told with every batch upon which point it builds and where the epoch begins', async () => {
    const heads: unknown[] = []
    edge.cloud.onBatch = ({ header }) => heads.push([header.lane, header.base?.seq, header.start_seq])
    edge.journal.addReadings([1, 2])
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(edge.isEverythingThere)
    edge.journal.addReadings([3])
    await edge.cloud.until(edge.isEverythingThere)
    expect(heads).toEqual([
      ['readings', 0, 1],
      ['readings', 2, 1],
    ])
  })

  test('hears of a copy by its first batch: the copy halts, reports it, and keeps everything', async () => {
    const parts = await edge.enrolled()
    edge.journal.addReadings([1, 2])
    const first = await edge.uplink(parts)
    await vi.waitUntil(() => edge.journal.receipts.get('readings')?.up_to_seq === 2, waits)
    await first.stop()
    // The other copy has sent two others under the same numbers, and more.
    const digest = 'aaaaaaaaaaaaaaaa'
    edge.cloud.points.readings = { seq: 2, count: 2, digest }
    edge.cloud.held.kept.set('readings 2', { seq: 2, count: 2, digest })
    edge.cloud.holdCursor = true
    edge.journal.addReadings([3])
    await edge.uplink(edge.parts())
    await edge.cloud.until(() => edge.cloud.reports.length > 0)
    expect(edge.cloud.reports[0]).toMatchObject({ kind: 'diverged', lane: 'readings', held: { seq: 2, count: 2 } })
    expect(edge.view().problem).toContain('hold different rows')
    expect(edge.journal.readingsSeq).toBe(3)
  })

  test('says what it knows of two histories, and the appliance shows it', async () => {
    edge.cloud.troubles = [{ kind: 'diverged', lane: 'records', seq: 7, since_ms: 1_000 }]
    const uplink = await edge.uplink(await edge.enrolled())
    await vi.waitUntil(() => uplink.state.troubles.length === 1, waits)
    expect(uplink.state.troubles).toEqual(edge.cloud.troubles)
  })

  test('rotates its key: the next receipt is believed without anybody at the appliance, and the old key is kept for old receipts', async () => {
    const parts = await edge.enrolled()
    await edge.addRecord()
    await edge.uplink(parts)
    await vi.waitUntil(() => edge.journal.receipts.get('records')?.key_id === 'k1', waits)
    edge.cloud.rotateKey()
    await edge.addRecord()
    await vi.waitUntil(() => edge.journal.receipts.get('records')?.key_id === 'k2', waits)
    expect(edge.view().problem).toBeNull()
    expect(edge.parts().identity.enrolled).toMatchObject({
      receipt_keys: [{ key_id: 'k2' }],
      former_keys: [{ key_id: 'k1' }],
      trust: { version: 1 },
    })
  })

  test('I4: a receipt of a key that nobody vouches for is not believed', async () => {
    const parts = await edge.enrolled()
    edge.cloud.rotateKey({ vouched: false })
    await edge.addRecord()
    await edge.uplink(parts)
    await vi.waitUntil(() => edge.view().problem?.includes('none of the trusted keys') === true, waits)
    expect(edge.journal.receipts.size).toBe(0)
  })

  test('revokes the appliance: refused on the way down, the way up hears of it at once though it has nothing to send', async () => {
    const parts = await edge.enrolled()
    edge.clockRate = 4
    await edge.uplink(parts)
    await vi.waitUntil(() => edge.view().state === 'online', waits)
    // More than the engine's pause between two pokes, and far less than what lies between two heartbeats: 13 s at this rate.
    await new Promise<void>((resolve) => hurriedClock.after(30_000, resolve))
    const asked = edge.cloud.requests.length
    edge.cloud.revoked = true
    await edge.follower(parts)
    await vi.waitUntil(() => edge.view().problem?.includes('revoked') === true, { timeout: 10_000, interval: 10 })
    expect(edge.cloud.requests.slice(asked).filter((each) => each.endsWith('/cursor')).length).toBeGreaterThan(0)
  })
})

describe('a cloud of protocol 1.1', () => {
  test('I2: gets everything, without a member that it does not know', async () => {
    edge.cloud.protocol = '1.1'
    for (let count = 0; count < 20; count++) await edge.addRecord()
    edge.journal.addReadings([1, 2, 3])
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(edge.isEverythingThere)
    edge.journal.addReadings([4])
    await edge.cloud.until(edge.isEverythingThere)
    expect(edge.cloud.points.readings.count).toBe(4)
    expect(edge.cloud.reports).toEqual([])
  })

  test('I2: that takes the place of one of 1.2 while batches leave gets everything too', async () => {
    edge.journal.addReadings([1])
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(edge.isEverythingThere)
    edge.cloud.protocol = '1.1'
    edge.journal.addReadings([2])
    await edge.cloud.until(edge.isEverythingThere)
    expect(edge.view().state).toBe('online')
    expect(edge.journal.poison).toEqual([])
  })
})

test('the record of a drained outage waits for a cloud that can read it', async () => {
  edge.cloud.protocol = '1.1'
  const first = await edge.uplink(await edge.enrolled())
  await edge.cloud.until(edge.isEverythingThere)
  await edge.cloud.stop()
  await edge.addRecord()
  await vi.waitUntil(() => edge.journal.outages(1)[0]?.toMs === null, waits)
  await edge.cloud.start()
  await vi.waitUntil(() => typeof edge.journal.outages(1)[0]?.toMs === 'number', waits)
  await edge.cloud.until(edge.isEverythingThere)
  await vi.waitUntil(() => edge.journal.receipts.get('records')?.up_to_seq === edge.journal.records.length, waits)
  expect(edge.cloud.lines.filter((line) => line.includes('drained_ms'))).toEqual([])
  await first.stop()
  edge.cloud.protocol = protocolVersion
  await edge.uplink(edge.parts())
  await vi.waitUntil(() => typeof edge.journal.outages(1)[0]?.drainedMs === 'number', waits)
})

describe('a row that the cloud can never read', () => {
  test('I2: is set aside alone after tries enough, told as dropped, and everything around it arrives', async () => {
    edge.cloud.unreadable = 'the poison'
    for (let count = 0; count < 5; count++) await edge.addRecord()
    await edge.journal.appendRecord({ kind: 'judgment', at_ms: 1, body: someJudgment({ explanation: 'the poison' }) })
    for (let count = 0; count < 5; count++) await edge.addRecord()
    edge.clockRate = 100_000
    await edge.uplink(await edge.enrolled())
    await edge.cloud.until(edge.isEverythingThere)
    expect(edge.journal.poison).toEqual([expect.objectContaining({ lane: 'records', fromSeq: 6, toSeq: 6 })])
    expect(edge.cloud.held.dropped).toEqual([{ lane: 'records', fromSeq: 6, toSeq: 6, reason: 'poison' }])
    expect(edge.cloud.lines).toHaveLength(10)
    const [name, bytes] = [...edge.poisonFiles][0] ?? []
    expect(name).toBe('poison-records-6.batch')
    const kept = decodeBatch(bytes ?? new Uint8Array())
    expect(kept.kind === 'records' && kept.lines).toEqual([expect.stringContaining('the poison')])
  })

  test('I2: is not sent again after a crash, and a batch ends before it', () => {
    const { journal } = edge
    journal.addReadings([1, 2, 3, 4, 5, 6])
    journal.poison.push({ lane: 'readings', fromSeq: 3, toSeq: 4, detail: 'bad' })
    const ask = (seq: number) =>
      buildBatch(journal, {
        sender: { edge_id: edge.cloud.edgeId, epoch: journal.epoch },
        lane: 'readings',
        after: { seq, count: 0, digest: '0000000000000000' },
        lastSeq: 6,
        bytesMax: 100_000,
      })
    expect(ask(0)).toMatchObject({ kind: 'rows', fromSeq: 1, toSeq: 2 })
    expect(ask(2)).toEqual({ kind: 'gone', fromSeq: 3, toSeq: 4, reason: 'poison' })
    expect(ask(4)).toMatchObject({ kind: 'rows', toSeq: 6 })
    // The appliance's own point does not count it either: the cloud's receipts of what lies behind are held against that.
    expect(pointAt(journal, 'readings', { seq: 0, count: 0, digest: '0000000000000000' }, 6)).toMatchObject({
      count: 4,
    })
  })
})

describe('the outage ledger', () => {
  test('ends an outage with what became of its rows, also when the program was stopped in between', async () => {
    const parts = await edge.enrolled()
    await edge.addRecord()
    const first = await edge.uplink(parts)
    await edge.cloud.until(edge.isEverythingThere)
    await edge.cloud.stop()
    edge.journal.addReadings([1, 2, 3])
    await vi.waitUntil(() => edge.journal.outages(1)[0]?.toMs === null, waits)
    await first.stop()
    // A cloud that is there again, and too busy for the readings.
    edge.cloud.busyLane = 'readings'
    await edge.cloud.start()
    const second = await edge.uplink(edge.parts())
    await vi.waitUntil(() => typeof edge.journal.outages(1)[0]?.toMs === 'number', waits)
    expect(edge.journal.outages(1)).toMatchObject([
      { rowsWaiting: expect.any(Number) as number, drainedMs: null, receipted: null },
    ])
    await second.stop()
    edge.cloud.busyLane = null
    await edge.uplink(edge.parts())
    await vi.waitUntil(() => typeof edge.journal.outages(1)[0]?.drainedMs === 'number', waits)
    const [outage] = edge.journal.outages(5)
    expect(outage).toMatchObject({ dropped: {}, receipted: { readings: 3 } })
    expect(outage?.receipted?.records).toBeGreaterThanOrEqual(1)
    expect(edge.journal.outages(5)).toHaveLength(1)
  })
})
