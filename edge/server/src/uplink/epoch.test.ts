import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LineOnFolder } from './testing/line-on-folder.ts'
import { LoopbackCloud } from './testing/loopback-cloud.ts'

/** Real journals and threads, on a machine that may be busy with other tests. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const waits = { timeout: 30_000, interval: 20 }

let cloud: LoopbackCloud
let folder: string
const running: LineOnFolder[] = []

beforeEach(async () => {
  cloud = new LoopbackCloud()
  await cloud.start()
  folder = mkdtempSync(join(tmpdir(), 'jidoka-epoch-'))
})
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop()
  await cloud.stop()
  rmSync(folder, { recursive: true })
})

async function open(name: string): Promise<LineOnFolder> {
  const opened = await LineOnFolder.open(join(folder, name), cloud)
  running.push(opened)
  return opened
}

async function stop(edge: LineOnFolder): Promise<void> {
  running.splice(running.indexOf(edge), 1)
  await edge.stop()
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index)

/**
 * The image of an appliance is restored after it has run on: the cloud holds rows that the restored one never wrote, and the restored one writes others under
 * the same numbers. Everything is real but the cloud: journal, worker threads, HTTP.
 */
async function restoredImage(): Promise<LineOnFolder> {
  const first = await open('edge')
  await first.send(numbers(0, 30))
  await vi.waitUntil(first.isEverythingReceipted, waits)
  await stop(first)
  cpSync(join(folder, 'edge'), join(folder, 'image'), { recursive: true })
  const second = await open('edge')
  await second.send(numbers(100, 40))
  await vi.waitUntil(second.isEverythingReceipted, waits)
  await stop(second)
  const restored = await open('image')
  await restored.send(numbers(200, 10))
  return restored
}

describe('an appliance that was restored from an image', () => {
  test('I2: stops with a sentence, tells the cloud, and a new epoch brings every row that the cloud has not, once', async () => {
    const restored = await restoredImage()
    await vi.waitUntil(() => cloud.reports.length > 0, waits)
    expect(cloud.reports[0]).toMatchObject({ kind: 'ahead', lane: 'readings', seq: 70, held: { seq: 30, count: 30 } })
    expect(restored.desk.status().problem).toContain('start a new epoch')
    const former = { epoch: cloud.held.epoch, readings: [...cloud.held.readings], lines: [...cloud.held.lines] }
    expect(former.readings).toHaveLength(70)

    const begun = await restored.desk.beginEpoch(restored.reader.epoch.slice(0, 8), 'kim')
    expect(begun).toMatchObject({ former: former.epoch, start_readings: 31 })
    expect(restored.reader.epoch).toBe(begun.epoch)
    await vi.waitUntil(restored.isEverythingReceipted, waits)

    expect(cloud.held.epoch).toBe(begun.epoch)
    expect(cloud.held.readings.map(({ seq, value }) => [seq, value])).toEqual(
      numbers(0, 10).map((index) => [31 + index, 200 + index]),
    )
    expect(cloud.former.at(-1)).toMatchObject({ epoch: former.epoch, readings: former.readings, lines: former.lines })
    const records = cloud.held.lines.map((line) => JSON.parse(line) as { seq: number; kind: string; body: object })
    expect(records.map(({ seq }) => seq)).toEqual(numbers(begun.start_records, records.length))
    expect(records.filter(({ kind }) => kind === 'tag')).toHaveLength(1)
    expect(records.find(({ kind }) => kind === 'audit')?.body).toMatchObject({
      actor: 'kim',
      action: 'sync.epoch_begin',
    })
    expect(restored.desk.status()).toMatchObject({ state: 'online', problem: null, epoch: begun.epoch })

    // It goes on with it, also after a restart, and the mark beside the journal bears its name.
    await restored.send(numbers(300, 5))
    await vi.waitUntil(restored.isEverythingReceipted, waits)
    await stop(restored)
    const mark = JSON.parse(readFileSync(join(folder, 'image', 'journal-mark.json'), 'utf8')) as { epoch: string }
    expect(mark.epoch).toBe(begun.epoch)
    const again = await open('image')
    await again.send([1])
    await vi.waitUntil(again.isEverythingReceipted, waits)
    expect(cloud.held.readings).toHaveLength(16)
    expect(again.pipeline.found).toBeNull()

    // Both ends had counted the same rows of the new epoch, which begins in the middle of a range, and hold them.
    again.desk.beginAudit({ repair: false }, 'kim')
    await vi.waitUntil(() => again.desk.audit().state !== 'running', waits)
    expect(again.desk.audit()).toMatchObject({ state: 'done', report: { is_whole: true, ranges: 2, unknown: 0 } })
    expect(again.desk.status().last_audit).toMatchObject({ is_whole: true, differences: 0 })
    const [sum] = again.reader.rangeSums('readings', 0, 10)
    expect(sum).toMatchObject({ range: 0, fromSeq: 31, upToSeq: 46, count: 16 })
  })

  test('a new epoch keeps the receipts of the one before it', async () => {
    const restored = await restoredImage()
    await vi.waitUntil(() => cloud.reports.length > 0, waits)
    const before = restored.reader.receiptHistory({ limit: 100 })
    const { former } = await restored.desk.beginEpoch(restored.reader.epoch.slice(0, 8), 'kim')
    await vi.waitUntil(restored.isEverythingReceipted, waits)
    const history = restored.reader.receiptHistory({ limit: 100 })
    expect(history.slice(-before.length)).toEqual(before)
    expect(new Set(history.map(({ receipt }) => receipt.epoch))).toEqual(new Set([former, restored.reader.epoch]))
  })

  test('no epoch begins by accident: whoever asks names the present one', async () => {
    const edge = await open('edge')
    const { epoch } = edge.reader
    await expect(edge.desk.beginEpoch('00000000', 'kim')).rejects.toThrow(`begins with ${epoch.slice(0, 8)}`)
    expect(edge.reader.epoch).toBe(epoch)
  })

  test('I2: where the cloud cannot be asked, the new epoch begins behind the newest stored receipt, and arrives later', async () => {
    const edge = await open('edge')
    await edge.send(numbers(0, 20))
    await vi.waitUntil(edge.isEverythingReceipted, waits)
    await cloud.stop()
    await edge.send(numbers(50, 10))
    const begun = await edge.desk.beginEpoch(edge.reader.epoch.slice(0, 8), 'kim')
    expect(begun.start_readings).toBe(21)
    await cloud.start()
    await vi.waitUntil(edge.isEverythingReceipted, waits)
    expect(cloud.held.readings.map(({ value }) => value)).toEqual(numbers(50, 10))
  })
})
