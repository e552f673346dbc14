import type { Board } from '@jidoka/contract'
import { createTicker, type Api, type EventStreamParts } from '@jidoka/ui'
import { expect, test, vi } from 'vitest'
import { makePlant } from '../../test/fixture/plant.ts'
import { createLiveBoard, readEvent } from './live-board.ts'

const nowMs = Date.parse('2026-11-21T05:00:00Z')
const key = 'LINE-A/PRESS-1/temperature'

/** A live board whose stream and answers the test gives by hand. */
function world() {
  const answers: {
    resolve: (board: Board) => void
    reject: (error: unknown) => void
    signal: AbortSignal | undefined
  }[] = []
  const api = {
    get: (_path: string, options?: { signal?: AbortSignal }) =>
      new Promise((resolve, reject) => {
        answers.push({
          resolve: (data) => resolve({ data, meta: { request_id: 'r' } }),
          reject,
          signal: options?.signal,
        })
      }),
  } as unknown as Api
  const ticker = createTicker({ now: () => nowMs, every: () => () => undefined })
  let signedOut = 0
  const live = createLiveBoard({ api, ticker, onSignedOut: () => signedOut++ })
  return { live, answers, ticker, board: makePlant(() => nowMs).board, signedOut: () => signedOut }
}
const settled = () => vi.waitFor(() => Promise.resolve())
const value = (number: number, second: number) => ({
  event: 'values' as const,
  data: {
    values: [{ key, value: number, quality: 'good' as const, at: new Date(nowMs + second * 1_000).toISOString() }],
  },
})

test('what the stream brought while the board was on its way is on the board', async () => {
  const { live, answers, board } = world()
  live.refetch()
  live.apply(value(90, 5))
  answers[0]?.resolve(board)
  await settled()
  expect(live.state().board?.tags.get(key)?.value).toBe(90)
})

test('an answer that was overtaken by a later question is dropped', async () => {
  const { live, answers, board } = world()
  live.refetch()
  live.refetch()
  expect(answers[0]?.signal?.aborted).toBe(true)
  answers[1]?.resolve({ ...board, edge: { ...board.edge, name: 'second' } })
  answers[0]?.resolve({ ...board, edge: { ...board.edge, name: 'first' } })
  await settled()
  expect(live.state().board?.edge.name).toBe('second')
})

test('reset fetches the board again', () => {
  const { live, answers } = world()
  live.apply({ event: 'reset', data: { reason: 'slow_client' } })
  expect(answers).toHaveLength(1)
})

test('a board that cannot be fetched leaves the old one with the reason', async () => {
  const { live, answers, board } = world()
  live.refetch()
  answers[0]?.resolve(board)
  await settled()
  live.refetch()
  answers[1]?.reject(new Error('down'))
  await settled()
  expect(live.state().board?.edge.name).toBe(board.edge.name)
  expect(live.state().error).toMatchObject({ message: 'down' })
})

test("the page's clock follows the appliance's", async () => {
  const { live, answers, board, ticker } = world()
  live.refetch()
  answers[0]?.resolve({ ...board, now: new Date(nowMs + 3_600_000).toISOString() })
  await settled()
  expect(ticker.nowMs()).toBe(nowMs + 3_600_000)
})

test('the time of losing the stream stays through every attempt to get it back', async () => {
  const states: (number | null)[] = []
  const fetches = [
    () => Promise.reject(new TypeError('refused')),
    () => Promise.reject(new TypeError('refused')),
    () => Promise.resolve(new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })),
  ]
  const { board } = world()
  const live = createLiveBoard({
    api: { get: () => Promise.resolve({ data: board, meta: { request_id: '' } }) } as unknown as Api,
    ticker: createTicker({ now: () => nowMs, every: () => () => undefined }),
    onSignedOut: () => undefined,
    stream: {
      fetch: (() => fetches.shift()?.() ?? Promise.reject(new TypeError('no more'))) as typeof fetch,
      wait: () => Promise.resolve(),
    } satisfies Partial<EventStreamParts>,
  })
  live.subscribe(() => states.push(live.state().lostSinceMs))
  const stop = live.start()
  await vi.waitFor(() => expect(live.state().stream).toBe('live'))
  stop()
  expect(states[0]).toBeNull()
  expect(states).toContain(nowMs)
  expect(live.state().lostSinceMs).toBeNull()
})

test('an event of a newer server is passed over, a broken one is not', () => {
  expect(readEvent({ event: 'forecast', data: '{' })).toBeNull()
  expect(readEvent({ event: 'reset', data: '{"reason":"rules"}' })).toEqual({
    event: 'reset',
    data: { reason: 'rules' },
  })
  expect(() => readEvent({ event: 'values', data: '{' })).toThrow(SyntaxError)
})
