import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { holdsWithin } from '../until.ts'
import type { Line } from './line.ts'
import { OwnLine } from './own-line.ts'
import { findToxiproxy, ToxiproxyLine } from './toxiproxy.ts'

/*
 * Both lines break in the same way: a harness whose line stays whole proves nothing. The far end sends back what it gets.
 * Where toxiproxy is not installed the rounds take our own proxy, and it alone is tried here.
 */
const toxiproxy = findToxiproxy(process.env)
const waitMsMax = 20_000

runLineCases('own proxy', (port) => OwnLine.open(port))
if (toxiproxy !== null) runLineCases('toxiproxy', (port) => ToxiproxyLine.open(toxiproxy, port))

function runLineCases(name: string, open: (targetPort: number) => Promise<Line>): void {
  describe(`a line through ${name}`, () => {
    let far: Server
    let line: Line
    const sockets: Socket[] = []
    beforeEach(async () => {
      far = createServer((socket) => {
        sockets.push(socket)
        socket.on('error', () => {})
        socket.pipe(socket)
      })
      await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve))
      line = await open((far.address() as AddressInfo).port)
      return async () => {
        for (const socket of sockets.splice(0)) socket.destroy()
        await line.close()
        await new Promise((resolve) => far.close(resolve))
      }
    })

    /** A connection that counts what comes back. */
    const caller = () => {
      const socket = connect({ port: Number(new URL(line.url).port), host: '127.0.0.1', noDelay: true })
      sockets.push(socket)
      const seen = { bytes: 0, isOver: false, socket, atMs: 0 }
      socket.on('data', (bytes: Buffer) => {
        seen.bytes += bytes.length
        seen.atMs = performance.now()
      })
      socket.on('error', () => {})
      socket.on('close', () => (seen.isOver = true))
      return seen
    }
    const settled = (holds: () => boolean) => holdsWithin(waitMsMax, holds)

    test('carries bytes both ways while it is whole', async () => {
      const seen = caller()
      seen.socket.write(Buffer.alloc(1_000_000))
      expect(await settled(() => seen.bytes === 1_000_000)).toBe(true)
    })

    test('cut, it ends connections and takes none; healed, it takes them again', async () => {
      const before = caller()
      before.socket.write('a')
      await settled(() => before.bytes === 1)
      await line.cut()
      expect(await settled(() => before.isOver)).toBe(true)
      const meanwhile = caller()
      expect(await settled(() => meanwhile.isOver)).toBe(true)
      await line.heal()
      const after = caller()
      after.socket.write('a')
      expect(await settled(() => after.bytes === 1)).toBe(true)
    })

    test('silent, it leaves the connection open and carries nothing', async () => {
      const seen = caller()
      seen.socket.write('a')
      await settled(() => seen.bytes === 1)
      await line.add({ kind: 'silent' }, 'down')
      seen.socket.write('b')
      expect(await holdsWithin(300, () => seen.bytes > 1 || seen.isOver)).toBe(false)
    })

    test('torn, it carries so many bytes and closes', async () => {
      await line.add({ kind: 'torn', bytes: 700 }, 'up')
      const seen = caller()
      seen.socket.write(Buffer.alloc(5_000))
      expect(await settled(() => seen.isOver)).toBe(true)
      expect(seen.bytes).toBeLessThanOrEqual(700)
    })

    test('reset, it ends connections by itself', async () => {
      await line.add({ kind: 'reset', afterMs: 20 }, 'down')
      const seen = caller()
      seen.socket.write('a')
      expect(await settled(() => seen.isOver)).toBe(true)
    })

    test('slow, everything comes later; narrow, much comes later', async () => {
      await line.add({ kind: 'slow', latencyMs: 150, jitterMs: 0 }, 'up')
      const seen = caller()
      const beganMs = performance.now()
      seen.socket.write('a')
      expect(await settled(() => seen.bytes === 1)).toBe(true)
      expect(seen.atMs - beganMs).toBeGreaterThan(140)
      await line.heal()
      await line.add({ kind: 'narrow', kbPerSecond: 100 }, 'down')
      const other = caller()
      const againMs = performance.now()
      other.socket.write(Buffer.alloc(50_000))
      expect(await settled(() => other.bytes === 50_000)).toBe(true)
      expect(other.atMs - againMs).toBeGreaterThan(250)
    })
  })
}
