import type { Transaction } from '../../platform/db/database.ts'

export interface AuditEvent {
  /** A login, `edge:<id>`, or `system`. */
  actor: string
  /** `<noun>.<verb>`. */
  action: string
  subject: string
  detail: Record<string, unknown>
}

/** An entry that an edge wrote in its own log, with where it stands in its lane. */
export interface EdgeAuditEvent extends AuditEvent {
  edgeId: string
  epoch: string
  seq: number
  atMs: number
}

/** What other modules may ask of audit. */
export interface AuditPort {
  /** Written in the transaction of what it tells of: both are there, or neither. */
  append(tx: Transaction, ...events: readonly AuditEvent[]): Promise<void>
  /** A second delivery of an entry changes nothing. */
  appendOfEdge(tx: Transaction, events: readonly EdgeAuditEvent[]): Promise<void>
}
