import type { TenantMove } from '@jidoka/contract'
import { RemoveDialog, useFormat } from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'

export function DropOldDialog({
  move: { tenant, from, dropped_from: at },
  ...closing
}: {
  move: TenantMove
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const format = useFormat()
  const { api } = useConsole()
  return (
    <RemoveDialog
      title={t('tenants.drop_title', { tenant, database: from })}
      action={t('tenants.drop')}
      remove={() => api.dropOldOf(tenant)}
      done={t('tenants.drop_asked')}
      {...closing}
    >
      <p>{t('tenants.drop_body', { at: format.instant(at, 'shortDay') })}</p>
    </RemoveDialog>
  )
}
