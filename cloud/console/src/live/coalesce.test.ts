import { expect, test } from 'vitest'
import { createCoalescer } from './coalesce.ts'

function world() {
  const ends: (() => void)[] = []
  let timer: (() => void) | null = null
  const coalescer = createCoalescer({
    run: () => new Promise<void>((resolve) => ends.push(resolve)),
    restMs: 1_000,
    startTimer: (expired) => {
      timer = expired
      return () => {
        timer = null
      }
    },
  })
  return {
    coalescer,
    runs: () => ends.length,
    endRun: async () => {
      ends.at(-1)?.()
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
    },
    rest: () => timer?.(),
    resting: () => timer !== null,
  }
}

test('a hundred wishes at once make one run, and one more for those that came during it', async () => {
  const { coalescer, runs, endRun, rest } = world()
  for (let wish = 0; wish < 100; wish += 1) coalescer.ask()
  expect(runs()).toBe(1)
  await endRun()
  coalescer.ask()
  expect(runs()).toBe(1)
  rest()
  expect(runs()).toBe(2)
  await endRun()
  rest()
  expect(runs()).toBe(2)
})

test('the first wish after a rest is served at once', async () => {
  const { coalescer, runs, endRun, rest } = world()
  coalescer.ask()
  await endRun()
  rest()
  coalescer.ask()
  expect(runs()).toBe(2)
})

test('nothing runs after the stop', async () => {
  const { coalescer, runs, endRun, resting } = world()
  coalescer.ask()
  coalescer.ask()
  coalescer.stop()
  await endRun()
  expect(resting()).toBe(false)
  expect(runs()).toBe(1)
})
