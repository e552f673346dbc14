import { promisify } from 'node:util'
import { brotliCompress, brotliCompressSync, constants, gzip, gzipSync } from 'node:zlib'
import type { MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import type { AppEnv } from './env.ts'

/** Below this an answer is one packet either way. */
const bytesMin = 1_024
/** What takes a tenth of a millisecond costs less here than the way to another thread and back. */
const hereCharactersMax = 32_768
/** As small as gzip makes a page of judgments, in its time; 4 took twice as long for a hundredth less. */
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }

type Encoding = 'br' | 'gzip'
const here = { br: (bytes: Buffer) => brotliCompressSync(bytes, brotli), gzip: (bytes: Buffer) => gzipSync(bytes) }
const brotliElsewhere = promisify(brotliCompress)
const gzipElsewhere = promisify(gzip)
const elsewhere = {
  br: (bytes: Buffer) => brotliElsewhere(bytes, brotli),
  gzip: (bytes: Buffer) => gzipElsewhere(bytes),
}

/** The one that is wanted most; br among equals. Null: as it is. */
export function encodingOf(accepted: string): Encoding | null {
  const wanted = new Map<string, number>()
  for (const part of accepted.slice(0, 500).split(',')) {
    const [name = '', ...parameters] = part.split(';')
    const quality = parameters.find((parameter) => /^\s*q=/i.test(parameter))
    wanted.set(name.trim().toLowerCase(), quality === undefined ? 1 : Number(quality.split('=')[1]) || 0)
  }
  const of = (name: string) => wanted.get(name) ?? wanted.get('*') ?? 0
  const [br, zipped] = [of('br'), of('gzip')]
  if (br === 0 && zipped === 0) return null
  return br >= zipped ? 'br' : 'gzip'
}

/** Tokens stand beside what others sent: their lengths are to say nothing. */
const secretAnswers = /^\/api\/v1\/auth\//

/** Exports, and the description of the API. Never events. */
const streamedText = /^(?:application\/(?:json|x-ndjson)|text\/(?!event-stream))/

/**
 * Compresses what `reply` has made, which is whole and in memory, and what is streamed as text, such as exports. Events are left as they are: each is to
 * arrive when it happens. So is everything for whoever asks for nothing else.
 */
export function compressed(): MiddlewareHandler<AppEnv> {
  const streams = compress({ encoding: 'gzip', threshold: bytesMin, contentTypeFilter: streamedText })
  return async (c, next) => {
    await next()
    const accepted = c.req.header('accept-encoding')
    if (accepted === undefined || secretAnswers.test(c.req.path)) return
    const text = c.get('answerText')
    if (text === undefined) {
      await streams(c, () => Promise.resolve())
      return
    }
    if (text.length < bytesMin || c.res.status !== 200) return
    const encoding = encodingOf(accepted)
    if (encoding === null) return
    const bytes = Buffer.from(text)
    const body = await (text.length > hereCharactersMax ? elsewhere : here)[encoding](bytes)
    const { headers } = c.res
    headers.set('content-encoding', encoding)
    headers.delete('content-length')
    // Else hono would make the former answer's body a stream, to copy nothing from it.
    c.res = undefined
    c.res = new Response(body as Uint8Array<ArrayBuffer>, { status: 200, headers })
  }
}
