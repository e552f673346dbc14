import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import { noteSeen } from './repository.ts'

/** A quarter of the minute after which an edge counts as silent, and not a write for each of its requests. */
const seenEveryMs = 15_000
/** A fleet that comes at once is one statement; what a crash loses of it the next request says again. */
const writeAfterMs = 1_000
/** Edges whose last write is remembered; the ones beyond are written more often. */
const rememberedMax = 10_000

/** Gathers when edges were heard, and writes it for all of them together. */
export class SeenEdges implements Service {
  readonly name = 'seen-edges'
  readonly #parts: { database: Database; clock: Clock; log: Log }
  /** On the monotonic clock, the oldest first. */
  readonly #notedMs = new Map<string, number>()
  /** By tenant, then by edge, on the wall clock. */
  #waiting = new Map<string, Map<string, number>>()
  #cancel: (() => void) | null = null
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: { database: Database; clock: Clock; log: Log }) {
    this.#parts = parts
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  /** Writes what waits. */
  async stop(): Promise<void> {
    this.#cancel?.()
    this.#write()
    await this.#writing
  }

  /** To be called for who has proven to be this edge, and no other: what is gathered has no other bound. */
  note({ tenantId, edgeId }: { readonly tenantId: string; readonly edgeId: string }): void {
    const { clock } = this.#parts
    const atMs = clock.monotonicMs()
    if (atMs - (this.#notedMs.get(edgeId) ?? Number.NEGATIVE_INFINITY) < seenEveryMs) return
    this.#notedMs.delete(edgeId)
    this.#notedMs.set(edgeId, atMs)
    const [oldest] = this.#notedMs.keys()
    if (oldest !== undefined && this.#notedMs.size > rememberedMax) this.#notedMs.delete(oldest)
    const edges = this.#waiting.get(tenantId) ?? new Map<string, number>()
    this.#waiting.set(tenantId, edges.set(edgeId, clock.nowMs()))
    this.#cancel ??= clock.after(writeAfterMs, () => this.#write())
  }

  #write(): void {
    this.#cancel = null
    const waiting = this.#waiting
    this.#waiting = new Map()
    const before = this.#writing
    this.#writing = before.then(() => this.#store(waiting))
  }

  async #store(waiting: ReadonlyMap<string, ReadonlyMap<string, number>>): Promise<void> {
    const { database, log } = this.#parts
    for (const [tenantId, edges] of waiting) {
      try {
        await database.withTenant(tenantId, (tx) => noteSeen(tx, edges))
      } catch (error) {
        // Said again by the next request of each.
        for (const edgeId of edges.keys()) this.#notedMs.delete(edgeId)
        log.warn(
          { action: 'edges.seen', success: false },
          `when edges were heard is not noted: ${describeError(error)}`,
        )
      }
    }
  }
}
