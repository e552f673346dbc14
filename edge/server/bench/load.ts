import { connect } from 'node:net'
import type { Socket } from 'node:net'

/**
 * A load generator of its own process: prebuilt QoS 1 publishes, a window of them unacknowledged on each connection, and
 * nothing but counting of PUBACKs. Arguments: port, connections, window, warm-up ms, measured ms, and optionally login and
 * secret. Prints one line of JSON: `{ acks, seconds }`.
 */
const [port = 0, connectionCount = 1, windowSize = 500, warmUpMs = 500, measuredMs = 3_000] = process.argv
  .slice(2, 7)
  .map(Number)
const [login, secret] = process.argv.slice(7)

/** Ids run through the ring; it is larger than any window, so that none is in flight twice. */
const ringSize = 20_000

interface Ring {
  readonly bytes: Buffer
  readonly starts: Uint32Array
}

/** One instant for all: an older one than the last of its tag would be a late reading, which is judged otherwise. */
const timestamp = new Date().toISOString()

function makeRing(connection: number): Ring {
  const packets: Buffer[] = []
  const starts = new Uint32Array(ringSize + 1)
  let at = 0
  for (let index = 0; index < ringSize; index++) {
    const topic = `sensor/LINE-A/PRESS-${(connection % 25) + 1}/temperature`
    const value = (70 + Math.sin(index / 50 + connection) * 5).toFixed(2)
    const payload = `{"tenant_id":"acme","value":${value},"unit":"C","timestamp":"${timestamp}"}`
    const packet = publishPacket(topic, payload, index + 1)
    starts[index] = at
    at += packet.length
    packets.push(packet)
  }
  starts[ringSize] = at
  return { bytes: Buffer.concat(packets), starts }
}

function publishPacket(topic: string, payload: string, messageId: number): Buffer {
  const body = Buffer.concat([text(topic), Buffer.from([messageId >> 8, messageId & 255]), Buffer.from(payload)])
  return Buffer.concat([Buffer.from([0x32]), remainingLength(body.length), body])
}

function connectPacket(clientId: string): Buffer {
  const flags = 2 | (login === undefined ? 0 : 0xc0)
  const credentials = login === undefined ? [] : [text(login), text(secret ?? '')]
  const body = Buffer.concat([text('MQTT'), Buffer.from([4, flags, 0, 60]), text(clientId), ...credentials])
  return Buffer.concat([Buffer.from([0x10]), remainingLength(body.length), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

function remainingLength(length: number): Buffer {
  return length < 128 ? Buffer.from([length]) : Buffer.from([(length % 128) | 128, Math.floor(length / 128)])
}

let acks = 0

function publisher(socket: Socket, ring: Ring): void {
  let next = 0
  let ackBytes = 0
  const send = (count: number) => {
    let rest = count
    while (rest > 0) {
      const until = Math.min(ringSize, next + rest)
      socket.write(ring.bytes.subarray(ring.starts[next], ring.starts[until]))
      rest -= until - next
      next = until === ringSize ? 0 : until
    }
  }
  socket.on('data', (data) => {
    // Nothing but PUBACKs of four bytes comes after CONNACK.
    ackBytes += data.length
    const count = Math.floor(ackBytes / 4)
    ackBytes -= count * 4
    acks += count
    send(count)
  })
  send(windowSize)
}

async function open(connection: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const ring = makeRing(connection)
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('data', (data) =>
      data[0] === 0x20 && data[3] === 0 ? resolve() : reject(new Error(`CONNACK ${data.toString('hex')}`)),
    )
    socket.write(connectPacket(`load-${process.pid}-${connection}`))
  })
  sockets.push(socket)
  publisher(socket, ring)
}

const sockets: Socket[] = []
for (let connection = 0; connection < connectionCount; connection++) await open(connection)
await new Promise((resolve) => setTimeout(resolve, warmUpMs))
const acksBefore = acks
const startMs = performance.now()
await new Promise((resolve) => setTimeout(resolve, measuredMs))
const seconds = (performance.now() - startMs) / 1_000
process.stdout.write(`${JSON.stringify({ acks: acks - acksBefore, seconds })}\n`)
for (const socket of sockets) socket.destroy()
process.exit(0)
