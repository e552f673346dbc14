import { spawnSync } from 'node:child_process'
import { decodeSegment } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { quietLog } from '../broker/test-support.ts'
import type { Committed, Inbound } from '../ports.ts'
import { openPipeline, openReader } from './index.ts'
import type { OpenPipeline } from './index.ts'
import { ingestLimits } from './limits.ts'
import { newFolder, removeFolder } from './test-support.ts'
import { publishes, publishesCount } from './testing/publishes.ts'

/*
 * What a publisher sends is stored in its order, once, also when the store fails in between or the process is killed between
 * a commit and its answers. The real thread and files; the publisher is the test, which sends again what was refused.
 */
describe('the order of a publisher', () => {
  let folder: string
  let pipeline: OpenPipeline
  const open = async () => {
    pipeline = await openPipeline({ dataFolder: folder, tenantId: 'acme', log: quietLog })
  }
  beforeEach(() => {
    folder = newFolder()
  })
  afterEach(async () => {
    await pipeline.stop()
    removeFolder(folder)
  })

  const reading = (value: number): Inbound => ({
    topic: 'sensor/LINE-A/temperature',
    payload: Buffer.from(String(value)),
    source: 'press',
    qos: 1,
  })
  const send = (message: Inbound) => new Promise<Error | null>((resolve) => pipeline.ingest(message, resolve))
  const storedValues = () => {
    const reader = openReader({ dataFolder: folder })
    try {
      return reader.segments(1, Infinity).flatMap(({ body }) => {
        const segment = decodeSegment(body)
        return Array.from({ length: segment.count }, (_, index) => segment.value(index))
      })
    } finally {
      reader.close()
    }
  }

  test('I1: nothing behind a message that the store refused is stored before it, be the store in order again meanwhile', async () => {
    await open()
    const answers: (Error | null)[] = []
    const works = new Promise<void>((resolve) =>
      pipeline.onStoreProblem((problem) => (problem === null ? resolve() : undefined)),
    )
    const count = 3 * ingestLimits.flightMessagesMax
    pipeline.limitPages(1)
    let wasBusy = false
    const all = Array.from(
      { length: count },
      (_, index) =>
        new Promise<void>((resolve) =>
          pipeline.ingest(reading(index), (error) => {
            answers[index] = error
            // A main thread that is busy at the wrong moment: the worker has found its disk in order long before the third flight.
            if (error !== null && !wasBusy) {
              wasBusy = true
              Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
            }
            resolve()
          }),
        ),
    )
    // Two flights take off, and behind them the disk gets room.
    await new Promise((resolve) => setImmediate(resolve))
    pipeline.limitPages(1_000_000)
    await Promise.all(all)
    const first = answers.findIndex((error) => error !== null)
    expect(first).toBeGreaterThanOrEqual(0)
    expect(answers.slice(first).every((error) => error !== null)).toBe(true)
    await works
    await Promise.all(answers.flatMap((error, index) => (error === null ? [] : [send(reading(index))])))
    const values = storedValues()
    expect(values.length).toBe(count)
    expect(values).toEqual(values.toSorted((left, right) => Number(left) - Number(right)))
  })

  test('I1: what was committed before a SIGKILL and is sent again is stored once, and all in order', async () => {
    const child = new URL('./testing/killed-pipeline.ts', import.meta.url).pathname
    const run = spawnSync(process.execPath, [child, folder], { encoding: 'utf8', timeout: 30_000 })
    expect(run.signal).toBe('SIGKILL')
    await open()
    const told: Committed[] = []
    pipeline.onCommitted((committed) => told.push(committed))
    await Promise.all(publishes(true).map(send))
    expect(told.reduce((sum, { counts }) => sum + counts.repeats, 0)).toBeGreaterThanOrEqual(publishesCount / 2)
    expect(storedValues()).toEqual(Array.from({ length: publishesCount }, (_, index) => index))
  })

  test('what the broker let go of is gone before the publish that follows is compared with it', async () => {
    await open()
    const qos2 = { ...reading(1), qos: 2, delivery: { session: 'plc-1', messageId: 1, dup: false } } as const
    await send(qos2)
    const released = pipeline.changeBroker([{ kind: 'inbound_released', session: 'plc-1', messageId: 1 }])
    await Promise.all([released, send({ ...qos2, payload: Buffer.from('2') })])
    expect(storedValues()).toEqual([1, 2])
  })
})
