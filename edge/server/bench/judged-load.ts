import type { Socket } from 'node:net'
import { subscribePacket } from './mqtt-packets.ts'
import { answer, asked, makeRing, ringSender, signedIn } from './ring.ts'

/**
 * End to end: QoS 1 readings in, a verdict of each out by QoS 0. As many readings are under way as the window says; the
 * next goes when a verdict has come, so that a lost one narrows the window for good and shows in `lost`.
 */
export interface JudgedQuestion {
  readonly port: number
  readonly verdictFilter: string
  readonly connections: number
  readonly window: number
  readonly warmUpMs: number
  readonly measuredMs: number
}
export interface JudgedAnswer {
  readonly verdicts: number
  readonly seconds: number
  /** Readings whose verdict had not come two seconds after the last was sent. */
  readonly lost: number
}

const question = asked() as JudgedQuestion
const counts = { sent: 0, seen: 0 }
let isSending = true

const reader = await signedIn(question.port, `reader-${process.pid}`)
await new Promise<void>((resolve) => {
  reader.once('data', () => resolve()) // SUBACK
  reader.write(subscribePacket(question.verdictFilter))
})
const publishers: Socket[] = []
const senders: ((count: number) => void)[] = []
for (let connection = 0; connection < question.connections; connection++) {
  const socket = await signedIn(question.port, `judged-${process.pid}-${connection}`)
  // PUBACKs are read and not counted: what counts is the verdict.
  socket.resume()
  publishers.push(socket)
  senders.push(ringSender(socket, makeRing(connection, 1)))
}

let turn = 0
function send(count: number): void {
  counts.sent += count
  senders[turn++ % senders.length]?.(count)
}

/** Cuts the stream into packets and counts PUBLISH. */
let rest: Buffer = Buffer.alloc(0)
reader.on('data', (chunk: Buffer) => {
  const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
  let at = 0
  let came = 0
  for (;;) {
    let length = 0
    let factor = 1
    let cursor = at + 1
    let isWhole = false
    while (cursor < bytes.length) {
      const byte = bytes[cursor++] as number
      length += (byte & 127) * factor
      factor *= 128
      if (byte < 128) {
        isWhole = true
        break
      }
    }
    if (!isWhole || cursor + length > bytes.length) break
    if (((bytes[at] as number) & 0xf0) === 0x30) came++
    at = cursor + length
  }
  rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at))
  counts.seen += came
  if (isSending && came > 0) send(came)
})

for (let connection = 0; connection < question.connections; connection++)
  send(Math.ceil(question.window / question.connections))
await new Promise((resolve) => setTimeout(resolve, question.warmUpMs))
const seenBefore = counts.seen
const startMs = performance.now()
await new Promise((resolve) => setTimeout(resolve, question.measuredMs))
const verdicts = counts.seen - seenBefore
const seconds = (performance.now() - startMs) / 1_000
isSending = false
const giveUpMs = performance.now() + 2_000
while (counts.seen < counts.sent && performance.now() < giveUpMs)
  await new Promise((resolve) => setTimeout(resolve, 20))
for (const socket of [reader, ...publishers]) socket.destroy()
answer({ verdicts, seconds, lost: counts.sent - counts.seen } satisfies JudgedAnswer)
