import { ManualClock } from '@jidoka/base'
import type { TagValue } from '@jidoka/contract'
import { describe, expect, test } from 'vitest'
import { streamLimits } from './limits.ts'
import { StreamHub } from './stream-hub.ts'

const value = (key: string, number: number): TagValue => ({
  key,
  value: number,
  quality: 'good',
  at: '2026-01-01T00:00:00.000Z',
})

/** Reads what has been handed to a client so far, without waiting for more. */
class Reading {
  text = ''
  ended = false
  readonly #done: Promise<void>

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#done = this.#read(stream.getReader())
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    for (;;) {
      const { done, value: chunk } = await reader.read()
      if (done) break
      this.text += Buffer.from(chunk).toString()
    }
    this.ended = true
  }

  values(): [string, unknown][] {
    return [...this.text.matchAll(/event: values\ndata: (.*)\n\n/g)].flatMap(([, data]) =>
      (JSON.parse(data ?? '') as { values: TagValue[] }).values.map((each): [string, unknown] => [
        each.key,
        each.value,
      ]),
    )
  }

  whole(): Promise<void> {
    return this.#done
  }
}
/** Lets every promise that is due run. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('the live stream', () => {
  test("a tag's first change leaves at once, the newest of later ones 75 ms after it", async () => {
    const clock = new ManualClock()
    const hub = new StreamHub(clock)
    const client = new Reading(hub.connect(() => true))
    hub.values([value('a', 1)])
    await settle()
    expect(client.values()).toEqual([['a', 1]])
    for (let number = 2; number <= 30; number++) {
      clock.advance(2)
      hub.values([value('a', number)])
    }
    await settle()
    expect(client.values()).toEqual([['a', 1]])
    clock.advance(streamLimits.valueEveryMs - 58)
    await settle()
    expect(client.values()).toEqual([
      ['a', 1],
      ['a', 30],
    ])
  })

  test('in a second of a thousand changes a tag is sent no more often than the limit says, and its last value is not lost', async () => {
    const clock = new ManualClock()
    const hub = new StreamHub(clock)
    const client = new Reading(hub.connect(() => true))
    for (let number = 1; number <= 1_000; number++) {
      hub.values([value('a', number)])
      clock.advance(1)
    }
    clock.advance(streamLimits.valueEveryMs)
    await settle()
    expect(client.values().length).toBeLessThanOrEqual(2 + 1_000 / streamLimits.valueEveryMs)
    expect(client.values().at(-1)).toEqual(['a', 1_000])
  })

  test('I10: a client that does not read is told once to load the board again, and the others miss nothing', async () => {
    const clock = new ManualClock()
    const hub = new StreamHub(clock)
    const slow = hub.connect(() => true)
    const fast = new Reading(hub.connect(() => true))
    const text = 'x'.repeat(1_000)
    for (let count = 0; count < 1_500; count++) {
      clock.advance(streamLimits.valueEveryMs)
      hub.values([{ key: 'a', value: text, quality: 'good', at: null }])
      await settle()
    }
    expect(hub.slowClientsTotal).toBe(1)
    expect(fast.values()).toHaveLength(1_500)
    const late = new Reading(slow)
    await settle()
    expect(late.text.startsWith('event: reset\ndata: {"reason":"slow_client"}\n\n')).toBe(true)
    expect(late.text.length).toBeLessThanOrEqual(streamLimits.bufferBytesMax)
  })

  test('sixty tags that appear in half a second are two resets, not sixty', async () => {
    const clock = new ManualClock()
    const hub = new StreamHub(clock)
    const client = new Reading(hub.connect(() => true))
    for (let count = 0; count < 60; count++) {
      hub.reset('catalogue')
      clock.advance(8)
    }
    hub.reset('rules')
    clock.advance(streamLimits.resetEveryMs)
    await settle()
    expect(client.text.match(/"reason":"catalogue"/g)).toHaveLength(2)
    expect(client.text.match(/"reason":"rules"/g)).toHaveLength(1)
  })

  test('a comment every 15 s keeps proxies from closing, and a session that has ended ends the stream', async () => {
    const clock = new ManualClock()
    const hub = new StreamHub(clock)
    let alive = true
    const client = new Reading(hub.connect(() => alive))
    clock.advance(streamLimits.heartbeatEveryMs)
    await settle()
    expect(client.text).toContain(': heartbeat\n\n')
    alive = false
    clock.advance(streamLimits.heartbeatEveryMs)
    await client.whole()
    expect(hub.clientsCount).toBe(0)
  })

  test('a client that goes is forgotten, and stopping ends every stream', async () => {
    const hub = new StreamHub(new ManualClock())
    const gone = hub.connect(() => true)
    const stays = new Reading(hub.connect(() => true))
    await gone.cancel()
    expect(hub.clientsCount).toBe(1)
    hub.stop()
    await stays.whole()
    expect(hub.clientsCount).toBe(0)
  })
})
