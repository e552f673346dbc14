import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connectPacket, publishPacket, subscribePacket } from '../publisher/packets.ts'
import { Draws } from '../random.ts'

/**
 * Clients that mean no good, in a process of their own: port, number of connections, seed. They come back as often as
 * they are thrown out, until the process is killed or its harness has gone.
 */
const [port = 0, count = 0, seed = 0] = process.argv.slice(2).map(Number)
const draws = new Draws(seed)

/** A broken connection is opened again after this long: more would be a flood of connects alone. */
const comeBackMs = 20
const chunkBytes = 64 * 1024

type Act = (socket: Socket, client: number) => void

/** Whatever else a client does, it stops when the kernel takes no more, or this process would be what runs full. */
function pour(socket: Socket, bytes: () => Buffer): void {
  const more = () => {
    for (let piece = 0; piece < 8; piece++) if (!socket.write(bytes())) return
    if (!socket.destroyed) setImmediate(more)
  }
  socket.on('drain', () => setImmediate(more))
  more()
}

function block(make: (index: number) => Buffer): Buffer {
  const packets: Buffer[] = []
  for (let index = 0, bytes = 0; bytes < chunkBytes; index++) {
    const packet = make(index)
    packets.push(packet)
    bytes += packet.length
  }
  return Buffer.concat(packets)
}

const noise = (qos: 0 | 1, client: number): Buffer =>
  block((index) => publishPacket(`sensor/FLOOD/C${client % 20}/noise`, String(index), qos, (index % 60_000) + 1, false))

const acts: readonly Act[] = [
  // Full speed, not waiting for acknowledgements, reading none of them.
  (socket, client) => {
    socket.pause()
    socket.write(connectPacket(`flood-${client}`, true))
    const bytes = noise(1, client)
    pour(socket, () => bytes)
  },
  (socket, client) => {
    socket.write(connectPacket(`flood-${client}`, true))
    const bytes = noise(0, client)
    pour(socket, () => bytes)
  },
  // A packet of 256 MB, as it says.
  (socket, client) => {
    socket.write(connectPacket(`flood-${client}`, true))
    socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))
    const bytes = Buffer.alloc(chunkBytes, 65)
    pour(socket, () => bytes)
  },
  // Bytes that mean nothing, before and behind a CONNECT.
  (socket, client) => {
    if (draws.chance(0.5)) socket.write(connectPacket(`flood-${client}`, true))
    socket.write(Buffer.from(Array.from({ length: 400 }, () => draws.whole(0, 256))))
  },
  // Wants everything and reads nothing.
  (socket, client) => {
    socket.pause()
    socket.write(connectPacket(`flood-${client}`, false))
    for (const filter of ['#', 'sensor/#', 'verdict/#', 'judgment/#', '$SYS/#'])
      socket.write(subscribePacket(1, filter, 1))
  },
  // One byte now and then.
  (socket, client) => {
    const bytes = connectPacket(`flood-${client}`, true)
    let at = 0
    const timer = setInterval(() => {
      if (socket.destroyed || at >= bytes.length - 1) clearInterval(timer)
      else socket.write(bytes.subarray(at, ++at))
    }, 50)
  },
]

function open(client: number): void {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => socket.destroy())
  socket.on('data', () => {})
  socket.on('connect', () => acts[client % acts.length]?.(socket, client))
  socket.on('close', () => setTimeout(() => open(client), comeBackMs))
}

process.stdin.on('end', () => process.exit(0)).resume()
for (let client = 0; client < count; client++) open(client)
