import type { Clock } from '@jidoka/base'
import { outgoingTraceparent, uuidv7 } from '@jidoka/base'
import type { Transaction } from '../db/database.ts'
import { storableInstant, storableJson, storableText } from '../db/storable.ts'
import type { NewEvent } from './channels.ts'

/** What a module needs to tell others what has happened. */
export interface OutboxPort {
  /** Writes an event in the transaction that causes it: it is told if and only if that is committed. */
  append(tx: Transaction, event: NewEvent): void
  /** For a statement of a module that calls `core.append_event` itself, once for each of `ids`: ids of its events, which are handed on after the commit. */
  reserve(tx: Transaction, count: number): string[]
}

export class Outbox implements OutboxPort {
  readonly #clock: Clock
  readonly #wake: (tenantId: string) => void

  /** @param wake called after a commit that holds events of this tenant */
  constructor(clock: Clock, wake: (tenantId: string) => void) {
    this.#clock = clock
    this.#wake = wake
  }

  append(tx: Transaction, { channel, subject, payload, trace = outgoingTraceparent() }: NewEvent): void {
    const [id] = this.reserve(tx, 1)
    tx.send({ name: 'append-event', text: 'select core.append_event($1, $2, $3, $4, $5, $6)' }, [
      id,
      channel,
      storableText(subject),
      storableJson(payload),
      trace,
      storableInstant(this.#clock.nowMs()),
    ])
  }

  reserve(tx: Transaction, count: number): string[] {
    tx.afterCommit(() => this.#wake(tx.tenantId))
    return Array.from({ length: count }, () => uuidv7(this.#clock.nowMs()))
  }
}
