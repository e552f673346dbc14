import type { Socket } from 'node:net'
import { answer, asked, makeRing, ringSender, signedIn } from './ring.ts'

/**
 * A load generator of its own process: prebuilt QoS 1 publishes, a window of them unacknowledged on each connection, and
 * nothing but counting of PUBACKs.
 */
export interface LoadQuestion {
  readonly port: number
  readonly connections: number
  readonly window: number
  readonly samplesCount: number
  readonly warmUpMs: number
  readonly measuredMs: number
  /** Ends earlier after so many acknowledgements in all, those of the warm-up among them. */
  readonly acksMax?: number
  readonly credentials?: { readonly login: string; readonly secret: string }
}
export interface LoadAnswer {
  /** Of the measured time, and of the warm-up too. */
  readonly acks: number
  readonly acksInAll: number
  readonly seconds: number
}

const question = asked() as LoadQuestion
let acks = 0
const full = Promise.withResolvers<void>()

function publisher(socket: Socket, connection: number): void {
  const send = ringSender(socket, makeRing(connection, question.samplesCount))
  let ackBytes = 0
  socket.on('data', (data) => {
    // Nothing but PUBACKs of four bytes comes after CONNACK.
    ackBytes += data.length
    const count = Math.floor(ackBytes / 4)
    ackBytes -= count * 4
    acks += count
    if (question.acksMax !== undefined && acks >= question.acksMax) return full.resolve()
    send(count)
  })
  send(question.window)
}

const sockets: Socket[] = []
for (let connection = 0; connection < question.connections; connection++) {
  const socket = await signedIn(question.port, `load-${process.pid}-${connection}`, question.credentials)
  sockets.push(socket)
  publisher(socket, connection)
}
await new Promise((resolve) => setTimeout(resolve, question.warmUpMs))
const acksBefore = acks
const startMs = performance.now()
await Promise.race([full.promise, new Promise((resolve) => setTimeout(resolve, question.measuredMs))])
const seconds = (performance.now() - startMs) / 1_000
for (const socket of sockets) socket.destroy()
answer({ acks: acks - acksBefore, acksInAll: acks, seconds } satisfies LoadAnswer)
