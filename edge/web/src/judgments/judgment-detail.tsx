import { edgePaths, fill, type JudgmentView } from '@jidoka/contract'
import { unjudged, type SnapshotInput } from '@jidoka/domain'
import {
  Explanation,
  Facts,
  Link,
  ResourceView,
  StatusBadge,
  Table,
  useFormat,
  useResource,
  useStatusText,
  useUiMessages,
} from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'

function Inputs({ inputs, judgedAt }: { inputs: JudgmentView['inputs']; judgedAt: string }) {
  const t = useText()
  const ui = useUiMessages()
  const format = useFormat()
  const rows = Object.entries(inputs).map(
    ([name, input]) => ({ name, ...input }) satisfies SnapshotInput & { name: string },
  )
  return (
    <Table
      caption={t('judgment.inputs')}
      captionShown
      rows={rows}
      rowKey={(input) => input.name}
      columns={[
        { key: 'name', header: t('judgment.input'), cell: (input) => <code>{input.name}</code> },
        {
          key: 'value',
          header: t('judgment.input_value'),
          align: 'right',
          cell: (input) => (input.value === null ? '–' : String(input.value)),
        },
        {
          key: 'age',
          header: t('judgment.input_age'),
          align: 'right',
          cell: (input) => (input.at_ms === null ? '–' : format.duration(Date.parse(judgedAt) - input.at_ms)),
        },
        {
          key: 'problem',
          header: t('judgment.input_problem'),
          cell: (input) =>
            [
              input.problem ? t(`input_problem.${input.problem}`) : '',
              input.quality && input.quality !== 'good' ? ui(`quality.${input.quality}`) : '',
            ]
              .filter(Boolean)
              .join(', '),
        },
      ]}
    />
  )
}

/** Why a verdict was given: the sentence, the rule by version and hash, and every input as the rule saw it. */
export function JudgmentDetail({ id }: { id: string }) {
  const t = useText()
  const ui = useUiMessages()
  const format = useFormat()
  const statusText = useStatusText()
  const { api } = useSession()
  const resource = useResource(
    id,
    async (signal) => (await api.get<JudgmentView>(fill(edgePaths.judgment, { id }), { signal })).data,
  )
  return (
    <ResourceView resource={resource}>
      {(judgment) => (
        <div className="stack">
          <p className="judgment-verdict">
            <StatusBadge status={judgment.status} normal={judgment.normal} />
            {judgment.status === unjudged ? null : (
              <span className="second">{t('try.confidence', { percent: format.percent(judgment.confidence) })}</span>
            )}
          </p>
          <p>
            {judgment.explanation === null ? (
              <span className="second">{t('judgment.no_explanation')}</span>
            ) : (
              <Explanation status={judgment.status} text={judgment.explanation} />
            )}
          </p>
          <Inputs inputs={judgment.inputs} judgedAt={judgment.judged_at} />
          <Facts
            facts={[
              [t('judgment.when'), format.instant(judgment.judged_at, 'full')],
              [t('judgment.subject'), judgment.subject],
              [
                t('judgment.rule'),
                <span key="rule">
                  <Link href={`/rules?id=${judgment.rule_id}`}>{judgment.rule_id}</Link>,{' '}
                  {t('judgment.rule_version', { version: judgment.rule_version })}
                </span>,
              ],
              [
                t('judgment.before'),
                judgment.previous_status === null ? t('judgment.first') : statusText(judgment.previous_status),
              ],
              [t('judgment.method'), ui(`method.${judgment.method_used}`)],
              [
                t('judgment.trigger'),
                judgment.reading_seq === null
                  ? t('judgment.trigger_other')
                  : t('judgment.trigger_reading', { seq: judgment.reading_seq }),
              ],
              [t('judgment.hash'), <code key="hash">{judgment.rule_hash}</code>],
              [t('judgment.id'), <code key="id">{judgment.id}</code>],
            ]}
          />
        </div>
      )}
    </ResourceView>
  )
}
