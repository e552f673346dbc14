import type { CloudStreamEvent } from '@jidoka/contract'
import { describe, expect, it } from 'vitest'
import { StreamBuffer } from './stream.ts'

const edgeEvent = (edge_id: string): CloudStreamEvent => ({
  event: 'edge',
  data: { edge_id, lines: [], seen_at: '2026-11-21T09:00:00.000Z' },
})

describe('StreamBuffer', () => {
  it('gives events in order, each once', () => {
    const buffer = new StreamBuffer(10)
    buffer.push(edgeEvent('a'))
    buffer.push(edgeEvent('b'))
    expect(buffer.take().map(({ data }) => ('edge_id' in data ? data.edge_id : ''))).toEqual(['a', 'b'])
    expect(buffer.take()).toEqual([])
  })

  it('tells a client that is too slow to fetch again, and then goes on with what comes after', () => {
    const buffer = new StreamBuffer(3)
    for (let index = 0; index < 4; index++) buffer.push(edgeEvent(String(index)))
    buffer.push(edgeEvent('after'))
    expect(buffer.take()).toEqual([{ event: 'reset', data: { reason: 'slow_client' } }, edgeEvent('after')])
  })

  it('I10: never holds more than its bound', () => {
    const buffer = new StreamBuffer(3)
    for (let index = 0; index < 1_000; index++) buffer.push(edgeEvent(String(index)))
    expect(buffer.take().length).toBeLessThanOrEqual(3)
  })

  it('wakes whoever waits', async () => {
    const buffer = new StreamBuffer(3)
    const waiting = buffer.wait(60_000)
    buffer.push(edgeEvent('a'))
    await waiting
  })
})
