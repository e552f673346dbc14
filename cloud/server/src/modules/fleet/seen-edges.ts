import type { Clock, Log, Service } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import { EdgeNotes } from './edge-notes.ts'
import { noteSeen } from './repository.ts'

/** A quarter of the minute after which an edge counts as silent, and not a write for each of its requests. */
const seenEveryMs = 15_000
/** Edges whose last write is remembered; the ones beyond are written more often. */
const rememberedMax = 10_000

/** Notes when edges were heard, each now and then. */
export class SeenEdges implements Service {
  readonly name = 'edges.seen'
  readonly #clock: Clock
  /** On the monotonic clock, the oldest first. */
  readonly #notedMs = new Map<string, number>()
  /** On the wall clock. */
  readonly #notes: EdgeNotes<number>

  constructor(parts: { database: Database; clock: Clock; log: Log }) {
    this.#clock = parts.clock
    this.#notes = new EdgeNotes({
      ...parts,
      name: this.name,
      write: noteSeen,
      onLost: (edgeIds) => {
        for (const edgeId of edgeIds) this.#notedMs.delete(edgeId)
      },
    })
  }

  start(): Promise<void> {
    return this.#notes.start()
  }

  /** Writes what waits. */
  stop(): Promise<void> {
    return this.#notes.stop()
  }

  /** To be called for who has proven to be this edge, and no other. */
  note(edge: { readonly tenantId: string; readonly edgeId: string }): void {
    const atMs = this.#clock.monotonicMs()
    const { edgeId } = edge
    if (atMs - (this.#notedMs.get(edgeId) ?? Number.NEGATIVE_INFINITY) < seenEveryMs) return
    this.#notedMs.delete(edgeId)
    this.#notedMs.set(edgeId, atMs)
    const [oldest] = this.#notedMs.keys()
    if (oldest !== undefined && this.#notedMs.size > rememberedMax) this.#notedMs.delete(oldest)
    this.#notes.note(edge, this.#clock.nowMs())
  }
}
