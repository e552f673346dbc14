import { afterEach, describe, expect, test } from 'vitest'
import { StoreProblemError } from '../store/errors.ts'
import { TestBroker, until } from './test-support.ts'

const topic = 'sensor/LINE-A/temperature'

/* The journal is slow, or takes nothing: no PUBACK goes out, what was read waits in a bounded place, and all of it is stored in the end. */
describe('messages that the journal does not take yet', () => {
  let at: TestBroker
  afterEach(async () => at.stop())
  const stored = () => at.reader.lanes().readingsSeq

  test('I10: reads no more from a client whose messages wait, and goes on when they are stored', async () => {
    const waiting: (() => void)[] = []
    let isSlow = true
    at = await TestBroker.start({
      limits: { unacknowledgedMax: 50 },
      wrap: (pipeline) => ({
        ingest: (message, done) =>
          isSlow ? waiting.push(() => pipeline.ingest(message, done)) : pipeline.ingest(message, done),
        onStoreProblem: (listener) => pipeline.onStoreProblem(listener),
      }),
    })
    const press = await at.connect('press')
    const padding = 'x'.repeat(4_000)
    const publishes = Array.from({ length: 2_000 }, (_, index) =>
      press.publishAsync(topic, `{"value":${index},"note":"${padding}"}`, { qos: 1 }),
    )
    await until(() => waiting.length >= 50, 'the limit is reached')
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(waiting.length).toBe(50)
    isSlow = false
    for (const each of waiting.splice(0)) each()
    await Promise.all(publishes)
    expect(stored()).toBe(2_000)
  })

  test('I1: publishes no PUBACK while the store fails, and everything comes through when it works again', async () => {
    let fails = true
    let tell: (problem: string | null) => void = () => {}
    at = await TestBroker.start({
      wrap: (pipeline) => ({
        ingest: (message, done) =>
          fails
            ? queueMicrotask(() => done(new StoreProblemError('full', 'The disk is full.')))
            : pipeline.ingest(message, done),
        onStoreProblem: (listener) => {
          tell = listener
          return () => {}
        },
      }),
    })
    const press = await at.connect('press')
    let acknowledged = 0
    const publishes = Array.from({ length: 100 }, async (_, index) => {
      await press.publishAsync(topic, `{"value":${index}}`, { qos: index % 2 === 0 ? 1 : 2 })
      acknowledged++
    })
    await until(() => at.broker.stats().heldMessages === 100, 'all are held')
    expect(acknowledged).toBe(0)
    fails = false
    tell(null)
    await Promise.all(publishes)
    expect(stored()).toBe(100)
    expect(at.broker.stats().heldMessages).toBe(0)
  })

  test('I1: what comes while older messages of its client are held is stored and acknowledged behind them', async () => {
    let fails = true
    let tell: (problem: string | null) => void = () => {}
    at = await TestBroker.start({
      wrap: (pipeline) => ({
        ingest: (message, done) =>
          fails
            ? queueMicrotask(() => done(new StoreProblemError('full', 'The disk is full.')))
            : pipeline.ingest(message, done),
        onStoreProblem: (listener) => {
          tell = listener
          return () => {}
        },
      }),
    })
    const press = await at.connect('press')
    const acknowledged: number[] = []
    const publish = async (value: number) => {
      await press.publishAsync(topic, `{"value":${value}}`, { qos: 1 })
      acknowledged.push(value)
    }
    const held = publish(1)
    await until(() => at.broker.stats().heldMessages === 1, 'it is held')
    // The disk is free again, and nobody has said so yet.
    fails = false
    const behind = publish(2)
    await until(() => at.broker.stats().publishesTotal === 2, 'the other has come')
    // One of another client has no older ones to wait for.
    const other = await at.connect('press')
    await other.publishAsync('sensor/LINE-A/pressure', '{"value":5}', { qos: 1 })
    tell(null)
    await Promise.all([held, behind])
    expect(acknowledged).toEqual([1, 2])
    expect([...at.reader.history('LINE-A/temperature', 0, Infinity).values]).toEqual([1, 2])
  })

  test('forgets what a client that left has held', async () => {
    at = await TestBroker.start({
      wrap: () => ({
        ingest: (_message, done) => queueMicrotask(() => done(new StoreProblemError('full', 'The disk is full.'))),
        onStoreProblem: () => () => {},
      }),
    })
    const press = await at.connect('press')
    press.publish(topic, '{"value":1}', { qos: 1 })
    await until(() => at.broker.stats().heldMessages === 1, 'it is held')
    press.end(true)
    await until(() => at.broker.stats().heldMessages === 0, 'it is forgotten')
  })
})
