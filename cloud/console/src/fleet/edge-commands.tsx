import { commandStateIsFinal, type CommandState } from '@jidoka/domain'
import type { EdgeCommand, EdgeDetail } from '@jidoka/contract'
import {
  Age,
  Button,
  CommandResultList,
  formatInstant,
  ResourceView,
  saveFile,
  Table,
  Told,
  useFormat,
  useLocalText,
  useResource,
  useToasts,
  useUi,
  type Column,
} from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { Part } from '../app/pane.tsx'
import { CommandDialog } from './command-dialog.tsx'

/** 5 s: an edge that is online answers within seconds. */
const refreshEveryMs = 5_000

const isOpen = (state: EdgeCommand['state']): boolean =>
  state === 'waiting' || (state !== 'refused' && !commandStateIsFinal[state satisfies CommandState])

export function EdgeCommands({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  const { api } = useConsole()
  const refusal = useRefusal()
  const [isGiving, setIsGiving] = useState(false)
  const resource = useResource(`commands ${edge.id}`, (signal) => api.commands(edge.id, signal), refreshEveryMs)
  return (
    <Part
      title={t('command.title')}
      aside={
        <Button
          className="button-small"
          refused={edge.state === 'revoked' ? t('fleet.is_revoked') : refusal('fleet:manage')}
          onClick={() => setIsGiving(true)}
        >
          {t('command.new')}
        </Button>
      }
    >
      <ResourceView resource={resource} rows={3}>
        {(commands) =>
          commands.length === 0 ? (
            <p className="second">{t('command.none')}</p>
          ) : (
            <CommandTable edge={edge} commands={commands} onChanged={resource.reload} />
          )
        }
      </ResourceView>
      {isGiving ? <CommandDialog edge={edge} onClose={() => setIsGiving(false)} onDone={resource.reload} /> : null}
    </Part>
  )
}

function CommandTable({
  edge,
  commands,
  onChanged,
}: {
  edge: EdgeDetail
  commands: readonly EdgeCommand[]
  onChanged: () => void
}) {
  const t = useText()
  const { locale } = useUi()
  const columns: readonly Column<EdgeCommand>[] = [
    {
      key: 'what',
      header: t('command.what'),
      cell: (command) => (
        <>
          <What command={command} timeZone={edge.site.time_zone} />
          <div className="second small">
            {command.issued_by} · {formatInstant(command.issued_at, 'dateSecond', locale, edge.site.time_zone)}
          </div>
        </>
      ),
    },
    {
      key: 'state',
      header: t('fleet.state'),
      cell: (command) => (
        <>
          <span className={isOpen(command.state) ? 'item-state item-state-waiting' : 'item-state'}>
            {t(`command_state.${command.state}`)}
          </span>
          <div className="second small">
            {command.reported_at === null ? (
              t('command.until', { time: formatInstant(command.expires_at, 'dateSecond', locale, edge.site.time_zone) })
            ) : (
              <Age at={command.reported_at} />
            )}
          </div>
        </>
      ),
    },
    { key: 'result', header: t('command.result'), cell: (command) => <Outcome command={command} /> },
    {
      key: 'do',
      header: <span className="visually-hidden">{t('command.actions')}</span>,
      cell: (command) => <Actions edge={edge} command={command} onChanged={onChanged} />,
    },
  ]
  return <Table caption={t('command.title')} rows={commands} rowKey={({ id }) => id} columns={columns} />
}

function What({ command: { what }, timeZone }: { command: EdgeCommand; timeZone: string }) {
  const t = useText()
  const local = useLocalText()
  const { locale } = useUi()
  if (what.name === 'resend')
    return <>{t('command.resend_text', { lane: t(`lane.${what.lane}`), from: what.from_seq, to: what.to_seq })}</>
  if (what.name === 'rehearsal') {
    const at = (ms: number) => formatInstant(ms, 'dateSecond', locale, timeZone)
    const parts = {
      rule: local(what.rule.name),
      version: what.rule.version,
      from: at(what.from_ms),
      to: at(what.to_ms),
    }
    return <>{t('command.rehearsal_text', parts)}</>
  }
  return <>{t('command.support_bundle')}</>
}

function Outcome({ command }: { command: EdgeCommand }) {
  if (command.problem !== null)
    return (
      <span className="small problem">
        <Told text={command.problem} />
      </span>
    )
  return command.result === null ? <>–</> : <CommandResultList result={command.result} />
}

function Actions({ edge, command, onChanged }: { edge: EdgeDetail; command: EdgeCommand; onChanged: () => void }) {
  const t = useText()
  const format = useFormat()
  const { api } = useConsole()
  const refusal = useRefusal()('fleet:manage')
  const toasts = useToasts()
  const [busy, setBusy] = useState(false)
  const doing = async (work: () => Promise<void>) => {
    setBusy(true)
    try {
      await work()
    } catch (error) {
      toasts.failed(error)
    } finally {
      setBusy(false)
    }
  }
  const save = async () => {
    const { blob, name } = await api.commandBundle(edge.id, command.id)
    saveFile(blob, name ?? `jidoka-support-${command.id}.tar.gz`)
  }
  const withdraw = async () => {
    await api.withdrawCommand(edge.id, command.id)
    onChanged()
  }
  if (command.bundle !== null)
    return (
      <Button
        className="button-small"
        busy={busy}
        refused={refusal}
        refusedShown="spoken"
        title={refusal ?? undefined}
        onClick={() => void doing(save)}
      >
        {t('command.download', { size: format.bytes(command.bundle.bytes) })}
      </Button>
    )
  if (command.state !== 'waiting') return null
  return (
    <Button
      look="quiet"
      className="button-small"
      busy={busy}
      refused={refusal}
      refusedShown="spoken"
      title={refusal ?? undefined}
      onClick={() => void doing(withdraw)}
    >
      {t('fleet.withdraw')}
    </Button>
  )
}
