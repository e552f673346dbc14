import { expect, test } from 'vitest'
import { createTicker } from './ticker.ts'

function world() {
  let nowMs = 1_000_000
  let tick: (() => void) | null = null
  const ticker = createTicker({
    now: () => nowMs,
    every: (listener) => {
      tick = listener
      return () => {
        tick = null
      }
    },
  })
  return {
    ticker,
    pass: (ms: number) => {
      nowMs += ms
      tick?.()
    },
    isRunning: () => tick !== null,
  }
}

test('one timer serves every listener and stops with the last', () => {
  const { ticker, pass, isRunning } = world()
  const heard: string[] = []
  const stopOne = ticker.subscribe(() => heard.push('one'))
  const stopOther = ticker.subscribe(() => heard.push('other'))
  pass(1_000)
  stopOne()
  pass(1_000)
  expect(heard).toEqual(['one', 'other', 'other'])
  stopOther()
  expect(isRunning()).toBe(false)
})

test('a panel whose clock is an hour behind shows the time of its server', () => {
  const { ticker } = world()
  ticker.correct(1_000_000 + 3_600_000)
  expect(ticker.nowMs()).toBe(4_600_000)
  expect(ticker.tickMs()).toBe(4_600_000)
})

test('a difference of less than a second is the way of the answer and changes nothing', () => {
  const { ticker } = world()
  ticker.correct(1_000_400)
  expect(ticker.nowMs()).toBe(1_000_000)
})

test('the instant of the last tick stays the same while a page is drawn', () => {
  const { ticker, pass } = world()
  ticker.subscribe(() => undefined)
  pass(1_000)
  expect([ticker.tickMs(), ticker.tickMs()]).toEqual([1_001_000, 1_001_000])
})

test('after a time without listeners the instant is not an old one', () => {
  const { ticker, pass } = world()
  ticker.subscribe(() => undefined)()
  pass(90_000)
  expect(ticker.tickMs()).toBe(1_090_000)
})
