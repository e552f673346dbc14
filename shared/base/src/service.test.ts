import { expect, test } from 'vitest'
import { startAll, stopAll } from './service.ts'
import type { Service } from './service.ts'

function part(name: string, seen: string[], fails = ''): Service {
  const step = async (what: string) => {
    seen.push(`${what} ${name}`)
    if (fails === what) throw new Error(`${name} cannot ${what}`)
  }
  return { name, start: () => step('start'), stop: () => step('stop') }
}

test('when a part cannot start, those before it are stopped in reverse order', async () => {
  const seen: string[] = []
  const parts = [part('store', seen), part('broker', seen), part('http', seen, 'start'), part('uplink', seen)]
  await expect(startAll(parts)).rejects.toThrow('http cannot start')
  expect(seen).toEqual(['start store', 'start broker', 'start http', 'stop broker', 'stop store'])
})

test('a part that fails to stop does not keep the others from stopping', async () => {
  const seen: string[] = []
  await expect(stopAll([part('store', seen), part('broker', seen, 'stop')])).rejects.toThrow('did not stop')
  expect(seen).toEqual(['stop broker', 'stop store'])
})
