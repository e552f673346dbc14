import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '@jidoka/base'
import type { Pool } from 'pg'

// A stand-in for the Electric service, written from its published HTTP protocol (GET /v1/shape, GET /v1/health): shapes are logs over a table,
// begun by a snapshot; an offset says how far a client has read. It is harsher than it need be: the snapshot comes in an answer of its own
// that is not up to date, as Electric's does. Where Electric follows the replication stream, this looks at the table again and again.

interface Row {
  id: string
  edge_id: string
  kind: string
  key: string
  version: string
  body: string
}

interface Entry {
  readonly no: number
  readonly message: object
}

interface StubShape {
  handle: string
  edgeId: string
  rows: Map<string, Row>
  snapshot: readonly object[]
  log: Entry[]
}

/** As Electric has it. */
const livePollMs = 20_000
const lookEveryMs = 3
/** As behind a proxy that has other services too. */
const prefix = '/services/electric'
const types = { id: 'uuid', edge_id: 'uuid', kind: 'text', key: 'text', version: 'int8', body: 'jsonb' }
const schema = JSON.stringify(
  Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { type, dimensions: 0 }])),
)
const upToDate = { headers: { control: 'up-to-date' } }
const mustRefetch = [{ headers: { control: 'must-refetch' } }]

export class ElectricStub {
  readonly secret = 'a secret of the stub'
  /** Answers everything with this status while it is set. */
  failing: { status: number; headers?: Record<string, string> } | undefined
  /** Takes a request and never answers, or stops in the middle of the answer. */
  hanging: 'before the head' | 'in the body' | undefined
  /** Queries as they came, for tests to look at. */
  readonly asked: URLSearchParams[] = []
  /** Long polls under way. */
  waiting = 0
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #shapes = new Map<string, StubShape>()
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => send(response, 500, {}, { message: String(error) }))
  })
  #closed = false
  #cursor = 0

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool
    this.#clock = clock
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${prefix}/`
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Forgets all shapes, as Electric does when their storage is gone or they have not been asked for in a long time. */
  rotate(): void {
    this.#shapes.clear()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stub')
    if (url.pathname === `${prefix}/v1/health`) return send(response, 200, {}, { status: 'active' })
    const query = url.searchParams
    this.asked.push(query)
    if (this.hanging === 'before the head') return
    if (this.hanging === 'in the body') {
      response.writeHead(200, { 'content-type': 'application/json', 'electric-offset': '0_0' }).write('[{"head')
      return
    }
    if (this.failing !== undefined)
      return send(response, this.failing.status, this.failing.headers ?? {}, { message: 'failing' })
    if (query.get('secret') !== this.secret) return send(response, 401, {}, { message: 'Unauthorized' })
    const edgeId = query.get('params[1]')
    const offset = query.get('offset') ?? ''
    const isRight =
      url.pathname === `${prefix}/v1/shape` &&
      query.get('table') === 'fleet.desired' &&
      query.get('where') === 'edge_id = $1 and deleted = false' &&
      query.get('columns') === Object.keys(types).join(',') &&
      query.get('replica') === 'full' &&
      /^(-1|now|\d+_(\d+|inf))$/.test(offset)
    if (!isRight || edgeId === null) return send(response, 400, {}, { message: 'Invalid request' })
    const shape = await this.#shapeOf(edgeId)
    if (offset === '-1')
      return send(response, 200, { ...headOf(shape, '0_inf'), 'cache-control': 'public, max-age=60' }, shape.snapshot)
    if (query.get('handle') !== shape.handle && offset !== 'now')
      return send(response, 409, { 'electric-handle': shape.handle }, mustRefetch)
    const from = offset === 'now' ? (shape.log.at(-1)?.no ?? 0) : Number(offset.split('_')[0])
    const isLive = query.get('live') === 'true'
    const entries = isLive ? await this.#wait(shape, from, response) : await this.#after(shape, from)
    if (response.destroyed) return
    // A shape that went while somebody waited for it.
    if (this.#shapes.get(edgeId) !== shape) {
      const next = await this.#shapeOf(edgeId)
      return send(response, 409, { 'electric-handle': next.handle }, mustRefetch)
    }
    const last = entries.at(-1)?.no
    const head = headOf(shape, last === undefined ? (offset === 'now' ? `${from}_0` : offset) : `${last}_0`)
    this.#cursor += 1
    send(
      response,
      200,
      {
        ...head,
        'electric-up-to-date': '',
        ...(isLive
          ? { 'electric-cursor': String(this.#clock.nowMs() + this.#cursor), 'cache-control': 'public, max-age=5' }
          : {}),
      },
      [...entries.map(({ message }) => message), upToDate],
    )
  }

  async #shapeOf(edgeId: string): Promise<StubShape> {
    const known = this.#shapes.get(edgeId)
    if (known !== undefined) return known
    const rows = await this.#read(edgeId)
    const shape: StubShape = {
      handle: `${Math.floor(Math.random() * 1e8)}-${randomUUID()}`,
      edgeId,
      rows,
      snapshot: [...rows.values()].map((row) => messageOf('insert', row)),
      log: [],
    }
    const first = this.#shapes.get(edgeId) ?? shape
    this.#shapes.set(edgeId, first)
    return first
  }

  async #wait(shape: StubShape, from: number, response: ServerResponse): Promise<Entry[]> {
    const untilMs = this.#clock.monotonicMs() + livePollMs
    this.waiting++
    for (;;) {
      const entries = await this.#after(shape, from)
      const isOver =
        this.#closed ||
        response.destroyed ||
        this.#shapes.get(shape.edgeId) !== shape ||
        this.#clock.monotonicMs() >= untilMs
      if (entries.length > 0 || isOver) {
        this.waiting--
        return entries
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
  }

  /** What has changed since the last look goes into the log. */
  async #after(shape: StubShape, from: number): Promise<Entry[]> {
    const now = await this.#read(shape.edgeId)
    const append = (operation: 'insert' | 'update' | 'delete', row: Row) =>
      shape.log.push({ no: (shape.log.at(-1)?.no ?? 0) + 1, message: messageOf(operation, row) })
    for (const [id, row] of shape.rows) if (!now.has(id)) append('delete', row)
    for (const [id, row] of now) {
      const before = shape.rows.get(id)
      if (before === undefined) append('insert', row)
      else if (JSON.stringify(before) !== JSON.stringify(row)) append('update', row)
    }
    shape.rows = now
    return shape.log.filter(({ no }) => no > from)
  }

  async #read(edgeId: string): Promise<Map<string, Row>> {
    const { rows } = await this.#pool.query<Row>(
      'select id::text, edge_id::text, kind, key, version::text, body::text from fleet.desired where edge_id = $1 and deleted = false order by id',
      [edgeId],
    )
    return new Map(rows.map((row) => [row.id, row]))
  }
}

const headOf = (shape: StubShape, offset: string): Record<string, string> => ({
  'electric-handle': shape.handle,
  'electric-offset': offset,
  'electric-schema': schema,
})

const messageOf = (operation: 'insert' | 'update' | 'delete', row: Row): object => ({
  key: `"fleet"."desired"/"${row.id}"`,
  value: row,
  headers: { operation, relation: ['fleet', 'desired'] },
})

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: unknown): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
