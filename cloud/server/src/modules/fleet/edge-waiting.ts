import type { Clock, Log, Service } from '@jidoka/base'
import type { Waiting } from '@jidoka/sync-protocol'
import type { Database } from '../../platform/db/database.ts'
import { EdgeNotes } from './edge-notes.ts'
import { noteWaiting } from './waiting-repository.ts'
import type { ToldWaiting } from './waiting-repository.ts'

/** What edges say of rows that wait there, with each of their batches. */
export class EdgeWaiting implements Service {
  readonly name = 'edges.waiting'
  readonly #clock: Clock
  readonly #notes: EdgeNotes<ToldWaiting>

  constructor(parts: { database: Database; clock: Clock; log: Log }) {
    this.#clock = parts.clock
    this.#notes = new EdgeNotes({ ...parts, name: this.name, write: noteWaiting })
  }

  start(): Promise<void> {
    return this.#notes.start()
  }

  stop(): Promise<void> {
    return this.#notes.stop()
  }

  /** To be called for an edge whose batch was taken. */
  note(edge: { readonly tenantId: string; readonly edgeId: string }, waiting: Waiting): void {
    this.#notes.note(edge, { waiting, atMs: this.#clock.nowMs() })
  }
}
