import type { EdgeDetail } from '@jidoka/contract'
import { Button, Choice, Dialog, ErrorNote, Field, Select, useLocalText, useSubmission } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'
import { fromLocalInput, toLocalInput } from '../judgments/filters.ts'
import { commandNames, commandOf, newId, type CommandForm, type CommandProblems } from './command-form.ts'
import { laneOf } from './item-state.ts'

const hourMs = 3_600_000
/** Numbers of one range, which is what the cloud replaces at once. */
const rangeRows = 65_536
/** In minutes; a week for an edge whose line is down. */
const validities = [60, 1_440, 10_080] as const

/** The last range that the cloud has, and the last hour: what is asked for most. */
function firstForm(edge: EdgeDetail, nowMs: number): CommandForm {
  const last = laneOf(edge, 'readings')?.received_seq ?? 0
  return {
    name: 'support_bundle',
    fromSeq: last === 0 ? '' : String(Math.floor((last - 1) / rangeRows) * rangeRows + 1),
    toSeq: last === 0 ? '' : String(last),
    ruleId: '',
    from: new Date(nowMs - hourMs).toISOString(),
    to: new Date(nowMs).toISOString(),
    validMin: edge.state === 'online' ? 60 : 10_080,
  }
}

export function CommandDialog({
  edge,
  onClose,
  onDone,
}: {
  edge: EdgeDetail
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const local = useLocalText()
  const { api } = useConsole()
  const { rules } = useDirectory()
  const [form, setForm] = useState(() => firstForm(edge, Date.now()))
  // Made once: pressed twice, or again after an answer that was lost, it is the same command.
  const [id] = useState(() => newId())
  const definitions = rules.data?.map(({ definition }) => definition) ?? []
  const outcome = commandOf(form, id, definitions)
  const { submit, tried, busy, error } = useSubmission({
    act: 'problems' in outcome ? null : () => api.giveCommand(edge.id, outcome.command),
    done: t('command.given', { edge: edge.name }),
    onDone,
    onClose,
  })
  const problems: CommandProblems = 'problems' in outcome && tried ? outcome.problems : {}
  const change = (part: Partial<CommandForm>) => setForm({ ...form, ...part })
  const problem = (field: keyof CommandProblems) => {
    const kind = problems[field]
    return kind === undefined ? null : t(`command_problem.${kind}`)
  }

  return (
    <Dialog
      title={t('command.new_title', { edge: edge.name })}
      onClose={onClose}
      footer={
        <Button type="submit" form="command" look="primary" busy={busy}>
          {t('command.give')}
        </Button>
      }
    >
      <form id="command" className="stack" noValidate onSubmit={submit}>
        <Choice
          label={t('command.what')}
          value={form.name}
          options={commandNames.map((name) => ({ value: name, label: t(`command.${name}`) }))}
          onChange={(name) => change({ name })}
        />
        <p>{t(`command.about_${form.name}`)}</p>
        {error === undefined ? null : <ErrorNote error={error} />}
        {form.name === 'resend' ? (
          <div className="fields-beside">
            <Field
              label={t('command.from_seq')}
              inputMode="numeric"
              maxLength={20}
              value={form.fromSeq}
              onChange={(event) => change({ fromSeq: event.target.value })}
              error={problem('fromSeq')}
            />
            <Field
              label={t('command.to_seq')}
              inputMode="numeric"
              maxLength={20}
              value={form.toSeq}
              onChange={(event) => change({ toSeq: event.target.value })}
              error={problem('toSeq')}
            />
          </div>
        ) : null}
        {form.name === 'rehearsal' ? (
          <>
            <Select
              label={t('command.rule')}
              value={form.ruleId}
              options={[
                { value: '', label: t(definitions.length === 0 ? 'command.no_rules' : 'command.choose_rule') },
                ...definitions.map((rule) => ({ value: rule.id, label: `${local(rule.name)} (v${rule.version})` })),
              ]}
              onChange={(event) => change({ ruleId: event.target.value })}
              error={problem('ruleId')}
            />
            <div className="fields-beside">
              <Field
                label={t('command.from')}
                type="datetime-local"
                value={toLocalInput(form.from)}
                onChange={(event) => change({ from: fromLocalInput(event.target.value) })}
                error={problem('from')}
              />
              <Field
                label={t('command.to')}
                type="datetime-local"
                value={toLocalInput(form.to)}
                onChange={(event) => change({ to: fromLocalInput(event.target.value) })}
                error={problem('to')}
              />
            </div>
            <p className="second small">{t('command.device_time')}</p>
          </>
        ) : null}
        <Select
          label={t('command.valid')}
          hint={t('command.valid_hint')}
          value={String(form.validMin)}
          options={validities.map((minutes) => ({ value: String(minutes), label: t(`command.valid_${minutes}`) }))}
          onChange={(event) => change({ validMin: Number(event.target.value) })}
        />
      </form>
    </Dialog>
  )
}
