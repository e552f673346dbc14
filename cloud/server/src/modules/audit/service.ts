import { uuidv7 } from '@jidoka/base'
import type { Clock } from '@jidoka/base'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { pageOf, readCursor } from '../../platform/paging.ts'
import type { AuditEvent, AuditPort, EdgeAuditEvent } from './port.ts'
import { insertEntries, listEntries } from './repository.ts'
import type { AuditEntry } from './schema.ts'

export class AuditService implements AuditPort {
  #database: Database
  #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  async append(tx: Transaction, event: AuditEvent): Promise<void> {
    const atMs = this.#clock.nowMs()
    await insertEntries(tx, [{ ...event, id: uuidv7(atMs), atMs, source: null }])
  }

  async appendOfEdge(tx: Transaction, events: readonly EdgeAuditEvent[]): Promise<void> {
    if (events.length === 0) return
    await insertEntries(
      tx,
      events.map((event) => ({ ...event, id: uuidv7(this.#clock.nowMs()), source: event })),
    )
  }

  async list(
    tenantId: string,
    page: { cursor?: string | undefined; limit: number },
  ): Promise<{ rows: AuditEntry[]; next: string | null }> {
    const after = readCursor(page.cursor)
    const rows = await this.#database.withTenant(tenantId, (tx) => listEntries(tx, { limit: page.limit, after }))
    return pageOf(rows, page.limit, ({ at, id }) => ({ at, id }))
  }
}
