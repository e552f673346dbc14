import type { CloudRule } from '@jidoka/contract'
import { Link, RuleProblemText } from '@jidoka/ui'
import { useText } from '../../app/console-context.tsx'
import { Part } from '../../app/pane.tsx'
import { places } from '../../app/places.ts'
import { deploymentState } from '../deployment.ts'

/** Where the rule shall run and what each edge says; `tookMs` is how long those took that were deployed to from this page. */
export function DeploymentsPanel({ rule, tookMs }: { rule: CloudRule; tookMs: ReadonlyMap<string, number> }) {
  const t = useText()
  if (rule.deployments.length === 0) {
    return (
      <Part title={t('rules.deployed')}>
        <p className="second">{t('rules.nowhere_yet')}</p>
      </Part>
    )
  }
  const more = rule.deployment_counts.total - rule.deployments.length
  return (
    <Part title={t('rules.deployed')}>
      <ul className="deployments" aria-live="polite">
        {rule.deployments.map((deployment) => {
          const state = deploymentState(deployment)
          const took = tookMs.get(deployment.edge_id)
          return (
            <li key={deployment.edge_id}>
              <div>
                <Link href={places.edge(deployment.edge_id)}>{deployment.edge_name}</Link>
                <span className="second small">
                  {' '}
                  {t('rules.desired_reported', {
                    desired: deployment.desired_version,
                    reported: deployment.reported_version ?? '–',
                  })}
                </span>
              </div>
              <div className={`item-state item-state-${state}`}>
                {t(`item_state.${state}`)}
                {state === 'applied' && took !== undefined
                  ? ` ${t('rules.after', { seconds: (took / 1_000).toFixed(1) })}`
                  : ''}
                {state === 'applied' && deployment.desired_version < rule.definition.version
                  ? ` · ${t('rules.older')}`
                  : ''}
              </div>
              {deployment.problem === null ? null : (
                <div className="small problem">
                  <RuleProblemText text={deployment.problem} />
                </div>
              )}
            </li>
          )
        })}
      </ul>
      {more > 0 ? <p className="second">{t('rules.more', { count: more })}</p> : null}
    </Part>
  )
}
