import { Agent, request } from 'node:http'

/** As many as are wanted: a fleet has a connection of its own for each edge. */
const agent = new Agent({ keepAlive: true })

export interface Exchanged {
  readonly status: number
  readonly text: string
}

/**
 * One request and its answer, with as little as can be spent on it: who drives the load shares the machine with who is measured, and `fetch` took as
 * much of it as the cloud.
 * @throws what node:http throws for a connection that failed, a `code` with it
 */
export function exchange(
  url: string,
  { method, headers, body }: { method: string; headers: Readonly<Record<string, string>>; body: Uint8Array },
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, method, headers: { ...headers, 'content-length': String(body.length) } })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    outgoing.end(body)
  })
}
