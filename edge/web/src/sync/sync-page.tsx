import { ResourceView } from '@jidoka/ui'
import { useBoard } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { AuditPanel } from './audit-panel.tsx'
import { CommandsPanel } from './commands-panel.tsx'
import { CourierPanel } from './courier-panel.tsx'
import { DiskPanel } from './disk-panel.tsx'
import { LinePanel } from './line-panel.tsx'
import { Outages } from './outages.tsx'
import { Receipts } from './receipts.tsx'
import { Troubles } from './troubles.tsx'
import { useSyncStatus } from './use-sync-status.ts'

/** What waits, what was receipted, how long the disk lasts, when the line was down, and what can be done about each. */
export function SyncPage() {
  const t = useText()
  const disk = useBoard((board) => board.lineToCloud.disk)
  const status = useSyncStatus()
  return (
    <div className="page">
      <h1 className="no-print">{t('page.sync')}</h1>
      {status.data === undefined ? null : <Troubles status={status.data} onChanged={status.reload} />}
      <div className="line-tables no-print">
        <ResourceView resource={status} rows={6}>
          {(data) => <LinePanel status={data} onChanged={status.reload} />}
        </ResourceView>
        <div className="sync-column">
          <DiskPanel disk={disk} />
          {status.data === undefined ? null : <AuditPanel status={status.data} />}
        </div>
      </div>
      <Outages waitingNow={status.data?.lanes.reduce((rows, { waiting_rows }) => rows + waiting_rows, 0) ?? null} />
      <Receipts />
      <div className="line-tables no-print">
        <CommandsPanel />
        {status.data === undefined ? null : <CourierPanel status={status.data} onChanged={status.reload} />}
      </div>
    </div>
  )
}
