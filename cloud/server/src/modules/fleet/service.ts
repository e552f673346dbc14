import type { Clock } from '@jidoka/base'
import type { DesiredItem, RuleDefinition } from '@jidoka/domain'
import { allTenantsOf } from '../../platform/db/tenants.ts'
import type { Database, Transaction } from '../../platform/db/database.ts'
import type { OutboxPort } from '../../platform/events/outbox.ts'
import type { EventHub } from '../../platform/events.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { pageOf, readTextCursor } from '../../platform/paging.ts'
import type { AuditPort } from '../audit/port.ts'
import type { JudgmentPort } from '../judgment/port.ts'
import { desiredChannel, DesiredState } from './desired.ts'
import type { ItemName } from './desired.ts'
import { renewAllHandles } from './desired-repository.ts'
import { listRuleDeployments } from './overview-repository.ts'
import type { FleetPort, RuleDeployments } from './port.ts'
import { edgeNames, listSites, revokeEdge } from './repository.ts'

export interface FleetParts {
  database: Database
  clock: Clock
  hub: EventHub
  audit: AuditPort
  outbox: OutboxPort
  judgment: () => JudgmentPort
}

/** Sites, edges and what they shall be. Enrolment, ingestion, the shape and the overviews have files of their own. */
export class FleetService implements FleetPort {
  #parts: FleetParts
  #desired: DesiredState
  #unlisten: (() => Promise<void>) | undefined

  constructor(parts: FleetParts) {
    this.#parts = parts
    this.#desired = new DesiredState(parts)
  }

  async start(): Promise<void> {
    const { database, hub } = this.#parts
    // What the edges followed last may be newer than what this database still has: all of them fetch anew.
    if (!database.backend.keptEverything) {
      for (const tenantId of await allTenantsOf(database)) await database.withTenant(tenantId, renewAllHandles)
    }
    this.#unlisten = await database.listen(
      desiredChannel,
      (edgeId) => hub.wakeEdge(edgeId),
      () => hub.wakeAllEdges(),
    )
  }

  async stop(): Promise<void> {
    await this.#unlisten?.()
  }

  /** @throws ProblemError `invalid_input` for a cursor that is not one of this list */
  async sites(tenantId: string, { cursor, limit }: { cursor?: string | undefined; limit: number }) {
    const [after = null] = readTextCursor(cursor, 1) ?? []
    const found = await this.#parts.database.withTenant(tenantId, (tx) => listSites(tx, { after, limit: limit + 1 }))
    const { rows, next } = pageOf(found, limit, ({ code }) => [code])
    return { rows: rows.map(({ code, name, time_zone }) => ({ id: code, code, name, time_zone })), next }
  }

  put(tenantId: string, name: ItemName, body: unknown, by: string): Promise<DesiredItem> {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const item = await this.#desired.put(tx, name, body, by)
      if (item.kind === 'rule') this.#tellDeployed(tx, { edgeIds: [name.edgeId], definition: item.body, by })
      return item
    })
  }

  remove(tenantId: string, name: ItemName, by: string): Promise<void> {
    return this.#parts.database.withTenant(tenantId, (tx) => this.#desired.remove(tx, name, by))
  }

  /** From now on nothing signed by this edge is taken. Its data stays. @throws ProblemError `not_found` */
  revoke(tenantId: string, edgeId: string, by: string): Promise<void> {
    const { database, clock, audit, hub } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      if (!(await revokeEdge(tx, edgeId, new Date(clock.nowMs()).toISOString())))
        throw new ProblemError('not_found', 'There is no such edge. Go back to the list of edges.')
      await audit.append(tx, { actor: by, action: 'edge.revoke', subject: edgeId, detail: {} })
      // It waits for its desired state: it is answered now, in whichever process that is.
      await database.announce(tx, desiredChannel, [edgeId])
      tx.afterCommit(() => hub.wakeEdge(edgeId))
    })
  }

  ruleDeployments(
    tx: Transaction,
    ruleIds: readonly string[],
    eachMax: number,
  ): Promise<ReadonlyMap<string, RuleDeployments>> {
    return listRuleDeployments(tx, ruleIds, eachMax)
  }

  /** Makes a version of a rule the desired one of all these edges, or of none. @throws ProblemError `not_found` for an edge that is not one of the tenant's, `rule_refused` */
  deployRule(
    tenantId: string,
    request: { edgeIds: readonly string[]; definition: RuleDefinition; by: string },
  ): Promise<void> {
    const { definition, by } = request
    // An edge that is named twice is one.
    const edgeIds = [...new Set(request.edgeIds.map((id) => id.toLowerCase()))]
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      await this.#desired.putAtEach(tx, edgeIds, { kind: 'rule', key: definition.id }, { body: definition, by })
      this.#tellDeployed(tx, { edgeIds, definition, by })
      await this.#parts.audit.append(tx, {
        actor: by,
        action: 'rule.deploy',
        subject: definition.id,
        detail: { version: definition.version, edges: edgeIds.length },
      })
    })
  }

  #tellDeployed(
    tx: Transaction,
    { edgeIds, definition, by }: { edgeIds: readonly string[]; definition: RuleDefinition; by: string },
  ): void {
    this.#parts.outbox.append(tx, {
      channel: 'rule.deployed',
      subject: definition.id,
      payload: { rule_id: definition.id, version: definition.version, edge_ids: [...edgeIds], by },
    })
  }

  edgeNames(tx: Transaction, edgeIds: readonly string[]): Promise<Map<string, string>> {
    return edgeNames(tx, edgeIds)
  }
}
