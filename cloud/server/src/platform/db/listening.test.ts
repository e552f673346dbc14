import { ManualClock } from '@jidoka/base'
import { expect, it } from 'vitest'
import type { Backend } from './backend.ts'
import { listenToAll } from './listening.ts'
import type { Place, Places } from './places.ts'

it('what is announced is heard in databases that were away when it was begun, once they are back', async () => {
  const clock = new ManualClock()
  const heardIn = new Map<string, (payload: string) => void>()
  const ended: string[] = []
  const failing = new Set(['third'])
  const backendOf = (name: string) =>
    ({
      listen: (_: string, heard: (payload: string) => void) => {
        if (failing.has(name)) return Promise.reject(new Error('refused'))
        heardIn.set(name, heard)
        return Promise.resolve(() => Promise.resolve(void ended.push(name)))
      },
    }) as unknown as Backend
  const main = backendOf('main')
  const second: { name: string; backend: Backend | null } = { name: 'second', backend: null }
  const all: Place[] = [{ name: 'main', backend: main }, second, { name: 'third', backend: backendOf('third') }]
  const missed: string[] = []
  const places = { all, missed: ({ name }: Place) => void missed.push(name) } as unknown as Places
  const heard: string[] = []
  let lost = 0
  const end = await listenToAll(
    { places, main, clock },
    'news',
    (payload) => heard.push(payload),
    () => lost++,
  )
  expect([[...heardIn.keys()], missed]).toEqual([['main'], ['third']])
  second.backend = backendOf('second')
  failing.clear()
  clock.advance(10_000)
  await new Promise((resolve) => setImmediate(resolve))
  for (const [name, say] of heardIn) say(name)
  expect(heard).toEqual(['main', 'second', 'third'])
  // What was announced there before that was not.
  expect(lost).toBe(1)
  await end()
  expect(ended.toSorted()).toEqual(['main', 'second', 'third'])
})
