import type { AuditChainStatus } from '@jidoka/contract'
import { Button, ErrorNote, isAbort, ResourceView, saveFile, useFormat, useResource } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'

/** A minute: the log is sealed seconds after an entry and verified once a day. */
const refreshEveryMs = 60_000

/** What can be said of the log as a whole, and the file that proves it. */
export function ChainStatus() {
  const { api } = useConsole()
  const status = useResource('audit-chain', api.auditChain, refreshEveryMs)
  return <ResourceView resource={status}>{(chain) => <Chain chain={chain} />}</ResourceView>
}

function Chain({ chain }: { chain: AuditChainStatus }) {
  const t = useText()
  const format = useFormat()
  const { verification, checkpoint, position } = chain
  const findings = verification?.findings ?? []
  return (
    <section className="panel stack" aria-label={t('audit.chain')}>
      {findings.length === 0 ? (
        <p>
          {verification === null
            ? t('audit.unverified')
            : t('audit.verified', {
                count: format.count(verification.position),
                at: format.instant(verification.at, 'full'),
              })}
        </p>
      ) : (
        <div className="note note-error" role="alert">
          <div className="note-body">
            <strong>{t('audit.changed_title')}</strong>
            <p>{t('audit.changed_body', { at: format.instant(verification?.at ?? '', 'full') })}</p>
            <ul className="note-details" lang="en">
              {findings.map(({ text }) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <p className="second small">
        {t('audit.sealed', { count: format.count(position), waiting: format.count(chain.unsealed) })}{' '}
        {checkpoint === null
          ? null
          : t('audit.signed', {
              count: format.count(checkpoint.position),
              at: format.instant(checkpoint.at, 'full'),
              key: chain.key_id.slice(0, 12),
            })}
      </p>
      <ExportButton />
    </section>
  )
}

function ExportButton() {
  const t = useText()
  const { api } = useConsole()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const save = async () => {
    setBusy(true)
    setError(null)
    try {
      const { blob, name } = await api.auditExport()
      saveFile(blob, name ?? 'audit.jsonl')
    } catch (failure) {
      if (!isAbort(failure)) setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="row">
      <Button busy={busy} onClick={() => void save()}>
        {t('audit.export')}
      </Button>
      <span className="second small">{t('audit.export_hint')}</span>
      {error === null ? null : <ErrorNote error={error} onRetry={() => void save()} />}
    </div>
  )
}
