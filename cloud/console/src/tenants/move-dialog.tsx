import type { TenantList } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, Select, useToasts } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { targetsOf } from './move-view.ts'

export function MoveDialog({
  tenant,
  list,
  onClose,
  onDone,
}: {
  tenant: string
  list: TenantList
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const targets = targetsOf(tenant, list)
  const [chosen, setChosen] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const target = targets.find(({ name }) => name === chosen) ?? targets[0]
  const move = async () => {
    if (target === undefined) return
    setBusy(true)
    setError(undefined)
    try {
      await api.moveTenant(tenant, target.name)
      toasts.done(t('tenants.move_asked'))
      onDone()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  const refused = target === undefined ? t('tenants.no_target') : target.answers ? null : t('tenants.target_away')
  return (
    <Dialog
      title={t('tenants.move_title', { tenant })}
      onClose={onClose}
      footer={
        <Button look="primary" busy={busy} refused={refused} onClick={() => void move()}>
          {t('tenants.move')}
        </Button>
      }
    >
      <div className="stack">
        {error === undefined ? null : <ErrorNote error={error} />}
        <p>{t('tenants.move_body')}</p>
        <Select
          label={t('tenants.target')}
          value={target?.name ?? ''}
          options={targets.map(({ name, kind }) => ({ value: name, label: `${name} (${t(`tenants.kind_${kind}`)})` }))}
          onChange={(event) => setChosen(event.target.value)}
        />
      </div>
    </Dialog>
  )
}
