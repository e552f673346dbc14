import type { SecretSummary } from '@jidoka/contract'
import { Button, EmptyState, ResourceView, Table, useFormat, useResource } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { RemoveSecretDialog } from './remove-secret-dialog.tsx'
import { SetSecretDialog } from './set-secret-dialog.tsx'

export function SecretsPage() {
  const t = useText()
  const refused = useRefusal()('secret:manage')
  if (refused === null) return <Secrets />
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.secrets')}</h1>
      </div>
      <EmptyState title={t('secrets.refused_title')}>{t('secrets.refused_body')}</EmptyState>
    </div>
  )
}

type Open =
  | { readonly kind: 'set'; readonly secret: SecretSummary | null }
  | { readonly kind: 'remove'; readonly secret: SecretSummary }

function Secrets() {
  const t = useText()
  const { api } = useConsole()
  const list = useResource('secrets', api.secrets)
  const [open, setOpen] = useState<Open | null>(null)
  const close = () => setOpen(null)
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.secrets')}</h1>
        <Button look="primary" onClick={() => setOpen({ kind: 'set', secret: null })}>
          {t('secrets.set')}
        </Button>
      </div>
      <p className="second">{t('secrets.about')}</p>
      <ResourceView resource={list}>
        {({ secrets, keys }) => {
          const waiting = keys.reduce((sum, { active, sealed }) => sum + (active ? 0 : sealed), 0)
          return (
            <div className="stack">
              {secrets.length === 0 ? (
                <EmptyState title={t('secrets.empty_title')}>{t('secrets.empty_body')}</EmptyState>
              ) : (
                <SecretTable secrets={secrets} onOpen={setOpen} />
              )}
              <p className="second small">
                {waiting === 0 ? t('secrets.keys_done') : t('secrets.keys_waiting', { count: waiting })}
              </p>
            </div>
          )
        }}
      </ResourceView>
      {open?.kind === 'set' ? <SetSecretDialog secret={open.secret} onClose={close} onDone={list.reload} /> : null}
      {open?.kind === 'remove' ? (
        <RemoveSecretDialog secret={open.secret} onClose={close} onDone={list.reload} />
      ) : null}
    </div>
  )
}

function SecretTable({ secrets, onOpen }: { secrets: readonly SecretSummary[]; onOpen: (open: Open) => void }) {
  const t = useText()
  const format = useFormat()
  return (
    <Table
      caption={t('page.secrets')}
      rows={secrets}
      rowKey={({ name }) => name}
      columns={[
        { key: 'name', header: t('secrets.name'), cell: ({ name }) => <code>{name}</code> },
        { key: 'purpose', header: t('secrets.purpose'), cell: ({ purpose }) => <code>{purpose}</code> },
        {
          key: 'version',
          header: t('secrets.version'),
          align: 'right',
          cell: ({ version }) => <span className="number">{format.count(version)}</span>,
        },
        {
          key: 'at',
          header: t('secrets.at'),
          cell: ({ updated_at: at }) => <span className="number">{format.instant(at, 'full')}</span>,
        },
        { key: 'by', header: t('secrets.by'), cell: ({ updated_by: by }) => by },
        { key: 'key', header: t('secrets.key'), cell: ({ key_id: keyId }) => <code className="second">{keyId}</code> },
        {
          key: 'actions',
          header: t('secrets.actions'),
          cell: (secret) => (
            <span className="row">
              <Button look="quiet" onClick={() => onOpen({ kind: 'set', secret })}>
                {t('secrets.set_again')}
              </Button>
              <Button look="quiet" onClick={() => onOpen({ kind: 'remove', secret })}>
                {t('secrets.remove')}
              </Button>
            </span>
          ),
        },
      ]}
    />
  )
}
