import { expect, test } from 'vitest'
import type { TryAnswer, TryOutcome, TryRequest } from './protocol.ts'
import { createTryClient, type TryQuestion, type TryState, type TryWorker } from './try-client.ts'

function world() {
  const workers: (TryWorker & {
    asked: TryRequest[]
    dead: boolean
    listeners: Map<string, (event: never) => void>
  })[] = []
  const states: TryState[] = []
  let timer: (() => void) | null = null
  const client = createTryClient({
    createWorker: () => {
      const worker = {
        asked: [] as TryRequest[],
        dead: false,
        listeners: new Map<string, (event: never) => void>(),
        addEventListener: (type: string, listener: (event: never) => void) => void worker.listeners.set(type, listener),
        postMessage: (request: TryRequest) => void worker.asked.push(request),
        terminate: () => {
          worker.dead = true
        },
      }
      workers.push(worker)
      return worker
    },
    onState: (state) => states.push(state),
    startTimer: (expired) => {
      timer = expired
      return () => {
        timer = null
      }
    },
  })
  return {
    client,
    workers,
    states,
    isTimed: () => timer !== null,
    expire: () => timer?.(),
    answer: (of: number, answer: TryAnswer) => workers[of]?.listeners.get('message')?.({ data: answer } as never),
  }
}

const question = (source: string): TryQuestion => ({ rule: { source, fields: [] }, input: null, examples: [] })
const outcome: TryOutcome = { kind: 'refused', errors: [] }

test('no worker is made before the first question', () => {
  const { client, workers } = world()
  expect(workers).toHaveLength(0)
  client.ask(question('a'))
  expect(workers).toHaveLength(1)
})

test('of what is typed during an answer only the last is asked, and the old answer is not shown', () => {
  const { client, workers, states, answer } = world()
  client.ask(question('a'))
  client.ask(question('ab'))
  client.ask(question('abc'))
  answer(0, { kind: 'outcome', number: 1, outcome })
  expect(states).toEqual([])
  expect(workers[0]?.asked.map(({ rule }) => rule.source)).toEqual(['a', 'abc'])
  answer(0, { kind: 'outcome', number: 2, outcome })
  expect(states).toEqual([{ kind: 'outcome', outcome }])
})

test('a worker that does not answer is ended, and the next question gets a new one', () => {
  const { client, workers, states, expire, isTimed } = world()
  client.ask(question('loop {}'))
  expire()
  expect(workers[0]?.dead).toBe(true)
  expect(states).toEqual([{ kind: 'failed', because: 'too_slow', message: '' }])
  expect(isTimed()).toBe(false)
  client.ask(question('a'))
  expect(workers).toHaveLength(2)
})

test('a module that could not be loaded says so, and the same worker is asked again', () => {
  const { client, workers, states, answer } = world()
  client.ask(question('a'))
  answer(0, { kind: 'failed', number: 1, message: '404' })
  expect(states).toEqual([{ kind: 'failed', because: 'broken', message: '404' }])
  client.ask(question('a'))
  expect(workers).toHaveLength(1)
})

test('nothing is left running when the page is left', () => {
  const { client, workers, isTimed } = world()
  client.ask(question('a'))
  client.ask(question('b'))
  client.stop()
  expect(workers[0]?.dead).toBe(true)
  expect(isTimed()).toBe(false)
})
