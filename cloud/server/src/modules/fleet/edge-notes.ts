import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database, Transaction } from '../../platform/db/database.ts'

/** A fleet that comes at once is one statement. */
const writeAfterMs = 1_000

export interface EdgeNotesParts<Note> {
  readonly name: string
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  /** Of one tenant, by edge. */
  readonly write: (tx: Transaction, notes: ReadonlyMap<string, Note>) => Promise<void>
  /** What could not be written is gone: what an edge says next must be noted again. */
  readonly onLost?: (edgeIds: Iterable<string>) => void
}

/**
 * Gathers what is noted of edges many times a second, the newest of each, and writes it for all of them together, beside the transactions of their
 * batches. For notes that the next request says again: a crash loses a second of them.
 */
export class EdgeNotes<Note> implements Service {
  readonly name: string
  readonly #parts: EdgeNotesParts<Note>
  /** By tenant, then by edge. */
  #waiting = new Map<string, Map<string, Note>>()
  #cancel: (() => void) | null = null
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: EdgeNotesParts<Note>) {
    this.name = parts.name
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

  /** To be called for who has proven to be this edge, and no other: what is gathered has no other bound than how many edges there are. */
  note({ tenantId, edgeId }: { readonly tenantId: string; readonly edgeId: string }, note: Note): void {
    const edges = this.#waiting.get(tenantId) ?? new Map<string, Note>()
    this.#waiting.set(tenantId, edges.set(edgeId, note))
    this.#cancel ??= this.#parts.clock.after(writeAfterMs, () => this.#write())
  }

  #write(): void {
    this.#cancel = null
    const waiting = this.#waiting
    this.#waiting = new Map()
    const before = this.#writing
    this.#writing = before.then(() => this.#store(waiting))
  }

  async #store(waiting: ReadonlyMap<string, ReadonlyMap<string, Note>>): Promise<void> {
    const { name, database, log, write, onLost } = this.#parts
    for (const [tenantId, notes] of waiting) {
      try {
        await database.withTenant(tenantId, (tx) => write(tx, notes))
      } catch (error) {
        onLost?.(notes.keys())
        log.warn({ action: name, success: false }, `what was gathered of edges is not noted: ${describeError(error)}`)
      }
    }
  }
}
