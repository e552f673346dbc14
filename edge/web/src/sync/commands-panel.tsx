import { edgePaths, type HeldCommand } from '@jidoka/contract'
import {
  Button,
  CommandResultList,
  ResourceView,
  saveFile,
  Table,
  Told,
  useFormat,
  useResource,
  useToasts,
} from '@jidoka/ui'
import { useState } from 'react'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { useSettingsRefusal } from './use-sync-status.ts'

const refreshEveryMs = 10_000

const commandNames = ['support_bundle', 'resend', 'rehearsal'] as const
const isKnown = (name: string): name is (typeof commandNames)[number] =>
  (commandNames as readonly string[]).includes(name)

/** What the cloud has asked this appliance to do, and the support bundle that can be made here without it. */
export function CommandsPanel() {
  const t = useText()
  const format = useFormat()
  const { api } = useSession()
  const toasts = useToasts()
  const refusal = useSettingsRefusal()
  const [isMaking, setIsMaking] = useState(false)
  const resource = useResource(
    'commands',
    async (signal) => (await api.get<HeldCommand[]>(edgePaths.commands, { signal })).data,
    refreshEveryMs,
  )
  const makeBundle = async () => {
    setIsMaking(true)
    try {
      const { blob, name } = await api.download(edgePaths.supportBundle, { method: 'POST' })
      saveFile(blob, name ?? 'jidoka-support.tar.gz')
      toasts.done(t('bundle.made', { size: format.bytes(blob.size) }))
    } catch (error) {
      toasts.failed(error)
    } finally {
      setIsMaking(false)
    }
  }
  return (
    <section className="panel stack no-print" aria-labelledby="sync-commands">
      <h2 id="sync-commands">{t('command.title')}</h2>
      <ResourceView resource={resource} rows={2}>
        {(commands) =>
          commands.length === 0 ? (
            <p className="second">{t('command.none')}</p>
          ) : (
            <Table
              caption={t('command.title')}
              rows={commands}
              rowKey={(command) => command.id}
              columns={[
                {
                  key: 'name',
                  header: t('command.name'),
                  cell: ({ name }) => (isKnown(name) ? t(`command.${name}`) : name),
                },
                {
                  key: 'issued',
                  header: t('command.issued'),
                  cell: (command) => (
                    <>
                      {command.issued_by}
                      <div className="second small">{format.instant(command.issued_at, 'dateSecond')}</div>
                    </>
                  ),
                },
                {
                  key: 'state',
                  header: t('command.state'),
                  cell: (command) => (
                    <>
                      {t(`command.state_${command.state}`)}
                      <div className="second small">{format.instant(command.changed_at, 'dateSecond')}</div>
                    </>
                  ),
                },
                {
                  key: 'result',
                  header: t('command.result'),
                  cell: (command) => <Outcome command={command} />,
                },
              ]}
            />
          )
        }
      </ResourceView>
      <h3>{t('bundle.title')}</h3>
      <p className="second small">{t('bundle.hint')}</p>
      <div className="row">
        <Button busy={isMaking} refused={refusal} onClick={() => void makeBundle()}>
          {t('bundle.make')}
        </Button>
      </div>
    </section>
  )
}

function Outcome({ command }: { command: HeldCommand }) {
  if (command.problem !== null) return <Told text={command.problem} />
  return command.result === null ? <>–</> : <CommandResultList result={command.result} />
}
