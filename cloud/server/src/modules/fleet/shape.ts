import type { Clock } from '@jidoka/base'
import { z } from 'zod'
import type { Database } from '../../platform/db/database.ts'
import { storableJson } from '../../platform/db/storable.ts'
import type { EventHub } from '../../platform/events.ts'
import { httpLimits } from '../../platform/http/limits.ts'
import { ProblemError, RefusalError } from '../../platform/http/problem.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Change } from './desired-repository.ts'
import { changesAfter, listDesired, renewHandle, shapePoint } from './desired-repository.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import { findEdge } from './repository.ts'

/** Where processes share a database, how long a wake-up that was lost on the way may go unnoticed. */
const pollMs = 5_000

/** Query of the Electric HTTP shape protocol, as `@electric-sql/client` 1.5 sends it. What else it sends changes nothing here. */
export const shapeQuerySchema = z.object({
  table: z.enum(['fleet.desired']).default('fleet.desired'),
  /** `-1` from the beginning, `now` from the end, else what the last answer said. */
  offset: z.string().regex(/^(-1|now|\d{1,20}_(\d{1,20}|inf))$/),
  handle: z.string().max(128).optional(),
  live: z.enum(['true', 'false']).optional(),
  /** Of the last live answer: makes the URL of a long poll one that no cache has. */
  cursor: z.string().max(64).optional(),
})
export type ShapeQuery = z.infer<typeof shapeQuerySchema>

/** The columns of a row as PostgreSQL types, for the client's parser. */
const schemaHeader = JSON.stringify({
  id: { type: 'uuid', not_null: true, pk_index: 0 },
  edge_id: { type: 'uuid', not_null: true },
  kind: { type: 'text', not_null: true },
  key: { type: 'text', not_null: true },
  version: { type: 'int8', not_null: true },
  body: { type: 'jsonb', not_null: true },
})

export interface ShapeAnswer {
  status: 200 | 409
  headers: Record<string, string>
  body: string | ReadableStream<Uint8Array>
}

/** Where an edge's desired state comes from: this program's own change log, or an Electric service. */
export interface ShapeSource {
  /** @param gone aborted when the edge has hung up */
  serve(identity: EdgeIdentity, query: ShapeQuery, gone: AbortSignal): Promise<ShapeAnswer>
}

export interface ShapeParts {
  database: Database
  clock: Clock
  hub: EventHub
  metrics: Metrics
  /** Aborted when the program stops: edges that wait are answered at once. */
  stopping: AbortSignal
}

/**
 * Serves an edge's rows of `fleet.desired` in the Electric HTTP shape protocol: a snapshot, then the change log from an offset on, with a
 * long poll at its end. An offset is `<sequence>_0`. A handle belongs to one history; when the log no longer reaches back to
 * where an edge stands, or the database has gone back behind it, the edge gets a new handle and fetches everything again.
 */
export class ShapeServer implements ShapeSource {
  #parts: ShapeParts
  #cursor = 0

  constructor(parts: ShapeParts) {
    this.#parts = parts
  }

