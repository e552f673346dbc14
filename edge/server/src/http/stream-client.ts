import { streamLimits } from './limits.ts'

const slowReset = new TextEncoder().encode('event: reset\ndata: {"reason":"slow_client"}\n\n')

/**
 * One reader of the stream with a bounded buffer of its own. When the buffer is full it is thrown away and one `reset`
 * stands in its place: the client then fetches the board, which is smaller than what it missed.
 */
export class StreamClient {
  readonly stream: ReadableStream<Uint8Array>
  readonly isAlive: () => boolean
  readonly #onGone: () => void
  readonly #onSlow: () => void
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  #buffer: Uint8Array[] = []
  #bufferedBytes = 0
  #isWanted = false
  #hasEnded = false

  constructor(isAlive: () => boolean, events: { readonly onGone: () => void; readonly onSlow: () => void }) {
    this.isAlive = isAlive
    this.#onGone = events.onGone
    this.#onSlow = events.onSlow
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          this.#isWanted = true
          this.#hand()
        },
        cancel: () => {
          this.#hasEnded = true
          this.#onGone()
        },
      },
      // Nothing is queued inside the stream: what waits is in our own buffer, which can be thrown away.
      { highWaterMark: 0 },
    )
  }

  send(bytes: Uint8Array): void {
    if (this.#hasEnded) return
    if (this.#bufferedBytes + bytes.length > streamLimits.bufferBytesMax) {
      this.#buffer = [slowReset]
      this.#bufferedBytes = slowReset.length
      this.#onSlow()
    } else {
      this.#buffer.push(bytes)
      this.#bufferedBytes += bytes.length
    }
    this.#hand()
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#controller?.close()
    this.#onGone()
  }

  #hand(): void {
    if (!this.#isWanted || this.#buffer.length === 0 || this.#controller === null) return
    this.#isWanted = false
    const [first] = this.#buffer
    const chunk = this.#buffer.length === 1 && first ? first : Buffer.concat(this.#buffer)
    this.#buffer = []
    this.#bufferedBytes = 0
    this.#controller.enqueue(chunk)
  }
}
