import { Agent, get, Server } from 'node:http'
import { connect } from 'node:net'
import { createLog, systemClock } from '@jidoka/base'
import { expect, it, vi } from 'vitest'
import { Metrics } from '../metrics.ts'
import { createApp } from './app.ts'
import { HttpServer } from './server.ts'

function ask(url: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode))
    }).once('error', reject)
  })
}

async function open() {
  const begun = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const app = createApp({
    log: createLog('test', { level: 'silent' }),
    metrics: new Metrics(),
    clock: systemClock,
    https: false,
  })
  app.get('/poll', async (c) => {
    begun.resolve()
    await released.promise
    return c.json({})
  })
  app.get('/now', (c) => {
    asked.resolve()
    return c.json({})
  })
  const server = new HttpServer(app, { host: '127.0.0.1', port: 0 })
  await server.start()
  return { server, url: server.url, begun: begun.promise, asked: asked.promise, release: () => released.resolve() }
}

it('stops at once when a long poll that was under way is answered, though its connection would be kept', async () => {
  const { server, url, begun, release } = await open()
  const agent = new Agent({ keepAlive: true })
  const poll = ask(`${url}/poll`, agent)
  await begun
  const cut = vi.spyOn(Server.prototype, 'closeAllConnections')
  const stopped = server.stop()
  release()
  expect(await poll).toBe(200)
  await stopped
  // It was, after the time in which what is under way may end.
  expect(cut).not.toHaveBeenCalled()
  cut.mockRestore()
  agent.destroy()
})

it('tells who asks on a connection from before while it stops to let go of it', async () => {
  const { server, url, begun, asked, release } = await open()
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET /poll HTTP/1.1\r\nhost: cloud\r\n\r\n')
  await begun
  const stopped = server.stop()
  socket.write('GET /now HTTP/1.1\r\nhost: cloud\r\n\r\n')
  await asked
  release()
  let said = ''
  for await (const chunk of socket) said += String(chunk)
  await stopped
  const [first, second] = said.split('HTTP/1.1 200 OK').slice(1)
  expect(first).toContain('onnection: keep-alive')
  expect(second).toContain('onnection: close')
})

it('answers what is no request, and a head that is too large, with problems', async () => {
  const { server, url } = await open()
  const say = async (text: string) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(text)
    let said = ''
    for await (const chunk of socket) said += String(chunk)
    const [head = '', body = ''] = said.split('\r\n\r\n')
    return [head.split('\r\n')[0], (JSON.parse(body) as { kind?: string }).kind]
  }
  for (const request of ['GET /now HTTP/1.1\r\nhost: a b', 'GET * HTTP/1.1\r\nhost: cloud'])
    expect(await say(`${request}\r\nconnection: close\r\n\r\n`)).toEqual(['HTTP/1.1 400 Bad Request', 'invalid_input'])
  // A probe of HTTP/1.0 says no host.
  expect(await say('GET /now HTTP/1.0\r\n\r\n')).toEqual(['HTTP/1.1 200 OK', undefined])
  expect(await say('HELO cloud\r\n\r\n')).toEqual(['HTTP/1.1 400 Bad Request', 'invalid_input'])
  expect(await say(`GET / HTTP/1.1\r\nhost: cloud\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toEqual([
    'HTTP/1.1 413 Payload Too Large',
    'too_large',
  ])
  await server.stop()
})

it('answers whoever waits at the door when it stops, and lets go of each', async () => {
  const { server, url } = await open()
  // The kernel has greeted them; nothing of this program has looked at the door since.
  const sockets = Array.from({ length: 100 }, () => connect(Number(new URL(url).port), '127.0.0.1'))
  const answers = sockets.map(async (socket) => {
    socket.write('GET /now HTTP/1.1\r\nhost: cloud\r\n\r\n')
    let said = ''
    for await (const chunk of socket) said += String(chunk)
    return [said.slice(0, 15), said.includes('onnection: close')]
  })
  // A connection is asked for in the next tick.
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const stopped = server.stop()
  expect(await Promise.all(answers)).toEqual(sockets.map(() => ['HTTP/1.1 200 OK', true]))
  await stopped
})
