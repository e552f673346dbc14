import type { Clock } from '@jidoka/base'
import { uuidv7 } from '@jidoka/base'
import { emptyDigest } from '@jidoka/sync-protocol'
import type { TroubleReport } from '@jidoka/sync-protocol'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { storableText } from '../../platform/db/storable.ts'
import type { EventHub } from '../../platform/events.ts'
import { ProblemError, RefusalError } from '../../platform/http/problem.ts'
import { RateLimit } from '../../platform/http/rate-limit.ts'
import type { AuditPort } from '../audit/port.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import { findCursors } from './lane-repository.ts'
import { findEdge } from './repository.ts'
import type { NewTrouble } from './troubles-repository.ts'
import { noteTrouble, settleTroubles } from './troubles-repository.ts'

/** A lane tells each halt once: two lanes that are looked at every five minutes stay far below. A loop of an edge's would fill the audit. */
const reportsPerMinuteMax = 12
/** Edges remembered for it. */
const reportersMax = 10_000

export interface TroublesParts {
  database: Database
  clock: Clock
  hub: EventHub
  audit: AuditPort
}

/** Notes where an edge and the cloud hold different rows, tells people of it, and lets a person settle it. */
export class Troubles {
  readonly #parts: TroublesParts
  readonly #reports: RateLimit

  constructor(parts: TroublesParts) {
    this.#parts = parts
    this.#reports = new RateLimit(parts.clock, { max: reportsPerMinuteMax, windowMs: 60_000, keysMax: reportersMax })
  }

  /** What the edge itself has found. @throws RefusalError, ProblemError `too_many_requests` */
  async report({ tenantId, edgeId }: EdgeIdentity, report: TroubleReport): Promise<void> {
    this.#reports.take(edgeId)
    const { database } = this.#parts
    await database.withTenant(tenantId, async (tx) => {
      const edge = await findEdge(tx, edgeId)
      if (edge === null) throw new RefusalError({ kind: 'unknown_edge' })
      // Nothing of it is here yet that could differ; a row for each epoch that it makes up would have no end.
      if (edge.epoch === null) return
      if (edge.epoch !== report.epoch) throw new RefusalError({ kind: 'wrong_epoch', current_epoch: edge.epoch })
      const cursor = (await findCursors(tx, edgeId, report.epoch)).find(({ lane }) => lane === report.lane)
      await this.note(tx, {
        edgeId,
        epoch: report.epoch,
        lane: report.lane,
        kind: report.kind,
        seq: report.seq,
        held: report.held,
        ours: {
          seq: cursor?.received_seq ?? 0,
          count: cursor?.rows_total ?? 0,
          digest: cursor?.digest ?? emptyDigest,
        },
        toldBy: 'edge',
      })
    })
  }

  /** In the transaction that found it. */
  async note(tx: Transaction, trouble: Omit<NewTrouble, 'id' | 'at'>): Promise<void> {
    const { clock, hub, audit } = this.#parts
    const { edgeId, lane, kind, seq, held, ours, toldBy } = trouble
    const nowMs = clock.nowMs()
    const isNew = await noteTrouble(tx, { ...trouble, id: uuidv7(nowMs), at: new Date(nowMs).toISOString() })
    if (!isNew) return
    await audit.append(tx, {
      actor: toldBy === 'edge' ? `edge:${edgeId}` : 'system',
      action: 'trouble.note',
      subject: edgeId,
      detail: {
        lane,
        kind,
        seq,
        held_count: held.count,
        held_digest: held.digest,
        count: ours.count,
        digest: ours.digest,
      },
    })
    tx.afterCommit(() =>
      hub.publish(tx.tenantId, { event: 'trouble', data: { edge_id: edgeId, lane, kind, open: true } }),
    )
  }

  /**
   * A person says that the copy is stopped, or the image replaced. Nothing is changed by it: one that still stands is noted anew with the next batch.
   * @throws ProblemError `not_found`
   */
  settle(tenantId: string, edgeId: string, by: { login: string; reason: string }): Promise<number> {
    const { database, clock, hub, audit } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      if ((await findEdge(tx, edgeId)) === null)
        throw new ProblemError('not_found', 'There is no such edge. Go back to the list of edges.')
      const reason = storableText(by.reason)
      const at = new Date(clock.nowMs()).toISOString()
      const settled = await settleTroubles(tx, edgeId, { at, login: by.login, reason })
      if (settled === 0) return 0
      await audit.append(tx, {
        actor: by.login,
        action: 'trouble.settle',
        subject: edgeId,
        detail: { settled, reason },
      })
      tx.afterCommit(() =>
        hub.publish(tx.tenantId, { event: 'trouble', data: { edge_id: edgeId, lane: null, kind: null, open: false } }),
      )
      return settled
    })
  }
}
