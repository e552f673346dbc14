import type { RuleDefinition } from '@jidoka/domain'
import type { Transaction } from '../../platform/db/database.ts'

export interface RuleDeployment {
  rule_id: string
  edge_id: string
  edge_name: string
  desired_version: number
  reported_version: number | null
  reported_state: string | null
  problem: string | null
}

/** What other modules may ask of fleet. */
export interface FleetPort {
  /** Where rules are desired, and what the edges say. */
  ruleDeployments(tx: Transaction, ruleId: string | null): Promise<RuleDeployment[]>
  /** @throws ProblemError `not_found` for an edge that is not one of the tenant's. */
  deployRule(
    tx: Transaction,
    request: { edgeIds: readonly string[]; definition: RuleDefinition; by: string },
  ): Promise<void>
  edgeNames(tx: Transaction, edgeIds: readonly string[]): Promise<ReadonlyMap<string, string>>
}
