import type { Clock } from '@jidoka/base'
import { canonicalJson, uuidv7 } from '@jidoka/base'
import { desiredItemSchema } from '@jidoka/domain'
import type { DesiredItem, DesiredKind } from '@jidoka/domain'
import type { Database, Transaction } from '../../platform/db/database.ts'
import type { EventHub } from '../../platform/events.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import type { AuditPort } from '../audit/port.ts'
import type { JudgmentPort } from '../judgment/port.ts'
import { findDesired, forgetDesired, writeDesired } from './desired-repository.ts'
import { describeSite, lockEdge } from './repository.ts'

/** The channel on which processes that share a database tell each other which edge has news. */
export const desiredChannel = 'jidoka_desired'

export interface DesiredParts {
  database: Database
  clock: Clock
  hub: EventHub
  audit: AuditPort
  judgment: () => JudgmentPort
}

export interface ItemName {
  edgeId: string
  kind: DesiredKind
  key: string
}

/** Says what edges shall be. Every change has a version that grows, a line in the change log, and one in the audit. */
export class DesiredState {
  #parts: DesiredParts

  constructor(parts: DesiredParts) {
    this.#parts = parts
  }

  /**
   * Puts an item. The same body again changes nothing and gives the item as it is.
   * @throws ZodError for a body that is not one of its kind, ProblemError `rule_refused` (I7), `not_found`
   */
  async put(tx: Transaction, name: ItemName, body: unknown, by: string): Promise<DesiredItem> {
    const { hub, audit, clock, database } = this.#parts
    const edge = await lockEdge(tx, name.edgeId)
    if (edge === null || edge.revoked_at !== null)
      throw new ProblemError(
        'not_found',
        'There is no such edge, or it was revoked. Choose one from the list of edges.',
      )
    const before = await findDesired(tx, name.edgeId, name.kind, name.key)
    // A version to check the body with; the real one is known afterwards.
    const item = desiredItemSchema.parse({ kind: name.kind, key: name.key, version: 1, body })
    if (item.kind === 'rule') {
      if (item.body.id !== name.key)
        throw new ProblemError(
          'invalid_input',
          `The rule in the body is ${item.body.id} and not ${name.key}. Send it under its own id.`,
        )
      this.#parts.judgment().checkRule(item.body)
    }
    if (before !== null && !before.deleted && canonicalJson(before.body) === canonicalJson(item.body))
      return { ...item, version: before.version }
    // The item of a rule has the rule's own version where that grows, so that people see one number.
    const version = Math.max((before?.version ?? 0) + 1, item.kind === 'rule' ? item.body.version : 1)
    const changedAt = new Date(clock.nowMs()).toISOString()
    await writeDesired(
      tx,
      {
        edge_id: edge.id,
        kind: name.kind,
        key: name.key,
        id: before?.id ?? uuidv7(clock.nowMs()),
        version,
        body: item.body,
        changed_at: changedAt,
        changed_by: by,
        deleted: false,
      },
      before === null || before.deleted ? 'insert' : 'update',
    )
    if (item.kind === 'site')
      await describeSite(tx, { code: edge.site_code, name: item.body.name, time_zone: item.body.time_zone })
    await audit.append(tx, {
      actor: by,
      action: 'desired.put',
      subject: `${edge.id}/${name.kind}/${name.key}`,
      detail: { version },
    })
    await database.announce(tx, desiredChannel, edge.id)
    tx.afterCommit(() => hub.wakeEdge(edge.id))
    return { ...item, version }
  }

  /** Takes an item back. @throws ProblemError `not_found` */
  async remove(tx: Transaction, name: ItemName, by: string): Promise<void> {
    const { clock } = this.#parts
    const edge = await lockEdge(tx, name.edgeId)
    const before = edge === null ? null : await findDesired(tx, name.edgeId, name.kind, name.key)
    if (edge === null || before === null || before.deleted)
      throw new ProblemError('not_found', 'This edge has no such item. Reload the list.')
    const version = before.version + 1
    await writeDesired(
      tx,
      { ...before, version, changed_at: new Date(clock.nowMs()).toISOString(), changed_by: by, deleted: true },
      'delete',
    )
    await this.#noteRemoval(tx, name, { version, by })
  }

  /** Takes an item back, if it still stands, and keeps nothing of it: for kinds whose keys are never used again. */
  async forget(tx: Transaction, name: ItemName, by: string): Promise<void> {
    await lockEdge(tx, name.edgeId)
    const before = await findDesired(tx, name.edgeId, name.kind, name.key)
    if (before === null) return
    const version = before.version + 1
    await forgetDesired(tx, { ...before, version })
    if (!before.deleted) await this.#noteRemoval(tx, name, { version, by })
  }

  async #noteRemoval(
    tx: Transaction,
    { edgeId, kind, key }: ItemName,
    { version, by }: { version: number; by: string },
  ): Promise<void> {
    const { hub, audit, database } = this.#parts
    await audit.append(tx, {
      actor: by,
      action: 'desired.remove',
      subject: `${edgeId}/${kind}/${key}`,
      detail: { version },
    })
    await database.announce(tx, desiredChannel, edgeId)
    tx.afterCommit(() => hub.wakeEdge(edgeId))
  }
}
