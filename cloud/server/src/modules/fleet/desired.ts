import type { Clock } from '@jidoka/base'
import { uuidv7 } from '@jidoka/base'
import { desiredItemSchema } from '@jidoka/domain'
import type { DesiredItem, DesiredKind } from '@jidoka/domain'
import type { Database, Transaction } from '../../platform/db/database.ts'
import type { EventHub } from '../../platform/events.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import type { AuditPort } from '../audit/port.ts'
import type { JudgmentPort } from '../judgment/port.ts'
import type { DesiredChange } from './desired-repository.ts'
import { findDesired, findStanding, forgetDesired, writeDesired } from './desired-repository.ts'
import { describeSites, lockEdge, lockEdges } from './repository.ts'

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
  async put(tx: Transaction, { edgeId, ...item }: ItemName, body: unknown, by: string): Promise<DesiredItem> {
    const [put] = await this.putAtEach(tx, [edgeId], item, { body, by })
    return put as DesiredItem
  }

  /**
   * The same at each of these edges, in as many statements as at one; at all of them, or at none.
   * @returns the items, in the order of the ids of their edges
   * @throws as `put`
   */
  async putAtEach(
    tx: Transaction,
    edgeIds: readonly string[],
    { kind, key }: Omit<ItemName, 'edgeId'>,
    { body, by }: { readonly body: unknown; readonly by: string },
  ): Promise<DesiredItem[]> {
    const { hub, audit, clock, database } = this.#parts
    const wanted = new Set(edgeIds.map((id) => id.toLowerCase()))
    const edges = await lockEdges(tx, [...wanted])
    if (edges.length < wanted.size || edges.some(({ revoked_at }) => revoked_at !== null))
      throw new ProblemError(
        'not_found',
        'There is no such edge, or it was revoked. Choose one from the list of edges.',
      )
    const item = this.#checked({ kind, key }, body)
    const found = await findStanding(tx, [...wanted], item)
    const before = new Map(found.map((standing) => [standing.edge_id, standing]))
    // The item of a rule has the rule's own version where that grows, so that people see one number.
    const versionMin = item.kind === 'rule' ? item.body.version : 1
    const changes = edges.flatMap(({ id: edgeId }): DesiredChange[] => {
      const old = before.get(edgeId)
      if (old !== undefined && !old.deleted && old.same) return []
      return [
        {
          edge_id: edgeId,
          id: old?.id ?? uuidv7(clock.nowMs()),
          version: Math.max((old?.version ?? 0) + 1, versionMin),
          operation: old === undefined || old.deleted ? 'insert' : 'update',
        },
      ]
    })
    const versions = new Map(found.map(({ edge_id, version }) => [edge_id, version]))
    for (const { edge_id, version } of changes) versions.set(edge_id, version)
    if (changes.length > 0) {
      const changedAt = new Date(clock.nowMs()).toISOString()
      await writeDesired(
        tx,
        { kind, key, body: item.body, changed_at: changedAt, changed_by: by, deleted: false },
        changes,
      )
      if (item.kind === 'site') {
        const { name, time_zone } = item.body
        const changed = new Set(changes.map(({ edge_id }) => edge_id))
        const codes = edges.flatMap(({ id, site_code }) => (changed.has(id) ? site_code : []))
        await describeSites(tx, [...new Set(codes)], { name, time_zone })
      }
      await audit.append(
        tx,
        ...changes.map(({ edge_id, version }) => ({
          actor: by,
          action: 'desired.put',
          subject: `${edge_id}/${kind}/${key}`,
          detail: { version },
        })),
      )
      const changedIds = changes.map(({ edge_id }) => edge_id)
      await database.announce(tx, desiredChannel, changedIds)
      tx.afterCommit(() => {
        for (const edgeId of changedIds) hub.wakeEdge(edgeId)
      })
    }
    return edges.map(({ id }) => ({ ...item, version: versions.get(id) ?? item.version }))
  }

  /** The item that a body makes, as its first version. */
  #checked({ kind, key }: Omit<ItemName, 'edgeId'>, body: unknown): DesiredItem {
    const item = desiredItemSchema.parse({ kind, key, version: 1, body })
    if (item.kind !== 'rule') return item
    if (item.body.id !== key)
      throw new ProblemError(
        'invalid_input',
        `The rule in the body is ${item.body.id} and not ${key}. Send it under its own id.`,
      )
    this.#parts.judgment().checkRule(item.body)
    return item
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
      { ...before, changed_at: new Date(clock.nowMs()).toISOString(), changed_by: by, deleted: true },
      [{ edge_id: before.edge_id, id: before.id, version, operation: 'delete' }],
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
    await database.announce(tx, desiredChannel, [edgeId])
    tx.afterCommit(() => hub.wakeEdge(edgeId))
  }
}
