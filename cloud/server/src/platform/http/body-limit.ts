import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './env.ts'

/**
 * Limits the body of a request, whether or not it says its length. Nothing of it is read here: it takes memory when the handler asks for it, behind
 * whatever bounds how many may. hono's own reads a body without a length to its end first, and wraps every other one in a web stream, which took
 * longer than checking the signature of a small batch.
 * @param tooLarge the problem to answer with
 */
export function limitBody(bytesMax: number, tooLarge: () => Error): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { method, headers } = c.req.raw
    if (method === 'GET' || method === 'HEAD') return next()
    const said = headers.get('content-length')
    if (said !== null && !headers.has('transfer-encoding')) {
      // The server takes no more of it than it says.
      if (!(Number(said) <= bytesMax)) throw tooLarge()
      return next()
    }
    const { body } = c.req.raw
    if (body === null) return next()
    const counted = new CountedBody(body, bytesMax, tooLarge)
    const { url, signal } = c.req.raw
    c.req.raw = new Request(url, { method, headers, signal, body: counted.stream, duplex: 'half' })
    await next()
    // Whoever reads the body as JSON takes an error of the stream for JSON that is none.
    if (counted.isOver) throw tooLarge()
    return undefined
  }
}

/** A body that fails once it is longer than it may be. A transform stream would ask for its first piece before anybody wants it. */
class CountedBody {
  isOver = false
  readonly stream: ReadableStream<Uint8Array>

  constructor(body: ReadableStream<Uint8Array>, bytesMax: number, tooLarge: () => Error) {
    let bytes = 0
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          reader ??= body.getReader()
          const { done, value } = await reader.read()
          if (done) return controller.close()
          bytes += value.length
          this.isOver = bytes > bytesMax
          if (!this.isOver) return controller.enqueue(value)
          controller.error(tooLarge())
          await reader.cancel()
        },
        cancel: (reason) => (reader === undefined ? body.cancel(reason) : reader.cancel(reason)),
      },
      { highWaterMark: 0 },
    )
  }
}
