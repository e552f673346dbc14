import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PortTakenError } from './port-taken.ts'
import { Relay } from './relay.ts'

let echo: Server
let relay: Relay
const sockets: Socket[] = []

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  relay = new Relay(
    'the line',
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port: (echo.address() as AddressInfo).port },
  )
  await relay.start()
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await relay.stop()
  await new Promise((resolve) => echo.close(resolve))
})

async function dial(): Promise<Socket> {
  const socket = connect(relay.port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

async function say(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [data] = (await once(socket, 'data')) as [Buffer]
  return data.toString()
}

/** The error with which a connection ends. */
async function end(socket: Socket): Promise<string | undefined> {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code
}

test('carries bytes both ways while it is up', async () => {
  expect(await say(await dial(), 'hello')).toBe('hello')
})

test('cut, it resets what is open and what comes; taken back, the same port carries again', async () => {
  const open = await dial()
  await say(open, 'hello')
  const lost = end(open)
  const takeBack = relay.cut('fault')
  expect(await lost).toBe('ECONNRESET')
  expect(relay.up).toBe(false)
  const refused = connect(relay.port, '127.0.0.1')
  sockets.push(refused)
  expect(await end(refused)).toBe('ECONNRESET')
  takeBack()
  expect(await say(await dial(), 'again')).toBe('again')
})

test('two cuts need both taken back', () => {
  const [first, second] = [relay.cut('one'), relay.cut('other')]
  first()
  expect(relay.up).toBe(false)
  second()
  expect(relay.up).toBe(true)
})

test('a target that is away ends the connection and not the relay', async () => {
  const nowhere = new Relay('nowhere', { host: '127.0.0.1', port: 0 }, { host: '127.0.0.1', port: 1 })
  await nowhere.start()
  const socket = connect(nowhere.port, '127.0.0.1')
  sockets.push(socket)
  expect(await end(socket)).toBe('ECONNRESET')
  expect(nowhere.up).toBe(true)
  await nowhere.stop()
})

test('a taken port is said in a sentence', async () => {
  const second = new Relay('the line', { host: '127.0.0.1', port: relay.port }, { host: '127.0.0.1', port: 1 })
  await expect(second.start()).rejects.toThrow(PortTakenError)
  await expect(second.start()).rejects.toThrow(`The port ${relay.port} for the line is taken`)
})
