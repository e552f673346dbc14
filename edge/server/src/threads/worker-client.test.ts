import { createLog } from '@jidoka/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WorkerClient } from './worker-client.ts'

interface EchoFunctions {
  readonly [name: string]: (argument: never) => unknown
  readonly echo: (text: string) => string
  readonly thread: (nothing: null) => number
  readonly bytes: (count: number) => Uint8Array
  readonly refuse: (why: string) => never
  readonly breakDown: (nothing: null) => never
}

let client: WorkerClient<EchoFunctions>
beforeEach(() => {
  client = new WorkerClient({
    name: 'echo',
    url: new URL('./testing/echo-worker.ts', import.meta.url),
    data: null,
    log: createLog('test', { level: 'silent' }),
    waitingMax: 4,
  })
})
afterEach(() => client.stop())

test('answers come to their questions, also large ones that are handed over', async () => {
  const [first, second, bytes] = await Promise.all([
    client.call('echo', 'a'),
    client.call('echo', 'b'),
    client.call('bytes', 1_000_000),
  ])
  expect([first, second, bytes.length]).toEqual(['a', 'b', 1_000_000])
})

test('a sentence of the worker reaches whoever asked, and the thread goes on', async () => {
  await expect(client.call('refuse', 'The disk is full.')).rejects.toThrow('The disk is full.')
  expect(await client.call('echo', 'still here')).toBe('still here')
})

test('a bug in the worker fails what waits there and nothing else: the next question gets a new thread', async () => {
  const failed = client.call('breakDown', null)
  const waiting = client.call('echo', 'behind it')
  await expect(failed).rejects.toThrow(/broke down/)
  await expect(waiting).rejects.toThrow(/broke down/)
  expect(await client.call('echo', 'again')).toBe('again')
})

test('I10: more questions than may wait are refused at once', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 6 }, (_, index) => client.call('echo', String(index))))
  expect(answers.filter((answer) => answer.status === 'rejected')).toHaveLength(2)
})

test('a stop ends what waits', async () => {
  const waiting = client.call('echo', 'too late')
  await Promise.all([expect(waiting).rejects.toThrow(/stops/), client.stop()])
})

test('a question after the stop is refused and starts no thread', async () => {
  expect(await client.call('echo', 'first')).toBe('first')
  await client.stop()
  await expect(client.call('echo', 'too late')).rejects.toThrow(/stops/)
})

test('a thread that nobody asks anything gives its memory back, and the next question gets a new one', async () => {
  const idle: WorkerClient<EchoFunctions> = new WorkerClient({
    name: 'idle',
    url: new URL('./testing/echo-worker.ts', import.meta.url),
    data: null,
    log: createLog('test', { level: 'silent' }),
    waitingMax: 4,
    idleMsMax: 1,
  })
  try {
    const first = await idle.call('thread', null)
    await expect.poll(() => idle.call('thread', null), { interval: 50 }).not.toBe(first)
  } finally {
    await idle.stop()
  }
})
