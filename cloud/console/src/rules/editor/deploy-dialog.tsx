import type { CloudRule } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, useLocalText } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../../app/console-context.tsx'
import { useDirectory } from '../../app/directory.tsx'
import { EdgeStateMark } from '../../fleet/edge-state-mark.tsx'

/** Chooses the edges; those that have the rule already are chosen as it opens. */
export function DeployDialog({
  rule,
  onClose,
  onStarted,
}: {
  rule: CloudRule
  onClose: () => void
  /** `pressedMs` is of `performance.now`. */
  onStarted: (edgeIds: readonly string[], pressedMs: number) => void
}) {
  const t = useText()
  const local = useLocalText()
  const { api } = useConsole()
  const { edges } = useDirectory()
  const choosable = (edges.data ?? []).filter(({ state }) => state !== 'revoked')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => {
    const present = rule.deployments.map(({ edge_id: id }) => id)
    return new Set(present.length > 0 ? present : choosable.length === 1 ? choosable.map(({ id }) => id) : [])
  })
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const ids = choosable.map(({ id }) => id).filter((id) => chosen.has(id))

  const toggle = (id: string, on: boolean) => {
    const next = new Set(chosen)
    if (on) next.add(id)
    else next.delete(id)
    setChosen(next)
  }
  const deploy = async (pressedMs: number) => {
    setBusy(true)
    setError(undefined)
    try {
      await api.deployRule(rule.definition.id, ids)
      onStarted(ids, pressedMs)
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }

  return (
    <Dialog
      title={t('deploy.title', { rule: local(rule.definition.name), version: rule.definition.version })}
      onClose={onClose}
      footer={
        <Button
          look="primary"
          busy={busy}
          refused={ids.length === 0 ? t('deploy.choose') : null}
          onClick={(event) => void deploy(event.timeStamp)}
        >
          {t('deploy.deploy', { count: ids.length })}
        </Button>
      }
    >
      <div className="stack">
        {error === undefined ? null : <ErrorNote error={error} />}
        {choosable.length === 0 ? <p>{t('deploy.no_edges')}</p> : <p className="second">{t('deploy.body')}</p>}
        <fieldset className="checks">
          <legend className="visually-hidden">{t('fleet.edges')}</legend>
          {choosable.map((edge) => (
            <label className="check" key={edge.id}>
              <input
                type="checkbox"
                checked={chosen.has(edge.id)}
                onChange={(event) => toggle(edge.id, event.target.checked)}
              />
              <span>
                {edge.name} <span className="second">{local(edge.site.name)}</span> <EdgeStateMark state={edge.state} />
              </span>
            </label>
          ))}
        </fieldset>
      </div>
    </Dialog>
  )
}
