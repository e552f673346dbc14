import type { CloudRule } from '@jidoka/contract'
import type { Transaction } from '../../platform/db/database.ts'

export type RuleDeployment = CloudRule['deployments'][number]

export interface RuleDeployments {
  readonly rows: readonly RuleDeployment[]
  /** Of all, also of those that are not among the rows. */
  readonly counts: CloudRule['deployment_counts']
}

/** What other modules may ask of fleet within a transaction of theirs; what they may ask of it wherever it runs is in remote.ts. */
export interface FleetPort {
  /** Where rules are desired, and what the edges say: `eachMax` of each rule. One that is desired nowhere is absent. */
  ruleDeployments(
    tx: Transaction,
    ruleIds: readonly string[],
    eachMax: number,
  ): Promise<ReadonlyMap<string, RuleDeployments>>
  edgeNames(tx: Transaction, edgeIds: readonly string[]): Promise<ReadonlyMap<string, string>>
}
