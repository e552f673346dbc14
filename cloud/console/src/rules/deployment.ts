import type { CloudRule, CloudStreamEvent } from '@jidoka/contract'

export type RuleDeployment = CloudRule['deployments'][number]

/** How an edge stands to the version that it shall run. `waiting`: it has not said anything about that version yet. */
export type DeploymentState = 'waiting' | 'applied' | 'refused' | 'quarantined' | 'removed'

const reportedStates: readonly DeploymentState[] = ['applied', 'refused', 'quarantined', 'removed']

export function deploymentState(
  deployment: Pick<RuleDeployment, 'desired_version' | 'reported_version' | 'reported_state'>,
): DeploymentState {
  const { desired_version: desired, reported_version: reported, reported_state: state } = deployment
  // An edge that applied a newer one (a colleague deployed meanwhile) has not this one in force, and never will.
  if (reported === null || reported < desired) return 'waiting'
  return reportedStates.find((known) => known === state) ?? 'waiting'
}

type DeploymentNews = Extract<CloudStreamEvent, { event: 'deployment' }>['data']

/** What an edge has just reported, put into the rule; null when it is about something else and the rule need not be shown again. */
export function withReport(rule: CloudRule, news: DeploymentNews): CloudRule | null {
  if (news.kind !== 'rule' || news.key !== rule.definition.id) return null
  let changed = false
  const deployments = rule.deployments.map((deployment) => {
    if (deployment.edge_id !== news.edge_id || news.version < (deployment.reported_version ?? 0)) return deployment
    changed = true
    // The event says no reason; the sentence comes with the next answer of the rule itself.
    return { ...deployment, reported_version: news.version, reported_state: news.state, problem: null }
  })
  return changed ? { ...rule, deployments } : null
}