  /** @param gone aborted when the edge has hung up */
  async serve({ tenantId, edgeId }: EdgeIdentity, query: ShapeQuery, gone: AbortSignal): Promise<ShapeAnswer> {
    const { database } = this.#parts
    const first = await database.withTenant(tenantId, async (tx) => {
      const point = await shapePoint(tx, edgeId)
      if (point === null) throw new ProblemError('not_found', 'This edge is not there any more. Enrol it again.')
      if (query.offset === '-1') {
        const rows = await listDesired(tx, [edgeId], null)
        const messages = rows.map((row) =>
          change(edgeId, { ...row, operation: 'insert', body: storableJson(row.body) }),
        )
        return { kind: 'answer' as const, answer: this.#answer(point.handle, point.seq, messages) }
      }
      if (query.offset === 'now') return { kind: 'answer' as const, answer: this.#answer(point.handle, point.seq, []) }
      const offset = Number(query.offset.split('_')[0])
      if (query.handle !== point.handle) return { kind: 'answer' as const, answer: refetch(point.handle) }
      const isLost = offset > point.seq || (offset < point.seq && (point.oldest === null || offset < point.oldest - 1))
      if (isLost) return { kind: 'answer' as const, answer: refetch(await renewHandle(tx, edgeId)) }
      return { kind: 'follow' as const, offset, handle: point.handle }
    })
    if (first.kind === 'answer') return first.answer
    const changes = await this.#changes({ tenantId, edgeId }, first.offset, query.live === 'true' ? gone : null)
    const last = changes.at(-1)?.seq ?? first.offset
    const messages = changes.map((each) => change(edgeId, each))
    return this.#answer(first.handle, last, messages)
  }

  /** Changes after an offset; waits for the first one when there is somebody (`gone`) who waits for it. */
  async #changes({ tenantId, edgeId }: EdgeIdentity, offset: number, gone: AbortSignal | null): Promise<Change[]> {
    const { database, clock, hub, metrics, stopping } = this.#parts
    const read = () =>
      database.withTenant(tenantId, async (tx) => {
        // It was not revoked when it asked; whoever waits hears of it at once.
        if ((await findEdge(tx, edgeId))?.revoked_at !== null) throw new RefusalError({ kind: 'revoked' })
        return changesAfter(tx, edgeId, offset)
      })
    if (gone === null) return read()
    // Listening before reading: a change in between is not missed.
    let wake = Promise.withResolvers<void>()
    const unlisten = hub.onDesiredChange(edgeId, () => wake.resolve())
    const end = () => wake.resolve()
    gone.addEventListener('abort', end)
    stopping.addEventListener('abort', end)
    metrics.shapeWaiters.inc()
    const untilMs = clock.monotonicMs() + httpLimits.shapeWaitMs
    try {
      for (;;) {
        const changes = await read()
        const leftMs = untilMs - clock.monotonicMs()
        if (changes.length > 0 || leftMs <= 0 || gone.aborted || stopping.aborted) return changes
        const cancel = clock.after(database.backend.profile.sharedWithOthers ? Math.min(pollMs, leftMs) : leftMs, () =>
          wake.resolve(),
        )
        await wake.promise
        cancel()
        wake = Promise.withResolvers<void>()
      }
    } finally {
      metrics.shapeWaiters.dec()
      unlisten()
      gone.removeEventListener('abort', end)
      stopping.removeEventListener('abort', end)
    }
  }

  /**
   * Another one for each answer: it makes the URL of the next long poll one that no cache has, and a client that sees the cursor of
   * its last life again takes the answer for a cached one and waits.
   */
  #nextCursor(): number {
    this.#cursor = Math.max(this.#cursor + 1, this.#parts.clock.nowMs())
    return this.#cursor
  }

  #answer(handle: string, seq: number, messages: unknown[]): ShapeAnswer {
    return {
      status: 200,
      headers: {
        'electric-handle': handle,
        'electric-offset': `${seq}_0`,
        'electric-schema': schemaHeader,
        'electric-up-to-date': '',
        'electric-cursor': String(this.#nextCursor()),
      },
      body: JSON.stringify([...messages, { headers: { control: 'up-to-date', global_last_seen_lsn: String(seq) } }]),
    }
  }
}

/** Told to forget everything and begin again under another handle. */
function refetch(handle: string): ShapeAnswer {
  return {
    status: 409,
    headers: { 'electric-handle': handle },
    body: JSON.stringify([{ headers: { control: 'must-refetch' } }]),
  }
}

/** A change in Electric's JSON: every column as text. */
function change(edgeId: string, row: Pick<Change, 'id' | 'kind' | 'key' | 'version' | 'body' | 'operation'>) {
  return {
    key: `"fleet"."desired"/"${row.id}"`,
    value: { id: row.id, edge_id: edgeId, kind: row.kind, key: row.key, version: String(row.version), body: row.body },
    headers: { operation: row.operation, relation: ['fleet', 'desired'] },
  }
}
