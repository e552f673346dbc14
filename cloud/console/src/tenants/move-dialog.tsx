import type { TenantList } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, Select, useSubmission } from '@jidoka/ui'
import { useId, useState } from 'react'
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
  const id = useId()
  const { api } = useConsole()
  const targets = targetsOf(tenant, list)
  const [chosen, setChosen] = useState<string | null>(null)
  const target = targets.find(({ name }) => name === chosen) ?? targets[0]
  const refused = target === undefined ? t('tenants.no_target') : target.answers ? null : t('tenants.target_away')
  const { submit, busy, error } = useSubmission({
    act: target === undefined || refused !== null ? null : () => api.moveTenant(tenant, target.name),
    done: t('tenants.move_asked'),
    onDone,
    onClose,
  })
  return (
    <Dialog
      title={t('tenants.move_title', { tenant })}
      onClose={onClose}
      footer={
        <Button type="submit" form={id} look="primary" busy={busy} refused={refused}>
          {t('tenants.move')}
        </Button>
      }
    >
      <form id={id} className="stack" noValidate onSubmit={submit}>
        {error === undefined ? null : <ErrorNote error={error} />}
        <p>{t('tenants.move_body')}</p>
        <Select
          label={t('tenants.target')}
          value={target?.name ?? ''}
          options={targets.map(({ name, kind }) => ({ value: name, label: `${name} (${t(`tenants.kind_${kind}`)})` }))}
          onChange={(event) => setChosen(event.target.value)}
        />
      </form>
    </Dialog>
  )
}
