import { uuidv7 } from '@jidoka/base'
import type { Clock } from '@jidoka/base'
import type { AuditQuery } from '@jidoka/contract'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { pageOf, readCursor } from '../../platform/paging.ts'
import type { AuditKeys } from './audit-keys.ts'
import type { AuditEvent, AuditPort, EdgeAuditEvent } from './port.ts'
import { insertEntries, listEntries } from './repository.ts'
import type { AuditEntry } from './schema.ts'

export interface AuditServiceParts {
  readonly database: Database
  readonly clock: Clock
  readonly keys: AuditKeys
}

export class AuditService implements AuditPort {
  #database: Database
  #clock: Clock
  #keys: AuditKeys

  constructor({ database, clock, keys }: AuditServiceParts) {
    this.#database = database
    this.#clock = clock
    this.#keys = keys
  }

  async append(tx: Transaction, ...events: readonly AuditEvent[]): Promise<void> {
    const atMs = this.#clock.nowMs()
    await insertEntries(
      tx,
      this.#keys.active,
      events.map((event) => ({ ...event, id: uuidv7(atMs), atMs, source: null })),
    )
  }

  async appendOfEdge(tx: Transaction, events: readonly EdgeAuditEvent[]): Promise<void> {
    if (events.length === 0) return
    await insertEntries(
      tx,
      this.#keys.active,
      events.map((event) => ({ ...event, id: uuidv7(this.#clock.nowMs()), source: event })),
    )
  }

  async list(
    tenantId: string,
    { cursor, limit, ...filter }: AuditQuery,
  ): Promise<{ rows: AuditEntry[]; next: string | null }> {
    const after = readCursor(cursor)
    const rows = await this.#database.reading(tenantId, (tx) => listEntries(tx, { limit, after, filter }))
    return pageOf(rows, limit, ({ at, id }) => ({ at, id }))
  }
}
