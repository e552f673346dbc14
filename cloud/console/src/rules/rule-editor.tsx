import type { CloudRule } from '@jidoka/contract'
import { Age, Banner, Button, ErrorNote, useLocalText, useToasts } from '@jidoka/ui'
import { useEffect, useMemo, useState } from 'react'
import { useRefusal, useText } from '../app/console-context.tsx'
import { Digest } from '../app/copy-button.tsx'
import { useUnsaved } from '../app/leave-guard.tsx'
import { definitionOfForm, type FormProblem } from './definition.ts'
import { ConflictDialog } from './editor/conflict-dialog.tsx'
import { DeployDialog } from './editor/deploy-dialog.tsx'
import { DeploymentsPanel } from './editor/deployments-panel.tsx'
import { ExamplesSection } from './editor/examples-section.tsx'
import { NameSection } from './editor/name-section.tsx'
import { ParametersSection } from './editor/parameters-section.tsx'
import { ProblemsContext } from './editor/problems.tsx'
import { ReactionSection } from './editor/reaction-section.tsx'
import { ScriptField } from './editor/script-field.tsx'
import { SourceSection } from './editor/source-section.tsx'
import { TryPanel } from './editor/try-panel.tsx'
import { formOfDefinition, type RuleForm } from './form.ts'
import { newRuleForm } from './template.ts'
import { questionOfForm } from './try/question.ts'
import { useTry } from './try/use-try.ts'
import { useDeployTimes } from './use-deploy-times.ts'
import { useSave } from './use-save.ts'

export interface RuleEditorProps {
  /** Null makes a new rule. */
  readonly rule: CloudRule | null
  readonly onSaved: (id: string) => void
  readonly onDeployed: () => void
}

/** A new rule that nobody has touched is unfinished and not wrong. */
const noProblems: ReadonlyMap<string, FormProblem> = new Map()

const formOf = (rule: CloudRule | null): RuleForm => (rule === null ? newRuleForm : formOfDefinition(rule.definition))

