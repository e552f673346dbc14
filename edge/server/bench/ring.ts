import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connectPacket, publishPacket } from './mqtt-packets.ts'

/** Publishes that are sent round and round. Ids run through the ring; it is larger than any window, so that none is in flight twice. */
export interface Ring {
  readonly bytes: Buffer
  readonly starts: Uint32Array
  readonly size: number
}

/** One instant for all: an older one than the last of its tag would be a late reading, which is judged otherwise. */
const timestamp = new Date().toISOString()

/** @param samplesCount readings a message: one as the reference object, more as an array of samples */
export function makeRing(connection: number, samplesCount: number, size = 20_000): Ring {
  const packets: Buffer[] = []
  const starts = new Uint32Array(size + 1)
  const topic = `sensor/LINE-A/PRESS-${(connection % 25) + 1}/temperature`
  const value = (index: number) => (70 + Math.sin(index / 50 + connection) * 5).toFixed(2)
  let at = 0
  for (let index = 0; index < size; index++) {
    const payload =
      samplesCount === 1
        ? `{"tenant_id":"acme","value":${value(index)},"unit":"C","timestamp":"${timestamp}"}`
        : `[${Array.from({ length: samplesCount }, (_, sample) => `{"value":${value(index + sample)},"timestamp":"${timestamp}"}`).join()}]`
    const packet = publishPacket(topic, payload, index + 1)
    starts[index] = at
    at += packet.length
    packets.push(packet)
  }
  starts[size] = at
  return { bytes: Buffer.concat(packets), starts, size }
}

/** Sends packets of a ring, going on where it stopped. */
export function ringSender(socket: Socket, ring: Ring): (count: number) => void {
  let next = 0
  return (count) => {
    let rest = count
    while (rest > 0) {
      const until = Math.min(ring.size, next + rest)
      socket.write(ring.bytes.subarray(ring.starts[next], ring.starts[until]))
      rest -= until - next
      next = until === ring.size ? 0 : until
    }
  }
}

/** A connection that is signed in: CONNACK has come. */
export async function signedIn(
  port: number,
  clientId: string,
  credentials?: { readonly login: string; readonly secret: string },
): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('data', (data) =>
      data[0] === 0x20 && data[3] === 0 ? resolve() : reject(new Error(`CONNACK ${data.toString('hex')}`)),
    )
    socket.write(connectPacket(clientId, credentials))
  })
  return socket
}

/** What a process of the benchmark was asked: JSON in its first argument. */
export const asked = (): unknown => JSON.parse(process.argv[2] ?? '{}')

/** Its answer: one line of JSON. Ends the process. */
export function answer(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`, () => process.exit(0))
}

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
