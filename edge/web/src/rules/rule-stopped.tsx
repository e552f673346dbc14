import { RuleProblemText, useFormat } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import type { EdgeRule } from './edge-rule.ts'

/** Since when a rule is out of force and why, and what to do next. */
export function RuleStopped({ rule: { since, problem, failure } }: { rule: EdgeRule }) {
  const t = useText()
  const format = useFormat()
  return (
    <div className="note note-error note-stacked">
      <p>
        <strong>
          {since === null
            ? t('rule.state_quarantined')
            : t('rule.stopped_since', { time: format.instant(since, 'dateSecond') })}
        </strong>{' '}
        {failure === null ? null : t('rule.stopped_after', { times: failure.times })}
      </p>
      <p>
        {failure !== null ? (
          <FailurePlace failure={failure} />
        ) : problem === null ? null : (
          <RuleProblemText text={problem} />
        )}
      </p>
      <p>{t('rule.stopped_hint')}</p>
    </div>
  )
}

/** Where in the script it failed, and why. */
export function FailurePlace({ failure: { error, place } }: { failure: NonNullable<EdgeRule['failure']> }) {
  const t = useText()
  return (
    <>
      {place === null ? null : `${t('rule.error_place', place)}: `}
      <RuleProblemText text={error} isOfPlace={place !== null} />
    </>
  )
}
