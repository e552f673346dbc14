import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { loadavg } from 'node:os'
import { publishPacket } from './mqtt-packets.ts'
import { startSubject } from './processes.ts'
import { signedIn } from './ring.ts'

/**
 * What a client that behaves well feels while another does not: p99 of its readings at QoS 1, one after the other, before
 * and during each attack. `node edge/server/bench/hostile.ts [seconds]`. An attack runs in a process of its own.
 */
const topic = 'sensor/LINE-A/PRESS-1/temperature'

/** SUBSCRIBE to everything of the flood, QoS 0. */
const subscribeFlood = Buffer.concat([Buffer.from([0x82, 12, 0, 1, 0, 7]), Buffer.from('flood/#'), Buffer.from([0])])

const attacks: Readonly<Record<string, (port: number) => Promise<void>>> = {
  /** Connects as fast as it can, and says nothing. */
  'connects without end': async (port) => {
    for (;;) {
      await Promise.all(Array.from({ length: 50 }, () => opened(port).then((socket) => socket.destroy())))
    }
  },
  /** Says that 256 MB come. */
  'packets of giants': async (port) => {
    for (let count = 0; ; count++) {
      const socket = await signedIn(port, `giant-${count}`).catch(() => null)
      socket
        ?.on('error', ignore)
        .write(Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(65_536)]))
      await new Promise((resolve) => setTimeout(resolve, 2))
      socket?.destroy()
    }
  },
  /** Many connections that send a packet byte by byte. */
  'packets a byte at a time': async (port) => {
    const sockets = await Promise.all(Array.from({ length: 200 }, (_, index) => signedIn(port, `loris-${index}`)))
    const packet = publishPacket(topic, 'x'.repeat(10_000), 1)
    for (let at = 0; ; at = (at + 1) % packet.length) {
      for (const socket of sockets) socket.write(packet.subarray(at, at + 1))
      await new Promise((resolve) => setImmediate(resolve))
    }
  },
  /** Subscribes to a flood and reads none of it, while others send it. */
  'readers that never read': async (port) => {
    for (let index = 0; index < 20; index++) {
      const socket = await signedIn(port, `stuck-${index}`)
      socket.write(subscribeFlood)
      socket.pause()
    }
    await flood(await signedIn(port, 'flooder'), 'flood/a', 200, 1_000)
  },
  /** Sends QoS 1 readings and waits for no acknowledgement. */
  'a publisher that never stops': async (port) => flood(await signedIn(port, 'flooder'), topic, 2_000, 80),
}

async function flood(socket: Socket, to: string, batch: number, bytes: number): Promise<void> {
  socket.on('error', ignore).resume()
  const payload = `{"value":1,"note":"${'x'.repeat(bytes)}"}`
  const packets = Buffer.concat(Array.from({ length: batch }, (_, index) => publishPacket(to, payload, index + 1)))
  for (;;) if (!socket.write(packets)) await new Promise((resolve) => socket.once('drain', resolve))
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(socket)).on('error', () => resolve(socket))
  })
}

/** Milliseconds of each acknowledgement, one publish after the other. */
async function latencies(socket: Socket, durationMs: number): Promise<number[]> {
  const found: number[] = []
  const packet = publishPacket(topic, '{"value":20.5,"unit":"C"}', 1)
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs) {
    const sentMs = performance.now()
    socket.write(packet)
    await new Promise((resolve) => socket.once('data', resolve))
    found.push(performance.now() - sentMs)
  }
  return found.toSorted((left, right) => left - right)
}

const p99 = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
const ignore = (): void => {}

const [what = '3', port] = process.argv.slice(2)
if (port === undefined) await measure(Number(what) * 1_000)
else await attacks[what]?.(Number(port))

async function measure(durationMs: number): Promise<void> {
  process.stdout.write(`load of the machine ${loadavg()[0]?.toFixed(1)}\n`)
  for (const name of Object.keys(attacks)) {
    const subject = await startSubject({ ruleCount: 0 })
    const good = await signedIn(subject.port, 'good')
    await latencies(good, 500)
    const before = await latencies(good, durationMs)
    const attack = spawn(process.execPath, [import.meta.filename, name, `${subject.port}`], { stdio: 'ignore' })
    // Until it runs.
    await latencies(good, 1_500)
    const during = await latencies(good, durationMs)
    attack.kill('SIGKILL')
    const ratio = p99(during) / p99(before)
    process.stdout.write(
      `${ratio.toFixed(1)} x: ${name}; p99 ${p99(before).toFixed(2)} ms before, ${p99(during).toFixed(2)} ms during, ${during.length} of ${before.length} acknowledged\n`,
    )
    good.destroy()
    await subject.stop()
  }
}
