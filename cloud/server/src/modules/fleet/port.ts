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

/** What other modules may ask of fleet within a transaction of theirs; what they may ask of it wherever it runs is in remote.ts. */
export interface FleetPort {
  /** Where rules are desired, and what the edges say. */
  ruleDeployments(tx: Transaction, ruleIds: readonly string[]): Promise<RuleDeployment[]>
  edgeNames(tx: Transaction, edgeIds: readonly string[]): Promise<ReadonlyMap<string, string>>
}
