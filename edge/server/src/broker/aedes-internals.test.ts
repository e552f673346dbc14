import { PassThrough } from 'node:stream'
import { Aedes } from 'aedes'
import { expect, test } from 'vitest'
import { internalsOf } from './aedes-internals.ts'

test('aedes still has what the publish lane stands before', async () => {
  const aedes = await Aedes.createBroker()
  const client = aedes.handle(new PassThrough())
  const internals = internalsOf(client)
  expect(typeof internals._parser.parse).toBe('function')
  expect(internals._keepaliveTimer).toBeNull()
  expect([typeof internals.pause, typeof internals.resume]).toEqual(['function', 'function'])
  internals.pause()
  expect(internals._paused).toBe(true)
  internals.resume()
  expect(internals._paused).toBe(false)
  client.close()
  await new Promise<void>((resolve) => aedes.close(() => resolve()))
})
