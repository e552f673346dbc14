/**
 * A process that asks an HTTP server over so many connections, one request at a time on each, and says how it was answered. Sockets and bytes alone: it shares
 * the machine with what it measures.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export interface LoadQuestion {
  readonly port: number
  readonly connections: number
  readonly warmUpMs: number
  readonly measuredMs: number
  /** Whole requests, asked in turn over and over. */
  readonly requests: readonly string[]
}

export interface LoadAnswer {
  readonly perS: number
  readonly medianMs: number
  readonly p99Ms: number
  /** Also those of the warm-up. */
  readonly requestsInAll: number
}

const headEnd = Buffer.from('\r\n\r\n')

/** One connection: its answers are looked at no further than to know where each ends, and that it is a success. */
class Asker {
  readonly #socket: Socket
  readonly #next: () => Buffer
  readonly #answered: (askedMs: number) => void
  #head: Buffer = Buffer.alloc(0)
  /** Bytes of the body that are still to come; null: the head is. */
  #left: number | null = null
  #askedMs = 0
  isLast = false

  constructor(
    port: number,
    {
      next,
      answered,
      failed,
    }: { next: () => Buffer; answered: (askedMs: number) => void; failed: (error: Error) => void },
  ) {
    this.#next = next
    this.#answered = answered
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('connect', () => this.#ask())
    this.#socket.on('data', (bytes: Buffer) => {
      try {
        this.#take(bytes)
      } catch (error) {
        failed(error as Error)
      }
    })
    this.#socket.on('error', failed)
    this.#socket.on('close', () => this.isLast || failed(new Error('the server has closed a connection')))
  }

  #ask(): void {
    if (this.isLast) return void this.#socket.destroy()
    this.#askedMs = performance.now()
    this.#socket.write(this.#next())
  }

  #take(bytes: Buffer): void {
    if (this.#left === null) {
      this.#head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes])
      const end = this.#head.indexOf(headEnd)
      if (end === -1) return
      const head = this.#head.toString('latin1', 0, end)
      const length = /^content-length: (\d+)$/im.exec(head)?.[1]
      if (!head.startsWith('HTTP/1.1 200') || length === undefined)
        throw new Error(`the server answered:\n${this.#head.toString('utf8').slice(0, 2_000)}`)
      this.#left = Number(length) - (this.#head.length - end - headEnd.length)
      this.#head = Buffer.alloc(0)
    } else this.#left -= bytes.length
    if (this.#left > 0) return
    this.#left = null
    this.#answered(this.#askedMs)
    this.#ask()
  }
}

async function load(question: LoadQuestion): Promise<LoadAnswer> {
  const requests = question.requests.map((request) => Buffer.from(request))
  let asked = 0
  const startMs = performance.now()
  const measuredFromMs = startMs + question.warmUpMs
  const untilMs = measuredFromMs + question.measuredMs
  const latencies: number[] = []
  let requestsInAll = 0
  await new Promise<void>((resolve, reject) => {
    const askers = Array.from(
      { length: question.connections },
      () =>
        new Asker(question.port, {
          next: () => requests[asked++ % requests.length] as Buffer,
          answered: (askedMs) => {
            requestsInAll++
            const nowMs = performance.now()
            if (nowMs >= untilMs) {
              for (const asker of askers) asker.isLast = true
              resolve()
            } else if (askedMs >= measuredFromMs) latencies.push(nowMs - askedMs)
          },
          failed: reject,
        }),
    )
  })
  latencies.sort((a, b) => a - b)
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN
  return {
    perS: latencies.length / (question.measuredMs / 1_000),
    medianMs: at(0.5),
    p99Ms: at(0.99),
    requestsInAll,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const answer = await load(JSON.parse(await text(process.stdin)) as LoadQuestion)
  process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0))
}
