import type { Execution } from '@jidoka/contract'
import {
  Explanation,
  Facts,
  formatInstant,
  Link,
  ResourceView,
  StatusBadge,
  Table,
  useFormat,
  useResource,
  useStatusText,
  useUi,
  useUiMessages,
} from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'
import { CopyButton, Digest } from '../app/copy-button.tsx'
import { useDirectory } from '../app/directory.tsx'
import { Pane, Part } from '../app/pane.tsx'
import { places } from '../app/places.ts'
import { useJudgmentCondition, useRuleName } from './judgment-table.tsx'
import { inputRows, receivedAfterMs, type InputRow } from './snapshot.ts'

/** Why a verdict is what it is: the rule, the inputs that it saw, and when. A link to it works whether or not it is in the list. */
export function JudgmentPane({ id, known, onClose }: { id: string; known: Execution | null; onClose: () => void }) {
  const t = useText()
  const { api } = useConsole()
  const resource = useResource(known === null ? `judgment ${id}` : null, (signal) => api.judgment(id, signal))
  return (
    <Pane
      title={t('judgments.one')}
      aside={<CopyButton text={location.href} label={t('judgments.copy_link')} />}
      onClose={onClose}
    >
      {known === null ? (
        <ResourceView resource={resource}>{(judgment) => <JudgmentParts judgment={judgment} />}</ResourceView>
      ) : (
        <JudgmentParts judgment={known} />
      )}
    </Pane>
  )
}

function JudgmentParts({ judgment }: { judgment: Execution }) {
  const t = useText()
  const ui = useUiMessages()
  const format = useFormat()
  const { locale, timeZone } = useUi()
  const status = useStatusText()
  const ruleName = useRuleName()
  const condition = useJudgmentCondition()
  const lag = useLag()
  const { edges } = useDirectory()
  const edge = edges.data?.find((other) => other.id === judgment.edge_id)
  const zone = edge?.site.time_zone ?? timeZone
  const receivedMs = receivedAfterMs(judgment)
  return (
    <>
      <p className="verdict-line">
        <StatusBadge status={judgment.status} normal={judgment.normal} condition={condition(judgment)} />
      </p>
      {judgment.explanation === null ? (
        <p className="second">{t('judgments.no_explanation')}</p>
      ) : (
        <p>
          <Explanation status={judgment.status} text={judgment.explanation} />
        </p>
      )}
      <Part title={t('judgments.inputs')}>
        <Inputs judgment={judgment} />
      </Part>
      <Facts
        facts={[
          [
            t('judgments.rule'),
            <span key="rule">
              <Link href={places.rule(judgment.rule_id)}>{ruleName(judgment.rule_id)}</Link>{' '}
              <span className="second">
                {judgment.rule_id} {t('fleet.version_number', { version: judgment.rule_version })}
              </span>
            </span>,
          ],
          [t('judgments.hash'), <Digest key="hash" value={judgment.rule_hash} />],
          [t('judgments.subject'), <code key="subject">{judgment.subject}</code>],
          [
            t('judgments.previous'),
            judgment.previous_status === null ? t('judgments.first') : status(judgment.previous_status),
          ],
          [t('judgments.confidence'), format.percent(judgment.confidence, 1)],
          [t('judgments.method'), ui(`method.${judgment.method_used}`)],
          [
            t('judgments.edge'),
            judgment.edge_id === null ? (
              t('judgments.cloud')
            ) : (
              <Link key="edge" href={places.edge(judgment.edge_id)}>
                {judgment.edge_name ?? judgment.edge_id}
              </Link>
            ),
          ],
          [
            t('judgments.line'),
            judgment.equipment === null ? judgment.line : `${judgment.line} / ${judgment.equipment}`,
          ],
          [t('judgments.judged'), `${formatInstant(judgment.executed_at, 'full', locale, zone)} (${zone})`],
          [
            t('judgments.received'),
            receivedMs === null
              ? format.instant(judgment.received_at, 'full')
              : t('judgments.received_after', { time: lag(receivedMs) }),
          ],
          [t('judgments.id'), <Digest key="id" value={judgment.execution_id} />],
        ]}
      />
      <p className="row">
        <Link href={places.judgments({ rule: judgment.rule_id, line: judgment.line, abnormal: true, range: '7d' })}>
          {t('judgments.same')}
        </Link>
      </p>
    </>
  )
}

/** Below ten seconds the tenths are what one asks about. */
function useLag(): (ms: number) => string {
  const t = useText()
  const format = useFormat()
  return (ms) => (ms < 10_000 ? t('judgments.seconds', { seconds: format.number(ms / 1_000, 1) }) : format.duration(ms))
}

function Inputs({ judgment }: { judgment: Execution }) {
  const t = useText()
  const ui = useUiMessages()
  const { locale } = useUi()
  const lag = useLag()
  const shown = ({ value }: InputRow) => {
    if (value === null) return <span className="second">{ui('value.none')}</span>
    // As many digits as the rule saw: a rounded figure could seem to be on the other side of the limit.
    return typeof value === 'number' ? value.toLocaleString(locale, { maximumFractionDigits: 12 }) : String(value)
  }
  return (
    <Table
      caption={t('judgments.inputs')}
      rows={inputRows(judgment)}
      rowKey={(row) => row.name}
      columns={[
        { key: 'name', header: t('judgments.input'), cell: (row) => <code>{row.name}</code> },
        { key: 'value', header: t('lines.value'), align: 'right', cell: shown },
        {
          key: 'age',
          header: t('judgments.age_then'),
          align: 'right',
          cell: (row) => (row.ageMs === null ? <span className="second">–</span> : lag(row.ageMs)),
        },
        {
          key: 'problem',
          header: t('judgments.problem'),
          cell: (row) => (
            <>
              {row.problem === null ? null : <strong>{t(`input_problem.${row.problem}`)}</strong>}
              {row.quality === null || row.quality === 'good' ? null : <span> {ui(`quality.${row.quality}`)}</span>}
            </>
          ),
        },
      ]}
    />
  )
}
