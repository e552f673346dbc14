import { OperationalError } from '@jidoka/base'
import { expect, test } from 'vitest'
import { HttpServer } from './server.ts'

const answer = () => new Response('hello')

test('a port of 0 becomes a free one, and the address says which', async () => {
  const server = new HttpServer(answer, { host: '127.0.0.1', port: 0 })
  await server.start()
  expect(await (await fetch(server.url)).text()).toBe('hello')
  await server.stop()
})

test('a port that another program uses is named with what to set', async () => {
  const first = new HttpServer(answer, { host: '127.0.0.1', port: 0 })
  await first.start()
  const port = Number(new URL(first.url).port)
  const second = new HttpServer(answer, { host: '127.0.0.1', port })
  await expect(second.start()).rejects.toThrow(OperationalError)
  await expect(new HttpServer(answer, { host: '127.0.0.1', port }).start()).rejects.toThrow(/JIDOKA_HTTP_PORT/)
  await first.stop()
})

test('an address that this machine has not is named', async () => {
  await expect(new HttpServer(answer, { host: '203.0.113.7', port: 0 }).start()).rejects.toThrow(/JIDOKA_HTTP_HOST/)
})
