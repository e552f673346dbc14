import type { CloudRule } from '@jidoka/contract'
import { EmptyState, Link, navigate, ResourceView, useResource } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'
import { places } from '../app/places.ts'
import { useLiveEvents } from '../live/live-context.tsx'
import { withReport } from './deployment.ts'
import { RuleEditor } from './rule-editor.tsx'

/** Edges report by a record that may wait behind others: the stream says it first, and reading again now and then makes sure. */
const refreshEveryMs = 5_000

export function RulePage({ id }: { id: string }) {
  const { api } = useConsole()
  const { rules } = useDirectory()
  const resource = useResource(`rule ${id}`, (signal) => api.rule(id, signal), refreshEveryMs)
  const [reported, setReported] = useState<{ base: CloudRule; rule: CloudRule } | null>(null)
  const base = resource.data
  const rule = reported !== null && reported.base === base ? reported.rule : base
  useLiveEvents({
    onEvent: ({ event, data }) => {
      if (event !== 'deployment' || base === undefined || rule === undefined) return
      const changed = withReport(rule, data)
      if (changed === null) return
      setReported({ base, rule: changed })
      // The event does not say why an edge refused.
      if (data.state !== 'applied') resource.reload()
    },
    onGap: resource.reload,
  })
  const reload = () => {
    resource.reload()
    rules.reload()
  }
  return (
    <div className="page">
      <Back />
      <ResourceView resource={{ ...resource, data: rule }} rows={10}>
        {(loaded) => <RuleEditor rule={loaded} onSaved={reload} onDeployed={reload} />}
      </ResourceView>
    </div>
  )
}

export function NewRulePage() {
  const t = useText()
  const refused = useRefusal()('rule:write')
  const { rules } = useDirectory()
  return (
    <div className="page">
      <Back />
      {refused === null ? (
        <RuleEditor
          rule={null}
          onSaved={(id) => {
            rules.reload()
            navigate(places.rule(id), { replace: true })
          }}
          onDeployed={() => undefined}
        />
      ) : (
        <EmptyState title={t('rules.new')}>{refused}</EmptyState>
      )}
    </div>
  )
}

function Back() {
  const t = useText()
  return (
    <p>
      <Link href="/rules">← {t('rules.all')}</Link>
    </p>
  )
}
