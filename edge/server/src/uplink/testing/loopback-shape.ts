import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DesiredItem } from '@jidoka/domain'

interface Change {
  readonly operation: 'insert' | 'update' | 'delete'
  readonly item: DesiredItem
}

/** The desired state of the loopback cloud, served as Electric serves a shape. */
export class LoopbackShape {
  handle = 'shape-1'
  readonly changes: Change[] = []
  readonly #edgeId: string
  readonly #waiting = new Set<() => void>()

  constructor(edgeId: string) {
    this.#edgeId = edgeId
  }

  change(operation: Change['operation'], item: DesiredItem): void {
    this.changes.push({ operation, item })
    for (const wake of this.#waiting) wake()
  }

  /** The shape protocol of Electric as far as its client needs it. */
  async serve(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const offset = url.searchParams.get('offset') ?? '-1'
    const isOfOldShape = (): boolean => offset !== '-1' && url.searchParams.get('handle') !== this.handle
    const from = offset === '-1' ? 0 : Number(offset.split('_')[0])
    if (!isOfOldShape() && url.searchParams.get('live') === 'true' && from === this.changes.length)
      await this.#nextChange(request)
    if (isOfOldShape()) {
      response.writeHead(409, { 'electric-handle': this.handle, 'content-type': 'application/json' })
      response.end(JSON.stringify([{ headers: { control: 'must-refetch' } }]))
      return
    }
    response.writeHead(200, {
      'content-type': 'application/json',
      'electric-handle': this.handle,
      'electric-offset': `${this.changes.length}_0`,
      'electric-schema': JSON.stringify({
        id: { type: 'uuid' },
        edge_id: { type: 'uuid' },
        kind: { type: 'text' },
        key: { type: 'text' },
        version: { type: 'int8' },
        body: { type: 'jsonb' },
      }),
      'electric-cursor': String(Date.now()),
      'electric-up-to-date': '',
    })
    const messages =
      offset === '-1' ? this.#snapshot() : this.changes.slice(from).map((change) => this.#message(change))
    response.end(JSON.stringify([...messages, { headers: { control: 'up-to-date' } }]))
  }

  #nextChange(request: IncomingMessage): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
      request.socket.once('close', wake)
    })
  }

  #snapshot(): unknown[] {
    const rows = new Map<string, DesiredItem>()
    for (const { operation, item } of this.changes) {
      if (operation === 'delete') rows.delete(`${item.kind} ${item.key}`)
      else rows.set(`${item.kind} ${item.key}`, item)
    }
    return [...rows.values()].map((item) => this.#message({ operation: 'insert', item }))
  }

  #message({ operation, item }: Change): unknown {
    const value = {
      id: randomUUID(),
      edge_id: this.#edgeId,
      kind: item.kind,
      key: item.key,
      version: String(item.version),
      body: JSON.stringify(item.body),
    }
    return {
      key: `"fleet"."desired"/"${item.kind} ${item.key}"`,
      value,
      headers: { operation, relation: ['fleet', 'desired'] },
    }
  }
}
