import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

// What a collector makes of OTLP over HTTP, for tests: the wire format of opentelemetry/proto/collector/trace/v1 itself, not of a library that wrote it.

export interface CollectedSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  /** "" of a root. */
  readonly parentSpanId: string
  readonly name: string
  readonly kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  readonly facts: Readonly<Record<string, unknown>>
  /** Trace ids. */
  readonly links: readonly string[]
  readonly isError: boolean
  readonly durationMs: number
}

export interface Collector {
  readonly endpoint: string
  readonly spans: readonly CollectedSpan[]
  /** Of each request that came. */
  readonly headers: readonly NodeJS.Dict<string | string[]>[]
  /** What requests are answered with from here on; 200 at first. */
  answerWith(status: number): void
  /** Resolves with the spans once they are as wanted. @throws after `waitMs`, ten seconds by default */
  waitFor(isThere: (spans: readonly CollectedSpan[]) => boolean, waitMs?: number): Promise<readonly CollectedSpan[]>
  close(): Promise<void>
}

const waitMsMax = 30_000

/** Listens on a free port of loopback. */
export async function openCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const headers: NodeJS.Dict<string | string[]>[] = []
  const heard = new Set<() => void>()
  let status = 200
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      headers.push(request.headers)
      const raw = Buffer.concat(chunks)
      const isWanted = request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf'
      if (status === 200 && isWanted)
        spans.push(...readTraces(request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw))
      response.writeHead(isWanted ? status : 400, { 'content-type': 'application/x-protobuf' }).end()
      for (const each of heard) each()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    headers,
    answerWith: (given) => void (status = given),
    waitFor: (isThere, waitMs = waitMsMax) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!isThere(spans)) return
          clearTimeout(late)
          heard.delete(look)
          resolve(spans)
        }
        const late = setTimeout(() => {
          heard.delete(look)
          reject(new Error(`these spans came: ${JSON.stringify(spans.map(({ name, service }) => [service, name]))}`))
        }, waitMs)
        heard.add(look)
        look()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Value = bigint | Buffer

/** Fields of a message by their number. */
function fieldsOf(bytes: Buffer): Map<number, Value[]> {
  const fields = new Map<number, Value[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('a field that is longer than its message')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = varint()
    const wire = Number(tag & 7n)
    const value =
      wire === 0 ? varint() : wire === 1 ? take(8) : wire === 2 ? take(Number(varint())) : wire === 5 ? take(4) : null
    if (value === null) throw new TypeError(`no wire type: ${wire}`)
    const number = Number(tag >> 3n)
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}

const messages = (fields: Map<number, Value[]>, number: number): Map<number, Value[]>[] =>
  (fields.get(number) ?? []).map((value) => fieldsOf(value as Buffer))
const bytesOf = (fields: Map<number, Value[]>, number: number): Buffer =>
  (fields.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0)
const textOf = (fields: Map<number, Value[]>, number: number): string => bytesOf(fields, number).toString('utf8')

function anyValue(fields: Map<number, Value[]>): unknown {
  if (fields.has(1)) return textOf(fields, 1)
  if (fields.has(2)) return fields.get(2)?.[0] === 1n
  if (fields.has(3)) return Number(BigInt.asIntN(64, fields.get(3)?.[0] as bigint))
  if (fields.has(4)) return bytesOf(fields, 4).readDoubleLE()
  return null
}

const attributes = (fields: Map<number, Value[]>, number: number): Record<string, unknown> =>
  Object.fromEntries(
    messages(fields, number).map((pair) => [textOf(pair, 1), anyValue(messages(pair, 2)[0] ?? new Map())]),
  )

const kindNames = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
const errorCode = 2n

/** ExportTraceServiceRequest -> ResourceSpans -> ScopeSpans -> Span. */
function readTraces(bytes: Buffer): CollectedSpan[] {
  return messages(fieldsOf(bytes), 1).flatMap((resourceSpans) => {
    const resource = attributes(messages(resourceSpans, 1)[0] ?? new Map(), 1)
    return messages(resourceSpans, 2).flatMap((scopeSpans) =>
      messages(scopeSpans, 2).map((span): CollectedSpan => ({
        service: String(resource['service.name']),
        traceId: bytesOf(span, 1).toString('hex'),
        spanId: bytesOf(span, 2).toString('hex'),
        parentSpanId: bytesOf(span, 4).toString('hex'),
        name: textOf(span, 5),
        kind: kindNames[Number(span.get(6)?.[0] ?? 0n)] ?? 'unspecified',
        facts: attributes(span, 9),
        links: messages(span, 13).map((link) => bytesOf(link, 1).toString('hex')),
        isError: messages(span, 15)[0]?.get(3)?.[0] === errorCode,
        durationMs: Number(bytesOf(span, 8).readBigUInt64LE() - bytesOf(span, 7).readBigUInt64LE()) / 1e6,
      })),
    )
  })
}
