import type { Clock } from '@jidoka/base'
import type { CloudRule } from '@jidoka/contract'
import type { RuleDefinition } from '@jidoka/domain'
import type { Database, Transaction } from '../../platform/db/database.ts'
import type { CachePort } from '../../platform/cache/port.ts'
import type { OutboxPort } from '../../platform/events/outbox.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { pageOf, readTextCursor } from '../../platform/paging.ts'
import type { Page } from '../../platform/paging.ts'
import type { AuditPort } from '../audit/port.ts'
import type { FleetPort, RuleDeployments } from '../fleet/port.ts'
import type { FleetCalls } from '../fleet/remote.ts'
import { tagsOfRule } from './caches.ts'
import { findRule, listRules, writeRule } from './rule-repository.ts'
import type { RuleRunner } from './rule-runner.ts'
import type { RuleRow } from './schema.ts'

/**
 * Deployments of a rule that are shown: 150 bytes each, so that neither a page of 200 rules nor one with a thousand edges is more than 600 KB of them. Those that
 * were not taken have a sentence besides, of 2,000 characters at most: 8 MB where that is so of every rule at each of its edges.
 */
const deploymentsMax = { inList: 20, alone: 1_000 }

export interface RulesParts {
  database: Database
  clock: Clock
  audit: AuditPort
  fleet: () => FleetPort
  fleetCalls: FleetCalls
  runner: RuleRunner
  outbox: OutboxPort
  cache: CachePort
}

/** Rules as people write them: versions, checks, and where they are deployed. */
export class RulesService {
  #parts: RulesParts

  constructor(parts: RulesParts) {
    this.#parts = parts
  }

  /** A page, by id. @throws ProblemError `invalid_input` for a cursor that is not one of this list */
  list(tenantId: string, { cursor, limit }: { cursor?: string | undefined; limit: number }): Promise<Page<CloudRule>> {
    const { database, fleet } = this.#parts
    const [after = null] = readTextCursor(cursor, 1) ?? []
    return database.withTenant(tenantId, async (tx) => {
      const { rows, next } = pageOf(await listRules(tx, { after, limit: limit + 1 }), limit, ({ rule_id }) => [rule_id])
      const ids = rows.map(({ rule_id }) => rule_id)
      const deployments = await fleet().ruleDeployments(tx, ids, deploymentsMax.inList)
      return { rows: rows.map((row) => describe(row, deployments.get(row.rule_id))), next }
    })
  }

  /** @throws ProblemError `not_found` */
  get(tenantId: string, ruleId: string): Promise<CloudRule> {
    return this.#parts.database.withTenant(tenantId, (tx) => this.#described(tx, ruleId))
  }

  /**
   * Writes the next version of a rule.
   * @throws ProblemError `rule_refused` (I7), `conflict` when the newest version is not the one that this is based on
   */
  async put(
    tenantId: string,
    request: { ruleId: string; definition: Omit<RuleDefinition, 'version'>; basedOnVersion: number; by: string },
  ): Promise<CloudRule> {
    const { database, clock, audit, runner, outbox, cache } = this.#parts
    const { ruleId, basedOnVersion, by } = request
    if (request.definition.id !== ruleId)
      throw new ProblemError(
        'invalid_input',
        `The rule in the body is ${request.definition.id} and not ${ruleId}. Send it under its own id.`,
      )
    const version = basedOnVersion + 1
    const definition = { ...request.definition, version }
    const hash = runner.check(definition)
    return database.withTenant(tenantId, async (tx) => {
      const changed_at = new Date(clock.nowMs()).toISOString()
      if (
        !(await writeRule(
          tx,
          { rule_id: ruleId, version, definition, hash, changed_at, changed_by: by },
          basedOnVersion,
        ))
      ) {
        const newest = await findRule(tx, ruleId)
        const now =
          newest === null
            ? 'This rule is not there any more.'
            : `${newest.changed_by} has saved version ${newest.version} meanwhile.`
        throw new ProblemError('conflict', `${now} Load it, look at the difference, and save your change on top of it.`)
      }
      await audit.append(tx, { actor: by, action: 'rule.put', subject: ruleId, detail: { version, hash } })
      // The newest version is what this cloud judges with: it is deployed here by being saved.
      outbox.append(tx, {
        channel: 'rule.deployed',
        subject: ruleId,
        payload: { rule_id: ruleId, version, edge_ids: null, by },
      })
      // Whoever has saved it sees it at once; the event tells every process, also when this one dies now.
      tx.afterCommit(() => cache.drop(tenantId, tagsOfRule(ruleId)))
      return this.#described(tx, ruleId)
    })
  }

  /** Makes the newest version of a rule the desired one of these edges. */
  async deploy(
    tenantId: string,
    request: { ruleId: string; edgeIds: readonly string[]; by: string; requestId: string },
  ): Promise<CloudRule> {
    const { database, fleetCalls } = this.#parts
    const { ruleId, edgeIds, by, requestId } = request
    const { definition } = await database.withTenant(tenantId, (tx) => this.#found(tx, ruleId))
    // Not within a transaction: fleet has one of its own, maybe in another process. A version that is saved meanwhile is for the next deployment.
    await fleetCalls.deployRule({ tenantId, by, requestId }, { edge_ids: [...edgeIds], definition })
    return this.get(tenantId, ruleId)
  }

  async #found(tx: Transaction, ruleId: string): Promise<RuleRow> {
    const row = await findRule(tx, ruleId)
    if (row === null) throw new ProblemError('not_found', `There is no rule ${ruleId}. Go back to the list of rules.`)
    return row
  }

  async #described(tx: Transaction, ruleId: string): Promise<CloudRule> {
    const row = await this.#found(tx, ruleId)
    const deployments = await this.#parts.fleet().ruleDeployments(tx, [ruleId], deploymentsMax.alone)
    return describe(row, deployments.get(ruleId))
  }
}

function describe(row: RuleRow, deployments: RuleDeployments | undefined): CloudRule {
  return {
    definition: row.definition,
    hash: row.hash,
    changed_at: row.changed_at,
    changed_by: row.changed_by,
    deployment_counts: deployments?.counts ?? { total: 0, applied: 0, waiting: 0, failed: 0 },
    deployments: [...(deployments?.rows ?? [])],
  }
}