export function RuleEditor({ rule, onSaved, onDeployed }: RuleEditorProps) {
  const t = useText()
  const local = useLocalText()
  const toasts = useToasts()
  const refusal = useRefusal()
  /** The version that is being edited; `rule` may be a newer one. */
  const [base, setBase] = useState(rule)
  const [form, setForm] = useState(() => formOf(rule))
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>(() => formOf(rule).examples[0]?.input ?? {})
  const [deploying, setDeploying] = useState(false)
  const { tookMs, start } = useDeployTimes(rule)

  const dirty = useMemo(() => JSON.stringify(formOf(base)) !== JSON.stringify(form), [base, form])
  const newer = rule !== null && base !== null && rule.definition.version > base.definition.version
  const adopt = (next: CloudRule) => {
    setBase(next)
    setForm(formOf(next))
  }
  // Nothing is being changed here: a colleague's version is simply shown.
  if (newer && !dirty) adopt(rule)

  const outcome = useMemo(() => definitionOfForm(form), [form])
  const problems = useMemo(
    () => new Map((outcome.ok ? [] : outcome.problems).map((problem) => [problem.at, problem])),
    [outcome],
  )
  const question = useMemo(() => questionOfForm(form, typed), [form, typed])
  const tried = useTry(question)
  const judged = tried.kind === 'outcome' && tried.outcome.kind === 'judged' ? tried.outcome : null
  const errors = tried.kind === 'outcome' && tried.outcome.kind === 'refused' ? tried.outcome.errors : []
  const failing = judged?.examples.filter(({ passed }) => !passed).length ?? 0

  const saving = useSave({
    base,
    definition: outcome.ok ? outcome.definition : null,
    onSaved: (saved) => {
      toasts.done(t('rules.saved', { version: saved.definition.version }))
      adopt(saved)
      onSaved(saved.definition.id)
    },
  })
  // Who may not save only tries things out.
  useUnsaved(dirty && refusal('rule:write') === null)

  const refuseSave =
    refusal('rule:write') ??
    (!dirty ? t(base === null ? 'rules.name_first' : 'rules.no_changes') : null) ??
    (problems.size > 0 ? t('rules.problems', { count: problems.size }) : null) ??
    (errors.length > 0 ? t('rules.does_not_compile') : null) ??
    (failing > 0 ? t('rules.examples_refuse', { count: failing }) : null)
  const refuseDeploy = refusal('rule:deploy') ?? (dirty ? t('rules.save_first') : null)

  const { save } = saving
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.code !== 'KeyS') return
      event.preventDefault()
      if (refuseSave === null) save()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [refuseSave, save])

  const change = (changed: Partial<RuleForm>) => setForm((before) => ({ ...before, ...changed }))
  // A new rule begins with its name; of one that is there the limits are what people come for.
  const names = <NameSection form={form} isNew={base === null} onChange={change} />
  return (
    <ProblemsContext value={dirty ? problems : noProblems}>
      <div className="page-head">
        <div>
          <h1>{base === null ? t('rules.new') : local(base.definition.name)}</h1>
          {base === null ? null : (
            <p className="second small row">
              <code>{base.definition.id}</code>
              <span>{t('rules.version_by', { version: base.definition.version, who: base.changed_by })}</span>
              <Age at={base.changed_at} />
              <Digest value={base.hash} />
            </p>
          )}
        </div>
        <div className="row row-top">
          {dirty ? (
            <Button look="quiet" onClick={() => setForm(formOf(base))}>
              {t('rules.discard')}
            </Button>
          ) : null}
          <Button
            look={dirty ? 'primary' : 'plain'}
            busy={saving.phase === 'saving'}
            refused={refuseSave}
            onClick={save}
          >
            {t('rules.save')} <kbd>Ctrl S</kbd>
          </Button>
          {base === null ? null : (
            <Button look={dirty ? 'plain' : 'primary'} refused={refuseDeploy} onClick={() => setDeploying(true)}>
              {t('rules.deploy')}
            </Button>
          )}
        </div>
      </div>
      {saving.error === null ? null : <ErrorNote error={saving.error} />}
      {newer && dirty ? (
        <Banner tone="caution">{t('rules.newer', { version: rule.definition.version, who: rule.changed_by })}</Banner>
      ) : null}
      <div className="editor">
        <div className="editor-main">
          {base === null ? names : null}
          <ParametersSection form={form} onChange={change} />
          <ScriptField
            script={form.script}
            errors={errors}
            warnings={judged?.warnings ?? []}
            onChange={(script) => change({ script })}
          />
          <ExamplesSection form={form} outcomes={judged?.examples ?? null} onChange={change} />
          <SourceSection form={form} onChange={change} />
          <ReactionSection form={form} onChange={change} />
          {base === null ? null : names}
        </div>
        <div className="editor-aside">
          <TryPanel
            form={form}
            typed={typed}
            state={tried}
            onType={(name, text) => setTyped((before) => ({ ...before, [name]: text }))}
          />
          {rule === null ? null : <DeploymentsPanel rule={rule} tookMs={tookMs} />}
        </div>
      </div>
      {deploying && rule !== null ? (
        <DeployDialog
          rule={rule}
          onClose={() => setDeploying(false)}
          onStarted={(edgeIds, pressedMs) => {
            setDeploying(false)
            start(rule.definition.version, edgeIds, pressedMs)
            onDeployed()
          }}
        />
      ) : null}
      {saving.conflict !== null && base !== null && outcome.ok ? (
        <ConflictDialog
          base={base}
          theirs={saving.conflict}
          mine={outcome.definition}
          busy={saving.phase === 'saving'}
          onClose={saving.leaveConflict}
          onSaveMine={saving.saveOverConflict}
          onTakeTheirs={() => {
            if (saving.conflict !== null) adopt(saving.conflict)
            saving.leaveConflict()
          }}
        />
      ) : null}
    </ProblemsContext>
  )
}
