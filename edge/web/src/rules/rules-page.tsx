import { edgePaths } from '@jidoka/contract'
import {
  EmptyState,
  ResourceView,
  RuleProblemText,
  Table,
  urlText,
  useFormat,
  useLocalText,
  useResource,
  useUrlState,
} from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import type { EdgeRule } from './edge-rule.ts'
import { RuleDetail } from './rule-detail.tsx'
import { FailurePlace } from './rule-stopped.tsx'
import { useTriggerText } from './trigger-text.ts'

const fields = { id: urlText() }
/** 5 s: a rule that was changed in the cloud is in force here within seconds, and this page should show it. */
const refreshEveryMs = 5_000

/** Which rules judge here, with which limits; and what each would say. */
export function RulesPage() {
  const t = useText()
  const localText = useLocalText()
  const format = useFormat()
  const triggerText = useTriggerText()
  const { api } = useSession()
  const [{ id }, change] = useUrlState(fields)
  const resource = useResource(
    'rules',
    async (signal) => (await api.get<EdgeRule[]>(edgePaths.rules, { signal })).data,
    refreshEveryMs,
  )
  return (
    <div className="page">
      <h1>{t('page.rules')}</h1>
      <ResourceView resource={resource} rows={8}>
        {(rules) => {
          if (rules.length === 0) return <EmptyState title={t('rule.none')}>{t('rule.none_hint')}</EmptyState>
          const chosen = rules.find((rule) => rule.definition.id === id)
          return (
            <div className="list-and-detail">
              <Table
                caption={t('page.rules')}
                roomy
                rows={rules}
                rowKey={(rule) => rule.definition.id}
                chosenKey={id}
                onChoose={(rule) => change({ id: rule.definition.id }, { replace: true })}
                columns={[
                  {
                    key: 'name',
                    header: t('rule.name'),
                    cell: (rule) => (
                      <>
                        <strong className="table-name">{localText(rule.definition.name)}</strong>
                        <div className="second small">{triggerText(rule.definition.trigger)}</div>
                      </>
                    ),
                  },
                  {
                    key: 'state',
                    header: t('rule.state'),
                    cell: (rule) => (
                      <span className={rule.state === 'quarantined' ? 'abnormal-text' : ''}>
                        {t(`rule.state_${rule.state}`)}
                        {rule.failure !== null ? (
                          <div className="small">
                            <FailurePlace failure={rule.failure} />
                          </div>
                        ) : rule.problem === null ? null : (
                          <div className="small">
                            <RuleProblemText text={rule.problem} />
                          </div>
                        )}
                      </span>
                    ),
                  },
                  {
                    key: 'version',
                    header: t('rule.version'),
                    align: 'right',
                    cell: (rule) => rule.definition.version,
                  },
                  {
                    key: 'total',
                    header: t('rule.verdicts_total'),
                    align: 'right',
                    cell: (rule) => format.count(rule.verdicts_total),
                  },
                ]}
              />
              <section className="panel detail" aria-label={t('rule.name')}>
                {chosen === undefined ? (
                  <p className="second">{t('rule.choose')}</p>
                ) : (
                  <RuleDetail key={chosen.definition.id} rule={chosen} />
                )}
              </section>
            </div>
          )
        }}
      </ResourceView>
    </div>
  )
}
